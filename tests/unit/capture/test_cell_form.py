"""Which function of a cell is the handler, and what is refused with which line (design.md §4, cell forms)."""

from __future__ import annotations

import pytest

from jupyter_lambda.capture.cell_form import read_form
from jupyter_lambda.capture.cell_text import padded
from jupyter_lambda.capture.failure import Refused


def form(source, name="resize", handler=None):
    return read_form(padded(source, 2)[1], name, handler)


def problem(source, name="resize", handler=None):
    with pytest.raises(Refused) as caught:
        form(source, name, handler)
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("source", "handler"),
    [
        ("def handler(event, context): pass\ndef helper(x): pass", "handler"),
        ("def lambda_handler(event, context): pass\ndef helper(event, context): pass", "lambda_handler"),
        ("def resize(event, context): pass\ndef other(event, context): pass", "resize"),
        ("def resize(image): pass\ndef handler(event, context): pass", "handler"),
        ("def whatever(event, context=None): pass", "whatever"),
        ("def whatever(*args): pass", "whatever"),
        ("if True:\n    def handler(e, c): pass\nelse:\n    def handler(e, c): pass", "handler"),
        ("handler = lambda event, context: 1", "handler"),
        ("from app import handler", "handler"),
        ("class A:\n    def m(self): pass\ndef handler(e, c): pass", "handler"),
    ],
)
def test_finds_the_handler(source, handler):
    found = form(source)
    assert (found.handler, found.is_body) == (handler, False)


def test_a_dash_in_the_function_name_is_an_underscore():
    assert form("def a_b(e, c): pass\ndef other(e, c): pass", "a-b").handler == "a_b"


def test_an_option_names_the_handler():
    assert form("def a(e, c): pass\ndef b(e, c): pass", handler="b").handler == "b"
    assert form("def a(e, c): pass\ndef b(e, c): pass", handler="module.a").handler == "a"


@pytest.mark.parametrize(
    "source",
    ["event['n'] + 1", "x = 1", "import logging\nhandler = logging.StreamHandler()\nevent['a']", "f = lambda x: x\nf(event)"],
)
def test_a_cell_without_a_function_is_a_body(source):
    assert form(source).is_body


def test_a_body_without_a_result_is_noted():
    assert "result is null" in form("x = event").notes[0].text
    assert form("x = event\nx").notes == ()
    assert form("if event:\n    return 1\nx = 2").notes == ()


@pytest.mark.parametrize(
    ("source", "headline", "line"),
    [
        ("def a(e, c): pass\ndef b(e, c): pass", "which function is the handler: `a` (line 2), `b` (line 3)", 2),
        ("def handler(e, c): pass\ndef lambda_handler(e, c): pass", "`handler` (line 2), `lambda_handler` (line 3)", 2),
        ("def handler(e, c): pass\ndef resize(e, c): pass", "`handler` (line 2), `resize` (line 3)", 2),
        (
            "def helper(x): return x\nhelper(event['n'])",
            "two handlers are possible: the function `helper`, and the cell itself",
            3,
        ),
        ("def handler(event): pass", "`handler` takes 1 argument, and Lambda calls it with two", 2),
        ("def handler(a, b, c): pass", "`handler` takes 3 arguments", 2),
        ("def handler(a, b, *, c): pass", "`handler` needs the keyword `c`", 2),
        ("\ndef handler(e, c):\n    yield 1", "`handler` is a generator", 4),
        ("yield event", "the cell is a generator", 2),
        ("from math import *\nevent", "`from math import *` can't stand in a handler's body", 2),
        ("x = await f()", "`await` stands outside a function", 2),
        ("def handler(e, c): pass\nasync with a: pass", "`await` stands outside a function", 3),
        ("def handler(e, c): pass\n[x async for x in y]", "`await` stands outside a function", 3),
        ("x = 1\n%timeit x", "`%timeit x` is a magic", 3),
        ("!ls -l", "`!ls -l` is a shell command", 2),
        ("files = !ls", "`files = !ls` is a shell command", 2),
        ("def handler(e, c):\n    %time f()", "`%time f()` is a magic", 3),
        ("len?", "`len?` asks the notebook for help", 2),
        ("def handler(e, c):\n    return (1", "SyntaxError: '(' was never closed", 3),
        ("def handler(e, c):\nreturn 1", "IndentationError: expected an indented block", 3),
        ("return_ = 1\ndef handler(e, c):\n    nonlocal x", "SyntaxError: no binding for nonlocal 'x' found", 4),
        ("def handler(e, c): pass\nreturn 1", "SyntaxError: 'return' outside function", 3),
        ("", "the cell is empty", 1),
        ("# only a comment", "the cell is empty", 1),
    ],
)
def test_refuses_with_the_cells_line(source, headline, line):
    found = problem(source)
    assert headline in found.headline
    assert found.line == line


def test_a_syntax_error_shows_the_line_with_a_caret():
    assert problem("def handler(e, c):\n    x = 1 +").excerpt == ("    x = 1 +", "           ^")


def test_an_option_that_names_nothing_proposes_the_nearest():
    assert problem("def resize_one(e, c): pass", handler="resize_on").suggestion == 'Did you mean "resize_one"?'


def test_lines_that_only_look_like_magics_are_text():
    assert form('text = """\n%matplotlib inline\n!ls\n"""\ntext').is_body
    assert not form("def handler(e, c):\n    return 7 \\\n  % 3").is_body


def test_the_magic_line_is_line_one_with_or_without_it():
    assert padded("%%lambda x\na = 1\n", 2) == ("a = 1\n", "\na = 1\n")
    assert padded("a = 1\n", 2) == ("a = 1\n", "\na = 1\n")
    assert padded("\n%%lambda x\r\na = 1\r\n", 2)[1] == "\n\na = 1\n"
