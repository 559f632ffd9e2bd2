"""Whole families of processes, and whether they are gone; a zombie that its parent has not collected yet is gone."""

import os
from contextlib import suppress
from pathlib import Path

import psutil

from jupyter_lambda.client.process_identity import start_ticks
from jupyter_lambda.clock import SystemClock, pause


def family_of(pid):
    """A process and all that descend from it, each with its start: (pid, ticks)."""
    return identities([pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))])


def processes_of(home):
    """Processes whose command line, variables or working directory lead into a home."""
    return identities(pid for pid in psutil.pids() if pid != os.getpid() and _leads_to(pid, os.fsencode(home)))


def identities(pids):
    """Those that run, with their starts."""
    return [(pid, ticks) for pid in pids if (ticks := start_ticks(pid))]


def assert_gone(processes, seconds):
    """None of them runs, or will in `seconds`; what does is killed, so that one failure does not become the next test's."""
    clock = SystemClock()
    deadline = clock.monotonic() + seconds
    while (alive := [pid for pid, ticks in processes if start_ticks(pid) == ticks]) and clock.monotonic() < deadline:
        pause(0.01)
    found = []
    for pid in alive:
        with suppress(psutil.NoSuchProcess):
            found.append((pid, psutil.Process(pid).status(), psutil.Process(pid).cmdline()))
            psutil.Process(pid).kill()
    assert found == []


def _leads_to(pid, path):
    folder = Path(f"/proc/{pid}")
    try:
        return path in (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes() + os.fsencode(
            (folder / "cwd").readlink()
        )
    except OSError:
        return False
