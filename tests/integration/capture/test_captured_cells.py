"""What a captured cell does in a clean interpreter: everything that notebooks do to their names."""

from __future__ import annotations

import sys


def test_a_plain_handler_needs_no_helper(deploy, call):
    capture = deploy("def handler(event, context):\n    return event['n'] + 1")
    assert call(capture, {"n": 2}) == {"result": 3}
    assert set(capture.entries) == {"demo.py", "_jupyter_lambda/manifest.json"}


def test_functions_of_other_cells_share_globals_with_the_cell_and_each_other(notebook, deploy, call):
    notebook.run("counter = 10")
    notebook.run("def bump():\n    global counter\n    counter += 1")
    notebook.run("def twice():\n    bump(); bump()\n    return counter")
    capture = deploy("""
        def handler(event, context):
            seen = twice()
            return [seen, counter]
    """)
    assert call(capture, {}, {}) == [{"result": [12, 12]}, {"result": [14, 14]}]


def test_helpers_hidden_in_values_bring_their_names(notebook, deploy, call):
    notebook.run("import math\nfactor = 3")
    notebook.run("def scale(x):\n    return math.floor(x) * factor")
    notebook.run("class Box:\n    def __init__(self, f): self.f = f\n    def open(self, x): return self.f(x)")
    notebook.run("table = {'scale': scale, 'box': Box(lambda x: scale(x) + 1)}")
    capture = deploy("def handler(event, context):\n    return [table['scale'](2.5), table['box'].open(2.5)]")
    assert call(capture, {}) == {"result": [6, 7]}
    assert {"factor", "scale", "table"} <= set(capture.manifest["captured"])


def test_classes_dataclasses_and_enums_of_other_cells(notebook, deploy, call):
    notebook.run("""
        import enum
        from dataclasses import dataclass, field
        class Colour(enum.Enum):
            RED = 1
            BLUE = 2
        @dataclass
        class Item:
            name: str
            tags: list = field(default_factory=list)
            colour: Colour = Colour.RED
        class Special(Item):
            def label(self):
                return super().__repr__() + str(self.colour is Colour.BLUE)
    """)
    notebook.run("item = Special('a', ['x'], Colour.BLUE)")
    capture = deploy("""
        def handler(event, context):
            return [item.label(), isinstance(item, Item), Item("b") == Item("b"), item.colour.name]
    """)
    assert call(capture, {}) == {"result": ["Special(name='a', tags=['x'], colour=<Colour.BLUE: 2>)True", True, True, "BLUE"]}


def test_lru_cached_helpers_start_with_an_empty_cache(notebook, deploy, call):
    notebook.run("import functools\ncalls = []")
    notebook.run(
        "@functools.lru_cache(maxsize=None)\ndef fib(n):\n    calls.append(n)\n    return n if n < 2 else fib(n-1) + fib(n-2)"
    )
    notebook.run("fib(10); calls.clear()")
    capture = deploy("def handler(event, context):\n    return [fib(5), len(calls)]")
    assert call(capture, {}, {}) == [{"result": [5, 6]}, {"result": [5, 6]}]


def test_a_redefined_recursive_function_finds_itself(notebook, deploy, call):
    notebook.run("def fact(event, context):\n    raise RuntimeError('the old one')")
    notebook.run("def use():\n    return fact({'n': 3}, None)")
    capture = deploy("""
        def fact(event, context):
            return 1 if event["n"] < 2 else event["n"] * fact({"n": event["n"] - 1}, context)
        def handler(event, context):
            return [fact(event, context), use()]
    """, name="other")  # fmt: skip
    assert call(capture, {"n": 4}) == {"result": [24, 6]}
    assert "fact" not in capture.manifest["captured"]


def test_a_body_cell_returns_its_last_expression_and_keeps_lines_and_strings(notebook, deploy, call):
    notebook.run("prefix = '>'")
    capture = deploy('''
        import json
        text = """one
          two"""
        n = event["n"]
        if n < 0:
            raise ValueError(text)
        prefix + str(n)
    ''')  # fmt: skip
    good, bad = call(capture, {"n": 7}, {"n": -1})
    assert good == {"result": ">7"}
    assert 'File "/var/task/demo_cell.py", line 7, in handler\n    raise ValueError(text)' in bad["trace"]
    assert bad["error"] == "ValueError: one\n  two"


