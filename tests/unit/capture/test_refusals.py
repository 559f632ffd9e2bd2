"""What stands in the way is told before anything is deployed: all of it at once, with lines and ways out."""

from __future__ import annotations

import pytest

from jupyter_lambda.capture import CaptureFailed, capture_cell
from jupyter_lambda.errors import CaptureError


def test_undefined_names_come_with_the_nearest_and_their_line(notebook, refuse):
    notebook.run("threshold = 0.62")
    report = refuse("def handler(event, context):\n    x = 1\n    return x > thresold")
    (problem,) = report.problems
    assert problem.headline == "`thresold` is defined nowhere"
    assert problem.detail == "used in line 4; it would have failed at the first invocation"
    assert problem.suggestion == "Did you mean `threshold` (float, 0.62)?"
    assert problem.line == 4


def test_a_builtin_is_proposed_only_when_very_alike(notebook, refuse):
    notebook.run("import builtins; open = builtins.open")  # as IPython puts one there
    report = refuse("def handler(event, context):\n    prnt(Nope)")
    assert [p.suggestion for p in report.problems] == [
        "Did you mean `print`?",
        "Define `Nope` in the cell or in one above it.",
    ]


def test_an_undefined_name_of_a_helper_names_the_helper(notebook, refuse):
    notebook.run("def clean(t):\n    t = t.strip()\n    return nowhere(t)")
    notebook.run("steps = [clean]")
    (problem,) = refuse("def handler(event, context):\n    return steps[0](event)").problems
    assert problem.headline == "`nowhere` is defined nowhere"
    assert problem.detail == "used by `clean`, line 3 of <cell [1]>"
    assert problem.line == 3


def test_names_that_may_come_later_are_no_error(notebook, deploy):
    notebook.run("def late():\n    global model\n    model = 1\n    return model")
    deploy("def handler(event, context):\n    global cache\n    cache = late()\n    return cache")
    deploy("from os.path import *\ndef handler(event, context):\n    return join('a', 'b')")


def test_every_problem_is_told_at_once(notebook, refuse):
    notebook.run("import threading\nlock = threading.Lock()\nfine = [1]")
    report = refuse(
        "def handler(event, context):\n    return (a_name, b_name, lock,\n        get_ipython(), fine)", files=("*.nope",)
    )
    assert [p.headline for p in report.problems] == [
        "`a_name` is defined nowhere",
        "`b_name` is defined nowhere",
        "`lock` can't be pickled",
        "`get_ipython` exists only in the notebook",
        "`--files *.nope` matches nothing",
    ]
    assert [t.name for t in report.taken] == ["fine"]


def test_the_path_leads_to_what_cannot_be_pickled(notebook, refuse):
    notebook.run("import threading")
    notebook.run("class Cache:\n    def __init__(self): self.size, self.lock = 1, threading.Lock()")
    notebook.run("class Model:\n    def __init__(self): self.a, self.layers = 1, [{}, {'cache': Cache()}]")
    notebook.run("model = Model()")
    (problem,) = refuse("def handler(event, context):\n    return model.a").problems
    assert [(s.label, s.type_text) for s in problem.path] == [
        ("model", "Model"), (".layers", "list"), ("[1]", "dict"), ('["cache"]', "Cache"), (".lock", "_thread.lock"),
    ]  # fmt: skip
    assert problem.reason == "a lock belongs to one process"
    assert problem.detail == "used in line 3"
    assert problem.code == "model = Model()   # in this cell"


