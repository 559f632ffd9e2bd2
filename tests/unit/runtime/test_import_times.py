"""How long a function's imports take (runtime/import_times.py), with modules written for the purpose."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_lambda.model.init_times import read_init_times
from jupyter_lambda.runtime.import_times import ImportTimes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("fn_cell", "fn_slow", "fn_inner", "fn_package", "fn_failing", "fn_loaded")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that imports come from; what was imported from it is forgotten."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] in NAMES]:
        del sys.modules[name]


def measured(cell: str = "fn_cell") -> dict[str, Any]:
    times = ImportTimes(cell).begin()
    try:
        importlib.import_module(cell)
    finally:
        text = times.end()
    assert read_init_times(text.encode()) is not None
    told: dict[str, Any] = json.loads(text)
    return told


def test_tells_each_module_once_with_what_it_imports_itself_below_it(folder):
    (folder / "fn_cell.py").write_text("import fn_slow\nimport fn_package.deep\nimport fn_slow\n")
    (folder / "fn_slow.py").write_text("import fn_inner\n")
    (folder / "fn_inner.py").write_text("")
    (folder / "fn_package").mkdir()
    (folder / "fn_package/__init__.py").write_text("from fn_package import other\n")
    (folder / "fn_package/other.py").write_text("")
    (folder / "fn_package/deep.py").write_text("")

    told = measured()

    assert [(e["module"], e["depth"]) for e in told["imports"]][:3] == [("fn_slow", 0), ("fn_inner", 1), ("fn_package", 0)]
    slow, inner = told["imports"][:2]
    assert slow["at_ms"] <= inner["at_ms"]
    assert 0 <= inner["ms"] <= slow["ms"] <= told["whole_ms"]


def test_times_a_submodule_of_a_package_that_was_loaded_before(folder):
    (folder / "fn_package").mkdir()
    (folder / "fn_package/__init__.py").write_text("")
    (folder / "fn_package/deep.py").write_text("")
    (folder / "fn_cell.py").write_text("import fn_package.deep\n")
    importlib.import_module("fn_package")

    assert [e["module"] for e in measured()["imports"]] == ["fn_package.deep"]


def test_names_what_was_loaded_before_and_no_part_of_the_standard_library(folder):
    (folder / "fn_loaded.py").write_text("")
    (folder / "fn_cell.py").write_text("import json\nimport fn_loaded\n")
    importlib.import_module("fn_loaded")

    told = measured()

    assert (told["imports"], told["preloaded"]) == ([], ["fn_loaded"])


def test_leaves_nothing_behind(folder):
    (folder / "fn_cell.py").write_text("import fn_slow\n")
    (folder / "fn_slow.py").write_text("")
    before = list(sys.meta_path)

    measured()

    assert sys.meta_path == before
    loader = sys.modules["fn_slow"].__spec__.loader
    assert "exec_module" not in vars(loader)
    assert importlib.reload(sys.modules["fn_slow"])


def test_stands_in_no_traceback(folder):
    (folder / "fn_cell.py").write_text("import fn_failing\n")
    (folder / "fn_failing.py").write_text("1 / 0\n")

    with pytest.raises(ZeroDivisionError) as caught:
        measured()

    files = [frame.filename.rsplit("/", 1)[-1] for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert files[-2:] == ["fn_cell.py", "fn_failing.py"]
    assert not [file for file in files if file == "import_times.py"]


def test_keeps_the_twenty_longest_of_many(folder):
    names = [f"fn_inner{n}" for n in range(30)]
    for name in names:
        (folder / f"{name}.py").write_text("")
    (folder / "fn_cell.py").write_text("\n".join(f"import {name}" for name in names))

    imports = measured()["imports"]

    for name in names:
        del sys.modules[name]
    assert len(imports) == 20
    assert [e["at_ms"] for e in imports] == sorted(e["at_ms"] for e in imports)


def test_a_module_that_is_only_looked_for_is_none(folder):
    (folder / "fn_cell.py").write_text(
        "import importlib.util\nfound = importlib.util.find_spec('fn_slow')\nimport fn_missing_or_not"
    )
    (folder / "fn_slow.py").write_text("")
    (folder / "fn_missing_or_not.py").write_text("")

    assert [e["module"] for e in measured()["imports"]] == ["fn_missing_or_not"]
    del sys.modules["fn_missing_or_not"]


@pytest.mark.parametrize(
    "text",
    [
        b"no json",
        b"[]",
        b'{"imports": []}',
        b'{"whole_ms": -1}',
        b'{"whole_ms": 1, "imports": [{"module": "a\\u0000", "at_ms": 0, "ms": 1}]}',
        b'{"whole_ms": 1, "imports": [{"module": "a", "at_ms": 0, "ms": 1e300}]}',
        b'{"whole_ms": 1, "preloaded": ["' + b"x" * 90 + b'"]}',
        b'{"whole_ms": 1, "preloaded": [' + b'"a",' * 20 + b'"a"]}',
        b'{"whole_ms": 1' + b" " * 9_000 + b"}",
    ],
)
def test_what_a_function_made_up_is_not_taken(text):
    assert read_init_times(text) is None