def test_a_body_cell_may_return_early_and_call_a_function_named_handler(notebook, deploy, call):
    notebook.run("def handler(event, context):\n    return event['n'] * 2")
    capture = deploy("if not event:\n    return 'nothing'\nhandler(event, context)")
    assert call(capture, {}, {"n": 4}) == [{"result": "nothing"}, {"result": 8}]


def test_future_imports_and_docstrings_stay_first(notebook, deploy, call):
    notebook.run("limit = 5")
    capture = deploy('''
        """What it is."""
        from __future__ import annotations  # first
        def handler(event: Nowhere, context) -> Missing:
            return [limit, __doc__]
    ''')
    assert call(capture, {}) == {"result": [5, "What it is."]}
    capture = deploy("from __future__ import annotations\nevent.get('n', 1) + limit", name="body")
    assert call(capture, {}) == {"result": 6}


def test_tracebacks_show_the_cells_own_lines_and_those_of_other_cells(notebook, deploy, call):
    notebook.run("x = 1")
    notebook.run("def check(n):\n    # a comment\n    assert n > 0, 'too small'\n    return n")
    capture = deploy("def handler(event, context):\n    return check(event['n'])")
    trace = call(capture, {"n": 0})["trace"]
    assert "File \"/var/task/demo.py\", line 3, in handler\n    return check(event['n'])" in trace
    assert "File \"<cell [2]>\", line 3, in check\n    assert n > 0, 'too small'" in trace


def test_modules_of_the_notebook_keep_their_alias(notebook, deploy, call):
    notebook.run("import numpy as np, os.path as p\nimport xml.dom.minidom\nimport concurrent.futures")
    capture = deploy("""
        def handler(event, context):
            doc = xml.dom.minidom.parseString("<a/>")
            return [int(np.arange(3).sum()), p.basename("/a/b"), doc.documentElement.tagName, concurrent.futures.Future.__name__]
    """)
    assert call(capture, {}) == {"result": [3, "b", "a", "Future"]}
    assert capture.preload == ("numpy",)


def test_modules_beside_the_notebook_go_along_as_they_are_on_disk(notebook, deploy, call, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "jlt_tools.py").write_text("from jlt_pack import VALUE\nimport jlt_lonely\ndef size():\n    return VALUE\n")
    (tmp_path / "jlt_lonely.py").write_text("")
    (tmp_path / "jlt_unused.py").write_text("")
    (tmp_path / "jlt_pack").mkdir()
    (tmp_path / "jlt_pack" / "__init__.py").write_text("from jlt_pack.inner import VALUE\n")
    (tmp_path / "jlt_pack" / "inner.py").write_text("VALUE = 1\n")
    (tmp_path / "jlt_pack" / "data.txt").write_text("d")
    notebook.run("import jlt_tools\nfrom jlt_tools import size as measure")
    first = deploy("def handler(event, context):\n    return [jlt_tools.size(), measure()]")
    assert call(first, {}) == {"result": [1, 1]}
    (tmp_path / "jlt_pack" / "inner.py").write_text("VALUE = 2\n")
    second = deploy("def handler(event, context):\n    return [jlt_tools.size(), measure()]")
    assert call(second, {}) == {"result": [2, 2]}
    assert first.content_digest != second.content_digest
    assert {"jlt_tools.py", "jlt_lonely.py", "jlt_pack/data.txt", "jlt_pack/inner.py"} <= set(second.entries)
    assert "jlt_unused.py" not in second.entries
    for name in ("jlt_tools", "jlt_lonely", "jlt_pack", "jlt_pack.inner"):
        sys.modules.pop(name, None)


def test_objects_of_a_reloaded_module_are_taken_from_its_file(notebook, deploy, call, tmp_path, monkeypatch):
    import importlib

    monkeypatch.syspath_prepend(str(tmp_path))
    file = tmp_path / "jlt_reloaded.py"
    file.write_text("class Thing:\n    pass\ndef f():\n    return 'old'\n")
    notebook.run("import jlt_reloaded\nfrom jlt_reloaded import f, Thing\nthing = Thing()")
    file.write_text("class Thing:\n    age = 2\ndef f():\n    return 'a newer one'\n")
    importlib.invalidate_caches()
    importlib.reload(sys.modules["jlt_reloaded"])
    capture = deploy("def handler(event, context):\n    return [f(), thing.age, type(thing) is Thing]")
    assert call(capture, {}) == {"result": ["a newer one", 2, True]}
    sys.modules.pop("jlt_reloaded")


