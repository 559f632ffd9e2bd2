"""The child of a proof: loads a package as a worker would, and writes down how far it came. Standard library only.

Started as `python -I -B proof_child.py JOB`; never imported by the package. Its answer is written before each step that could end
the process, so that a crash still says what was being loaded.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import sys
import time
from typing import Any

_answer: dict[str, Any] = {"stage": "start", "import_ms": {}, "unpickle_ms": {}}


def main() -> None:
    """Do the job that the command line describes."""
    job = json.loads(sys.argv[1])
    _go_first_when_memory_is_short()
    recorded = [entry for entry in job["sys_path"] if entry not in sys.path]
    sys.path[:] = [job["root"], *job["path"], *sys.path, *recorded]
    began = time.perf_counter()
    if all(_step(job, step) for step in (_import_modules, _load_values, _import_handler)):
        _answer["stage"] = "done"
        _answer["init_ms"] = (time.perf_counter() - began) * 1000
    _write(job)
    sys.stdout.flush()
    os._exit(0)  # threads and exit handlers of what was loaded are no part of the proof


def _go_first_when_memory_is_short() -> None:
    """Let the kernel end this process before any other: no limit stands around it, and the notebook must outlive a greedy cell."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123 - as below
        file.write("1000")


def _step(job: dict[str, Any], step: Any) -> bool:
    try:
        step(job)
    except BaseException as error:  # the user's code may raise anything, `SystemExit` too; it is told
        _tell(error, job)
        return False
    return True


def _import_modules(job: dict[str, Any]) -> None:
    """Import what the function needs, each with its time; what is missing is told elsewhere."""
    _answer["stage"] = "modules"
    for name in job["modules"]:
        began = time.perf_counter()
        try:
            importlib.import_module(name)
        except ImportError:
            continue
        _answer["import_ms"][name] = (time.perf_counter() - began) * 1000


def _load_values(job: dict[str, Any]) -> None:
    """Load the captured values one by one into the handler's module, which runs in the next step."""
    _answer["stage"] = "values"
    if not os.path.exists(os.path.join(job["root"], "_jupyter_lambda", "captured.pickle")):  # noqa: PTH110, PTH118 - pathlib costs each proof
        return
    import _jupyter_lambda  # type: ignore[import-not-found]  # in the package

    module_name = job["handler"].rpartition(".")[0]
    spec = importlib.util.find_spec(module_name)
    assert spec is not None  # noqa: S101 - it stands beside this helper
    module = importlib.util.module_from_spec(spec)
    names = iter(_jupyter_lambda.names())
    _loading(job, next(names, ""))
    began = time.perf_counter()
    for name, value in _jupyter_lambda.load_each(module.__dict__):
        module.__dict__[name] = value
        _answer["unpickle_ms"][name] = (time.perf_counter() - began) * 1000
        _loading(job, next(names, ""))
        began = time.perf_counter()
    _jupyter_lambda.load = lambda module_globals: None  # done; once is what a cold start does too
    job["module"] = module


def _loading(job: dict[str, Any], name: str) -> None:
    _answer["name"] = name
    _write(job)


def _import_handler(job: dict[str, Any]) -> None:
    _answer["stage"] = "module"
    _loading(job, "")
    module_name, _, function_name = job["handler"].rpartition(".")
    module = job.get("module")
    if module is None:
        module = importlib.import_module(module_name)
    else:
        sys.modules[module_name] = module
        module.__spec__.loader.exec_module(module)
    _answer["stage"] = "handler"
    handler = getattr(module, function_name, None)
    if handler is None:
        raise AttributeError(f"Handler '{function_name}' missing on module '{module_name}'")
    if not callable(handler):
        raise TypeError(f"handler '{function_name}' is a {type(handler).__name__}, which can't be called")


def _tell(error: BaseException, job: dict[str, Any]) -> None:
    import traceback

    _answer["error_type"] = type(error).__name__
    _answer["error"] = str(error)[:2000]
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename.startswith(job["root"])]
    module_file = os.path.join(job["root"], job["handler"].rpartition(".")[0].replace(".", "/"))  # noqa: PTH118
    lines = [f.lineno for f in frames if f.filename in (module_file + ".py", module_file + "_cell.py")]
    _answer["line"] = lines[-1] if lines else None
    _answer["excerpt"] = [line for f in own[-3:] for line in _shown(f, job["root"])]


def _shown(frame: Any, root: str) -> list[str]:
    name = frame.filename.replace(root, "/var/task", 1)
    return [f'File "{name}", line {frame.lineno}, in {frame.name}', f"    {frame.line}" if frame.line else ""]


def _write(job: dict[str, Any]) -> None:
    with open(job["answer"], "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
        json.dump(_answer, file)


if __name__ == "__main__":
    main()
