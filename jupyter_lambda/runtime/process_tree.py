"""Who descends from whom, read from `/proc`, and the end of a whole tree."""

# ruff: noqa: PTH123, PTH208 - pathlib would be one more import on the way to every cold start

from __future__ import annotations

import contextlib
import os
import signal


def children(pid: int) -> list[int]:
    """The children of a process, whichever of its threads forked them; empty when it is gone."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/children", "rb") as file:
                found += [int(child) for child in file.read().split()]
    return found


def descendants(pid: int) -> list[int]:
    """All that descend from a process, parents before their children; without the process itself."""
    found = children(pid)
    for child in found:  # grows while it is walked
        found += children(child)
    return found


def kill_tree(pid: int) -> None:
    """SIGKILL a process and all its descendants; one round: what forks meanwhile is for the next."""
    for each in [pid, *descendants(pid)]:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(each, signal.SIGKILL)