def test_closures_partials_and_bound_methods(notebook, deploy, call):
    notebook.run("import functools\ndef adder(n):\n    def add(x):\n        return x + n + base\n    return add\nbase = 100")
    notebook.run("add5 = adder(5)\npower = functools.partial(pow, 2)\nshout = 'abc'.upper\njoin = [].append")
    capture = deploy("def handler(event, context):\n    return [add5(1), power(3), shout()]")
    assert call(capture, {}) == {"result": [106, 8, "ABC"]}


def test_values_that_share_parts_still_share_them(notebook, deploy, call):
    notebook.run("shared = []\na = {'s': shared}\nb = [shared]")
    capture = deploy("def handler(event, context):\n    a['s'].append(1)\n    return [b, shared]")
    assert call(capture, {}) == {"result": [[[1]], [1]]}


def test_code_that_runs_while_loading_finds_its_names(notebook, deploy, call):
    notebook.run("import json\nsuffix = '!'\ndef decorate(t):\n    return json.loads(t) + suffix")
    notebook.run(
        "class A:\n    def __getstate__(self): return {'t': '\"x\"'}\n    def __setstate__(self, s): self.t = decorate(s['t'])"
    )
    notebook.run("a = A()")
    assert call(deploy("def handler(event, context):\n    return a.t"), {}) == {"result": "x!"}


def test_an_async_handler_runs_and_is_noted(deploy, call):
    capture = deploy("import asyncio\nasync def handler(event, context):\n    await asyncio.sleep(0)\n    return 1")
    assert call(capture, {}) == {"result": 1}
    assert "real Lambda wants a wrapper" in str(capture.report)


def test_what_the_notebook_defined_belongs_to_the_functions_module(notebook, deploy, call):
    notebook.run("import pickle, typing, enum")
    notebook.run("class Kind(enum.Enum):\n    A = 1\nclass Item:\n    kind: 'Kind' = Kind.A\ndef make(): return Item()")
    capture = deploy("""
        def handler(event, context):
            again = pickle.loads(pickle.dumps([make(), Kind.A, make]))
            hints = typing.get_type_hints(Item)
            return [type(again[0]) is Item, again[1] is Kind.A, again[2] is make, hints["kind"] is Kind, Item.__module__]
    """)
    assert call(capture, {}) == {"result": [True, True, True, True, "demo"]}


def test_only_the_lines_of_captured_functions_go_along(notebook, deploy, call):
    notebook.run("PASSWORD = 's3cret'\ndef work(n):\n    # divides\n    return 1 / n\nTOKEN = 's3cret'")
    capture = deploy("def handler(event, context):\n    return work(event)")
    assert 'File "<cell [1]>", line 4, in work\n    return 1 / n' in call(capture, 0)["trace"]
    assert all(b"s3cret" not in e for e in capture.entries.values() if isinstance(e, bytes))


def test_a_function_may_call_itself_through_lambda_from_its_first_run(notebook, deploy):
    source = "fib({'n': 1}) if event else 0"
    first = deploy(source, name="fib")
    notebook.namespace["fib"] = type("Handle", (), {"__jupyter_lambda_function__": "fib"})()
    second = deploy(source, name="fib")
    assert first.content_digest == second.content_digest
    assert first.report.taken[0].notes[0].text == "this very function: it calls itself through Lambda"


def test_a_name_that_the_handle_will_take_is_warned_of(notebook, deploy):
    notebook.run("def score(x):\n    return x")
    (warning,) = deploy("def handler(event, context):\n    return score(event)", name="score").report.warnings
    assert "becomes this function's handle" in warning


def test_values_whose_own_code_fails_when_looked_at_are_taken_all_the_same(notebook, deploy, call):
    notebook.run("class Lazy:\n    @property\n    def shape(self): raise RuntimeError('not now')\nlazy = Lazy()")
    assert call(deploy("def handler(event, context):\n    return type(lazy).__name__"), {}) == {"result": "Lazy"}


def test_what_the_cell_defines_itself_is_not_dragged_along_by_a_helper(notebook, deploy, call):
    notebook.run("import threading\nguard = threading.Lock()\ndef use():\n    return guard")
    capture = deploy("guard = 'the cell has its own'\ndef handler(event, context):\n    return use()")
    assert call(capture, {}) == {"result": "the cell has its own"}
