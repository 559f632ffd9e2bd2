"""Telling one process from another that was later given the same number.

A pid alone says little: it is used again. A process is the same only if it runs in the same boot of the host and started at the
same moment. Linux counts that moment in ticks since boot, which no clock change shifts; psutil's figure (seconds since the epoch)
moves with the clock, as psutil's own source says, so it is compared only where there are no ticks.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_STATE, _START = 0, 19  # fields of /proc/<pid>/stat after the name: proc(5), fields 3 and 22
_ENDED: Final = frozenset({"Z", "X", "x"})  # a zombie answers to its pid and serves nobody


def boot_id() -> str:
    """Name this boot of this host; another after each restart."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:  # not Linux
        import psutil

        return f"boot-{psutil.boot_time():.0f}"


def start_ticks(pid: int) -> int | None:
    """When a living process started, in clock ticks since boot; None if there is none, 0 where ticks can't be read."""
    if not sys.platform.startswith("linux"):
        return 0 if _is_there(pid) else None
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError:  # /proc is not mounted, or hides others' processes
        return 0 if _is_there(pid) else None
    fields = text[text.rindex(")") + 2 :].split()  # the name may hold spaces and brackets
    return None if fields[_STATE] in _ENDED else int(fields[_START])


def start_epoch(pid: int) -> float | None:
    """When a living process started, in seconds since the epoch, exactly as `psutil.Process(pid).create_time()` has it."""
    ticks = start_ticks(pid)
    if ticks is None:
        return None
    if ticks:  # psutil's own sum, without the 25 ms of importing it
        return float(ticks) / os.sysconf("SC_CLK_TCK") + _boot_epoch()
    import psutil

    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def _boot_epoch() -> float:
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    return float(next(line for line in lines if line.startswith("btime")).split()[1])


def is_running(pid: int, ticks: int, epoch: float) -> bool:
    """Whether the process that was described by `start_ticks` and `start_epoch` still runs."""
    now = start_ticks(pid) if pid > 0 else None
    if now is None:
        return False
    return now == ticks if now and ticks else start_epoch(pid) == epoch


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
