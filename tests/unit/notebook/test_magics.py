"""`%lambda` and its completion in a real IPython shell, on an engine in memory."""

import re

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from jupyter_lambda.client.commands.parsing import WrongUse
from jupyter_lambda.errors import FunctionNotFound, RequestError
from jupyter_lambda.model.engine_api import LogEvent
from jupyter_lambda.notebook.completion import KnownFunction
from jupyter_lambda.notebook.extension import line_matcher, load_ipython_extension, unload_ipython_extension
from jupyter_lambda.notebook.magics import LambdaMagics, bind
from jupyter_lambda.testing.engine_client import FakeEngineClient


@pytest.fixture
def shell():
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    load_ipython_extension(shell)
    shell.engine = FakeEngineClient()
    shell.engine.add("double", lambda event: 2 * event if event else event)
    shell.find_line_magic("lambda").__self__.use(lambda: shell.engine)
    yield shell
    unload_ipython_extension(shell)
    InteractiveShell.clear_instance()


def run(shell, line):
    """What the line displayed: text and HTML of each output, and what it printed."""
    with capture_output() as captured:
        shell.run_line_magic("lambda", line)
    return [output.data for output in captured.outputs], captured.stdout


def test_displays_text_and_html(shell):
    (data,), _ = run(shell, "list")
    assert data["text/plain"].splitlines()[1].startswith("double    1 ")
    assert "<table>" in data["text/html"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ('invoke double "ab"', '"abab"'),
        ("invoke double [1, 2]", "[1, 2, 1, 2]"),
        ("invoke double 21", "42"),
        ("invoke double --event 21 --tail", "42"),
        ("invoke double --qualifier 1 [3]", "[3, 3]"),
        ("invoke double --qualifier 1 --tail 3", "6"),
        ("invoke double numbers", "[5, 5]"),
        ("invoke double --event '\"a b\"'", '"a ba b"'),
    ],
)
def test_invoke_takes_events_as_they_are_written(shell, line, answer):
    shell.user_ns["numbers"] = [5]
    (data,), _ = run(shell, line)
    assert data["text/plain"].splitlines()[0] == answer


def test_a_qualifier_is_no_variable(shell):
    shell.user_ns["prod"] = [5]
    run(shell, "invoke double --qualifier prod")
    assert shell.engine.records[-1].qualifier == "prod"


def test_an_object_event_keeps_its_braces_and_dollars(shell):
    shell.user_ns["side"] = "expanded"
    shell.engine.add("echo")
    (data,), _ = run(shell, 'invoke echo {"side": "$side {side}"}')
    assert data["text/plain"].splitlines()[0] == '{"side": "$side {side}"}'


def test_following_logs_ends_with_them(shell):
    shell.engine.log_events = [LogEvent(sequence=1, timestamp=1.0, request_id="r", log_stream="s", text="hello\n")]
    assert run(shell, "logs double --follow") == ([], "hello\n")


@pytest.mark.parametrize(
    ("line", "error", "says"),
    [
        ("lst", WrongUse, 'Did you mean "list"'),
        ("show doubel", FunctionNotFound, 'Did you mean "double"'),
        ("invoke double --event -", WrongUse, "no standard input"),
        ("invoke double 'open", WrongUse, "a quote is opened"),
    ],
)
def test_errors_are_short(shell, line, error, says):
    with pytest.raises(error, match=says) as caught:
        shell.run_line_magic("lambda", line)
    assert len(caught.value._render_traceback_()) <= 3


def test_a_wrong_option_line_fails_before_anything_is_captured(shell):
    with pytest.raises(RequestError, match="Use --memory 128"):
        shell.run_cell_magic("lambda", "f --memory 64", "def handler(event, context): pass")
    assert list(shell.engine.details) == ["double"]


def test_help_is_printed_and_stands_in_the_docstring(shell):
    _, printed = run(shell, "")
    assert "--take-over" in printed
    assert "versions F [A B]" in printed
    info = shell.object_inspect("%%lambda")
    assert "--take-over" in info["docstring"]
    _, printed = run(shell, "alias -h")
    assert "--rollback" in printed


def test_handles_are_bound_under_names_that_python_has(shell):
    namespace = {}
    assert bind(namespace, "resize-image", "handle") == ""
    assert namespace == {"resize_image": "handle"}
    assert 'jl.function("class")' in bind(namespace, "class", "handle")
    assert 'jl.function("2fast")' in bind(namespace, "2fast", "handle")
    assert "built-in" in bind(namespace, "print", "handle")


def complete(shell, text):
    from IPython.core.completer import provisionalcompleter

    with provisionalcompleter():
        found = list(shell.Completer.completions(text, len(text)))
    return [text[: completion.start] + completion.text for completion in found]


@pytest.fixture
def completing(shell):
    matcher = line_matcher(lambda: [KnownFunction("classify", ("1", "2"), ("prod",))])
    shell.Completer.custom_matchers[:] = [matcher]
    shell._jupyter_lambda_matcher = matcher
    return shell


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%%lambda cla", "%%lambda classify"),
        ("%%lambda classify --mem", "%%lambda classify --memory"),
        ("%%lambda classify --sandbox pr", "%%lambda classify --sandbox process"),
        ("%lambda alias classify prod=", "%lambda alias classify prod=1"),
        ("%lambda vers", "%lambda versions"),
    ],
)
def test_ipython_completes_at_the_right_place(completing, text, found):
    assert found in complete(completing, text)


def test_completion_leaves_python_alone(completing):
    completing.user_ns["classy_thing"] = 1
    assert "x = classy_thing" in complete(completing, "x = classy_th")


def test_loading_twice_and_unloading_leave_nothing(shell):
    load_ipython_extension(shell)
    assert sum(1 for m in shell.Completer.custom_matchers if getattr(m, "matcher_identifier", "") == "jupyter_lambda") == 1
    unload_ipython_extension(shell)
    assert shell.find_line_magic("lambda") is None
    assert shell.find_cell_magic("lambda") is None
    assert not shell.Completer.custom_matchers


def test_the_magics_class_says_what_it_is():
    assert re.search("Turn this cell into a function", LambdaMagics.lambda_.__doc__)
