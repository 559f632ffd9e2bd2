"""Which names code takes from its module (the compiler's view of scopes is the judge)."""

from __future__ import annotations

import ast
import textwrap

import pytest

from jupyter_lambda.capture.name_use import global_names


def names(source):
    tree = ast.parse(textwrap.dedent(source))
    return global_names(compile(tree, "<cell>", "exec", dont_inherit=True), tree)


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("x", ["x"]),
        ("x = 1\nx", []),
        ("n = n + 1", ["n"]),
        ("def f():\n    return x", ["x"]),
        ("def f():\n    return x\nx = 1", []),
        ("def f(a, *b, c=d, **e) -> g:\n    h = a\n    return h", ["d", "g"]),
        ("[a for a in b if c]", ["b", "c"]),
        ("lambda a: a + b", ["b"]),
        ("class A(B, metaclass=M):\n    x = y\n    z = x\n    def m(self): return x", ["B", "M", "y", "x"]),
        ("class A:\n    x = x", ["x"]),
        ("import a.b as c, d.e\nc, d", []),
        ("from a import b as c\nc", []),
        ("try: pass\nexcept E as e: e", ["E"]),
        ("with a as b: b", ["a"]),
        ("match a:\n    case C(x=y): y", ["a", "C"]),
        ("def f():\n    def g():\n        nonlocal a\n        a = b\n    a = 1\n    return g", ["b"]),
        ("(a := b) + a", ["b"]),
        ("f'{a!r:>{b}}'", ["a", "b"]),
        ("print(__name__, __file__, __builtins__)", ["print"]),
        ("@d\ndef f(): pass", ["d"]),
        ("def f():\n    global g\n    g += 1", ["g"]),
    ],
)
def test_reads(source, reads):
    assert sorted(names(source).reads) == sorted(reads)


def test_knows_lines_and_what_is_done_with_a_name():
    found = names("def f():\n    return cfg['k'] + cfg['k']\nnp.linalg.norm(1)\nm(np)")
    assert found.reads["cfg"].lines == [2]
    assert found.reads["cfg"].details == ['["k"]', '["k"]']
    assert found.reads["np"].details == [".linalg.norm", None]


def test_knows_what_is_set_and_imported():
    found = names("import a.b\nfrom c import *\nx = 1\ndef f():\n    global y\n    y = 1\n    from d.e import g")
    assert found.sets == {"y"}
    assert found.defines == {"a", "x", "f"}
    assert found.imports == ("a.b", "c", "d.e")
    assert found.star_imports == ("c",)
