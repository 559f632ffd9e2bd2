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
    """SIGKILL a process, its process group and all its descendants; one round: what loses its parent meanwhile is for the next.

    The group goes first, in one call that nothing which forks can outrun. What left the group is stopped before its children are read:
    a stopped process forks no more (nor does one that the signal meets within `fork`), so the walk ends.
    """
    _kill_group(pid)
    found = [pid]
    for each in found:  # grows while it is walked
        _signal(each, signal.SIGSTOP)
        found += children(each)
    for each in found:
        _signal(each, signal.SIGKILL)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        group = os.getpgid(pid)
        if group != os.getpgrp():
            os.killpg(group, signal.SIGKILL)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
