"""Proof before deployment: the package is loaded in a clean process of the interpreter that workers will use.

Some values pickle and don't load: a class that its module no longer has, a `__setstate__` that needs what isn't there. The child
(`proof_child.py`) loads the captured values one by one, then imports the handler's module, and measures both.

What the child can meet, and where it goes:
* a captured value does not load       → `CaptureFailed`, with the name and the last lines of the traceback;
* the handler is missing, not callable → `CaptureFailed`;
* the cell's own code raises at import → a warning: the proof has no mounts, limits or network of the sandbox, so it may be wrong;
* it takes longer than the limit       → killed with all it started, and a warning that says how long Lambda gives;
* the child dies                       → `CaptureFailed` with its exit status: it would die in the worker too.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_lambda.capture.failure import CaptureFailed
from jupyter_lambda.capture.report import CaptureReport, Level, Note, Problem
from jupyter_lambda.capture.zip_package import materialize
from jupyter_lambda.model import limits

if TYPE_CHECKING:
    from jupyter_lambda.capture.package import Capture

LIMIT_SECONDS: Final = 30.0
_CHILD: Final = Path(__file__).with_name("proof_child.py")
_OUTPUT_BYTES: Final = 64 * 1024
# What a process needs of the kernel's variables; nothing that may be a secret.
_KEPT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Proof:
    """The package loads.

    Attributes:
        report: The capture's report with what was measured: import and unpickling times, warnings.
        import_ms: Milliseconds by module, each with what it imports for the first time.
        unpickle_ms: Milliseconds by captured name.
        init_ms: Importing the handler's module in all, unpickling included.
    """

    report: CaptureReport
    import_ms: Mapping[str, float]
    unpickle_ms: Mapping[str, float]
    init_ms: float


class _Outcome(msgspec.Struct):
    """What the child writes, at its end or as far as it came."""

    stage: str = "start"  # start, modules, values, module, handler, done
    name: str = ""  # the captured name that was being loaded
    error_type: str = ""
    error: str = ""
    excerpt: list[str] = []
    line: int | None = None  # of the handler's module
    import_ms: dict[str, float] = {}
    unpickle_ms: dict[str, float] = {}
    init_ms: float = 0.0


def prove(capture: Capture, *, extra_path: Sequence[str] = (), limit_seconds: float = LIMIT_SECONDS) -> Proof:
    """Load the package in a clean process.

    Args:
        capture: The package.
        extra_path: Folders put before the interpreter's own packages: installed requirements.
        limit_seconds: After that the process and all it started are killed.

    Raises:
        CaptureFailed: It does not load; carries the capture's report with the reason.
    """
    with tempfile.TemporaryDirectory(prefix="jupyter-lambda-proof-", dir=capture.folder) as scratch:
        root = Path(scratch) / "task"
        root.mkdir()
        materialize(root, capture.entries)
        answer = Path(scratch) / "answer.json"
        status, output = _run(_command(capture, root, answer, extra_path), _variables(capture, root), root, limit_seconds)
        outcome = _read(answer)
    _raise_if_broken(capture, outcome, status, output)
    missing = {m.name for m in capture.report.modules if not m.is_present}
    notes = _notes(outcome, status, limit_seconds, missing)
    report = capture.report.with_measured(outcome.import_ms, outcome.unpickle_ms, notes)
    return Proof(report, outcome.import_ms, outcome.unpickle_ms, outcome.init_ms)


def _command(capture: Capture, root: Path, answer: Path, extra_path: Sequence[str]) -> list[str]:
    job = {
        "root": str(root),
        "answer": str(answer),
        "handler": capture.handler,
        "path": [*extra_path],
        "sys_path": list(capture.python.sys_path),
        "modules": [m.name for m in capture.report.modules],
    }
    return [capture.python.executable, "-I", "-B", str(_CHILD), json.dumps(job)]


def _variables(capture: Capture, root: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        **kept,
        **capture.environment,
        "LAMBDA_TASK_ROOT": str(root),
        "_HANDLER": capture.handler,
        "AWS_LAMBDA_FUNCTION_NAME": capture.name,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{capture.runtime}",
        "OPENBLAS_NUM_THREADS": "1",  # a pool of threads that nobody uses takes a while to start
        "OMP_NUM_THREADS": "1",
    }


def _run(command: list[str], variables: dict[str, str], folder: Path, limit_seconds: float) -> tuple[int | None, str]:
    """Run the child; return its exit status, None if it had to be killed, and the end of what it wrote."""
    with tempfile.TemporaryFile(dir=folder.parent) as output:  # a file: a pipe that nobody reads would fill
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        status = None
        try:
            status = child.wait(timeout=limit_seconds)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _kill_session(child)
        output.seek(max(0, output.seek(0, os.SEEK_END) - _OUTPUT_BYTES))
        return status, output.read().decode("utf-8", "replace")


def _kill_session(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # gone, with all that it started
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _read(answer: Path) -> _Outcome:
    try:
        return msgspec.json.decode(answer.read_bytes(), type=_Outcome)
    except (FileNotFoundError, msgspec.DecodeError):
        return _Outcome()


def _raise_if_broken(capture: Capture, outcome: _Outcome, status: int | None, output: str) -> None:
    if status is None or outcome.stage == "done":
        return
    if outcome.stage == "module" and outcome.error_type:
        return  # the cell's own code: a warning
    raise CaptureFailed(capture.report.with_problems(_problem(outcome, status, output)))


def _problem(outcome: _Outcome, status: int, output: str) -> Problem:
    excerpt = tuple(outcome.excerpt)
    if outcome.error_type and outcome.stage == "values":
        return Problem(
            f"`{outcome.name}` can be pickled but not loaded" if outcome.name else "the captured values can't be loaded",
            f"loading it in a clean process raised {outcome.error_type}: {outcome.error}",
            "Make it inside the cell, above the handler, or capture the plain values it is made from.",
            excerpt=excerpt,
        )
    if outcome.error_type:
        return Problem(
            f"{outcome.error_type}: {outcome.error}", "found by loading the package", "Correct the handler.", excerpt=excerpt
        )
    how = f"signal {-status}" if status < 0 else f"exit status {status}"
    where = f", while `{outcome.name}` was loaded" if outcome.stage == "values" and outcome.name else ""
    last = tuple(output.strip().splitlines()[-5:])
    return Problem(
        f"a clean process that loads the package ends with {how}{where}",
        "it would end the worker in the same way",
        "See what ends it: the lines below are the last it wrote." if last else "Leave out captured values one by one.",
        excerpt=last,
    )


def _notes(outcome: _Outcome, status: int | None, limit_seconds: float, missing: set[str]) -> tuple[Note, ...]:
    if status is None:
        return (
            Note(
                f"loading the package took more than {limit_seconds:g} s and was stopped; Lambda gives init "
                f"{limits.INIT_SECONDS_MAX:g} s, then the function's timeout",
                Level.WARNING,
            ),
        )
    if outcome.stage == "module" and outcome.error_type:
        if outcome.error_type == "ModuleNotFoundError" and any(f"'{name}'" in outcome.error for name in missing):
            return ()  # the table of modules says so already
        line = f" in line {outcome.line}" if outcome.line else ""
        return (
            Note(
                f"loading the cell raised `{outcome.error_type}: {outcome.error}`{line}; each cold start will, unless the sandbox "
                "has what is missing here",
                Level.WARNING,
            ),
        )
    return ()
