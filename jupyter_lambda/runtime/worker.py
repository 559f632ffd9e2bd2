"""Turns a freshly forked process into a worker: descriptors, walls, variables, seeds, then the function's own code.

A job is what the engine asked for, as the zygote received it: a dictionary (its members are built by
`sandbox/process/spawn_request.py`) and descriptors by name.
"""

# ruff: noqa: PTH100, PTH118, PTH120 - pathlib would be one more import on the way to every cold start

from __future__ import annotations

import io
import json
import os
import signal
import sys
import time
from typing import Any, NamedTuple

from jupyter_lambda.runtime import bootstrap, native_threads, seeds, supervisor, walls

_FIRST_FREE = 3  # descriptors below are the standard streams
_ENTRY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "entry.py")
_COULD_NOT_START = 70  # EX_SOFTWARE


class Job(NamedTuple):
    """What a forked child is to become."""

    request: dict[str, Any]
    descriptors: dict[str, int]
    control: int  # the zygote's socket, over which the child says once that its walls stand
    zygote_pid: int


def settle(job: Job) -> Job:
    """Leave the zygote's state behind and raise the walls; ends the process where one can't be raised."""
    try:
        _reset_signals()
        os.setsid()
        walls.bind_to_parent(job.zygote_pid)
        descriptors = _arrange_descriptors(job)
        job = job._replace(descriptors=descriptors, control=descriptors["control"])
        raised = walls.raise_walls(job.request["walls"], descriptors.get("user_ns"), descriptors.get("mount_ns"))
    except OSError as error:
        _report(job, {"problem": str(error)})
        os._exit(_COULD_NOT_START)
    _report(job, {"walls": raised})
    for name in ("control", "user_ns", "mount_ns"):
        if name in job.descriptors:
            os.close(job.descriptors[name])
    return job


def run(job: Job) -> None:
    """Run the function's runtime in this process; returns when the engine is gone."""
    job = settle(job)
    request = job.request
    runtime = job.descriptors.get("runtime", -1)
    if "supervisor" in job.descriptors:
        supervisor.serve(job.descriptors["supervisor"], request["extensions"], request["variables"], runtime)
    command = request["command"]
    if request["fresh"]:
        command = _fresh_interpreter(request, runtime)
    if command:
        _execute(command, request["variables"], runtime)
    _take_variables(request["variables"])
    sys.path[:0] = request["path"]
    _open_streams()
    seeds.renew()
    native_threads.adjust()
    bootstrap.run(request["handler"], runtime)


def run_after_exec(descriptor: int) -> None:
    """Run the function's runtime in a fresh interpreter that was started behind walls; the request stands in a file."""
    with open(descriptor, encoding="utf-8") as file:
        request = json.load(file)
    _take_variables(request["variables"])
    known = [entry for entry in sys.path if entry not in request["recorded_path"]]
    sys.path[:] = request["path"] + request["recorded_path"] + known
    _open_streams()
    bootstrap.run(request["handler"], request["runtime"])


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _arrange_descriptors(job: Job) -> dict[str, int]:
    """Close everything but what the job names, and make the log the standard streams."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    for stream in (1, 2):
        os.dup2(job.descriptors["log"], stream)
    kept = {name: number for name, number in job.descriptors.items() if name != "log"}
    kept["control"] = job.control
    below = _FIRST_FREE
    for number in sorted(kept.values()):
        os.closerange(below, number)
        below = number + 1
    os.closerange(below, 65_536)
    return kept


def _report(job: Job, message: dict[str, Any]) -> None:
    """Tell the engine, over the zygote's socket, that this process stands behind its walls, or why not."""
    message = {"event": "walled", "id": job.request["id"], "pid": os.getpid(), "at": time.monotonic(), **message}
    os.write(job.control, json.dumps(message).encode())


def _take_variables(variables: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()
    temporary = sys.modules.get("tempfile")
    if temporary is not None:
        temporary.tempdir = None  # type: ignore[attr-defined]  # what the zygote found is not this process's


def _open_streams() -> None:
    """Line by line to the log, whatever the text: a lone surrogate is written as its escape instead of failing."""
    sys.stdout = sys.__stdout__ = _log_stream(1)  # type: ignore[misc]  # a new process: what the zygote had is not ours
    sys.stderr = sys.__stderr__ = _log_stream(2)  # type: ignore[misc]


def _log_stream(descriptor: int) -> io.TextIOWrapper:
    raw = io.BufferedWriter(io.FileIO(descriptor, "wb", closefd=False))
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _execute(command: list[str], variables: dict[str, str], runtime: int) -> None:
    if runtime >= 0:
        os.set_inheritable(runtime, True)
    try:
        os.execvpe(command[0], command, variables)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        os._exit(127)


def _fresh_interpreter(request: dict[str, Any], runtime: int) -> list[str]:
    """Write what `run_after_exec` reads into a file without a name, and return the command that starts it."""
    wanted = {name: request[name] for name in ("variables", "path", "recorded_path", "handler")}
    file = os.memfd_create("job", 0)
    os.write(file, json.dumps({**wanted, "runtime": runtime}).encode())
    os.lseek(file, 0, os.SEEK_SET)
    return [sys.executable, "-I", _ENTRY, "worker", str(file)]