@pytest.mark.parametrize(
    ("source", "path", "reason"),
    [
        ("v = (i for i in range(3))", ["v"], "a generator can't be stopped here and go on there"),
        ("v = {'f': open('/dev/null', 'w')}", ["v", '["f"]'], "an open file belongs to one process"),
        ("import sqlite3\nv = sqlite3.connect(':memory:')", ["v"], "a database connection belongs to one process"),
        ("import threading, functools\nv = functools.partial(print, threading.local())", ["v", ".args", "[0]"],
         "thread-local data belongs to one process"),
        ("def make():\n    g = (i for i in 'ab')\n    return lambda: g\nv = make()", ["v", ".<closure g>"],
         "a generator can't be stopped here and go on there"),
        ("def v(x=(i for i in 'ab')): pass", ["v", ".<default 0>"], "a generator can't be stopped here and go on there"),
        ("import threading\nclass S:\n    __slots__ = ('a', 'b')\nv = S()\nv.a, v.b = 1, threading.Lock()", ["v", ".b"],
         "a lock belongs to one process"),
        ("class B:\n    def __reduce__(self): raise RuntimeError('not me')\nv = [B()]", ["v", "[0]"], "not me"),
        ("import threading\nclass G:\n    def __init__(self): self.lock = threading.Lock(); self.gen = (i for i in 'a')\n"
         "    def __getstate__(self): return {'gen': self.gen}\nv = G()", ["v", ".gen"],
         "a generator can't be stopped here and go on there"),
    ],
)  # fmt: skip
def test_reasons_in_words(notebook, refuse, source, path, reason):
    notebook.run(source)
    (problem,) = refuse("def handler(event, context):\n    return v").problems
    assert ([s.label for s in problem.path], problem.reason) == (path, reason)


def test_a_value_that_holds_itself_does_not_trap_the_search(notebook, refuse):
    notebook.run("import threading\na = {}\nb = [a]\na['b'] = b\na['lock'] = threading.Lock()")
    (problem,) = refuse("def handler(event, context):\n    return b").problems
    assert [s.label for s in problem.path] == ["b", "[0]", '["lock"]']


@pytest.mark.parametrize("name", ["get_ipython", "In", "Out", "_", "_oh", "_ih"])
def test_what_only_the_notebook_has(notebook, refuse, name):
    notebook.namespace["get_ipython"] = object()
    (problem,) = refuse(f"def handler(event, context):\n    return {name}").problems
    assert problem.headline.startswith(f"`{name}` ")
    assert problem.detail.endswith("used in line 3")


def test_a_name_like_the_history_with_a_meaning_of_its_own_is_taken(notebook, deploy):
    notebook.run("def _(text):\n    return text")
    assert "_" in deploy("def handler(event, context):\n    return _('a')").manifest["captured"]


def test_builtins_that_the_notebook_shadows_are_not_taken(notebook, deploy):
    import io

    notebook.namespace["open"] = io.open
    assert deploy("def handler(event, context):\n    return open(event), len('a'), print").manifest["captured"] == {}


def test_a_builtin_that_the_user_redefined_is_taken(notebook, deploy):
    notebook.run("def print(*words): return words")
    assert "print" in deploy("def handler(event, context):\n    return print(1)").manifest["captured"]


def test_a_runtime_of_another_version_is_refused(refuse):
    (problem,) = refuse("def handler(event, context): pass", runtime="python3.10").problems
    assert "`--runtime python3.10` can't run what this notebook captures" in problem.headline


def test_the_failure_is_an_error_of_ours_with_the_report():
    with pytest.raises(CaptureError, match='function "f", line 2: nowhere is defined nowhere') as caught:
        capture_cell("%%lambda f\nnowhere", {}, name="f")
    assert isinstance(caught.value, CaptureFailed)
    assert "nowhere" in caught.value._repr_mimebundle_()["text/html"]


def test_nothing_is_left_behind_when_writing_fails(notebook, refuse, tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    notebook.run("class Fickle:\n    tries = 0\n    def __reduce__(self):\n        Fickle.tries += 1\n"
                 "        if Fickle.tries > 1: raise OSError('now it fails')\n        return str, ()\nv = Fickle()")  # fmt: skip
    (problem,) = refuse("def handler(event, context):\n    return v").problems
    assert problem.headline == "`v` can't be pickled"
    assert list((tmp_path / "t").iterdir()) == []
