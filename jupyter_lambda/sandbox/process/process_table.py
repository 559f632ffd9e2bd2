"""Processes of this machine as `/proc` shows them: who descends from whom, and who carries our marker."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """All that descend from a process, parents first; without the process itself."""
    found = _children(pid)
    for child in found:  # grows while it is walked
        found += _children(child)
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - names, a hundred times a second
            with contextlib.suppress(OSError):
                found += [int(child) for child in Path(f"/proc/{pid}/task/{task}/children").read_bytes().split()]
    return found


def marked(prefix: str) -> dict[int, str]:
    """Processes whose environment has a variable with this `NAME=value` prefix, and the rest of its value."""
    wanted = prefix.encode()
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            for variable in (entry / "environ").read_bytes().split(b"\0"):
                if variable.startswith(wanted):
                    found[int(entry.name)] = variable[len(wanted) :].decode(errors="replace")
    return found


def kill(pid: int) -> bool:
    """SIGKILL; False when the process is gone already, or is a zombie that waits for its parent."""
    try:
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return False
    return True
