"""What an environment's processes hold, and held at most: from its control group, or from `/proc` where it has none.

Counted: anonymous memory and shared memory but for `/tmp`, plus a fair share of the pages that the zygote preloaded (PSS when the
process began). Not counted: page cache. The peak is sampled: what comes and goes between two samples is missed.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from jupyter_lambda.sandbox.process.process_table import descendants
from jupyter_lambda.sandbox.protocol import MemoryReading

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.sandbox.process.groups import GroupMemory

_GRAIN_BYTES = 128 * 1024  # a change below that is not worth reading everything again
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class MemoryAccount(Protocol):
    """Reads one runtime process's environment."""

    def changed(self) -> bool:
        """Whether what is held may have changed since the last reading; cheap."""
        ...

    def read(self) -> int:
        """Bytes held now."""
        ...


class MemoryGroup(Protocol):
    """What a control group tells about memory."""

    def usage(self) -> int:
        """Bytes charged now, page cache included; a microsecond."""
        ...

    def memory(self) -> GroupMemory:
        """What is held now; tens of microseconds."""
        ...


class GroupAccount:
    """Memory by a control group."""

    def __init__(self, group: MemoryGroup, pid: int, tmp_bytes: Callable[[], int]) -> None:
        self._group, self._pid, self._tmp_bytes = group, pid, tmp_bytes
        self._usage = -1
        self._base: int | None = None

    @property
    def base_bytes(self) -> int:
        """The share of preloaded pages; measured at the first reading."""
        return self._base or 0

    def changed(self) -> bool:
        """Whether the group's usage moved."""
        return abs(self._group.usage() - self._usage) >= _GRAIN_BYTES

    def read(self) -> int:
        """Bytes held now."""
        self._usage = self._group.usage()
        memory = self._group.memory()
        own = memory.anonymous + max(0, memory.shared - self._tmp_bytes())
        if self._base is None:
            self._base = max(0, _proportional_bytes(self._pid) - own)
        return own + self._base


class TreeAccount:
    """Memory by `/proc`, over the process and all its descendants.

    The cheap figure is an upper bound: resident anonymous memory, all of the zygote's shared pages included. The exact one (PSS, a
    millisecond for a process with pandas) is read only when the bound has moved.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._bound = -1

    def changed(self) -> bool:
        """Whether the upper bound moved."""
        return abs(self._upper_bound() - self._bound) >= _GRAIN_BYTES

    def read(self) -> int:
        """Bytes held now: the proportional anonymous and shared memory of all processes."""
        self._bound = self._upper_bound()
        return sum(_proportional_bytes(pid) for pid in (self._pid, *descendants(self._pid)))

    def _upper_bound(self) -> int:
        return sum(_resident_bytes(pid) for pid in (self._pid, *descendants(self._pid)))


class MemoryPeak:
    """The present and the highest reading of one runtime process.

    Args:
        account: Reads it.
        most_charged: The kernel's own figure, for a process that was gone before it was looked at once.
    """

    def __init__(self, account: MemoryAccount, most_charged: Callable[[], int] | None = None) -> None:
        self._account = account
        self._most_charged = most_charged
        self._now = self._peak = 0

    def refresh(self) -> MemoryReading:
        """Read again if something may have changed."""
        with contextlib.suppress(OSError, ValueError):  # the process or its group is just going: the last reading stands
            if self._account.changed():
                self._now = self._account.read()
                self._peak = max(self._peak, self._now)
            if self._peak == 0 and self._most_charged is not None:
                self._peak = self._most_charged()
        return self.last()

    def last(self) -> MemoryReading:
        """The last reading."""
        return MemoryReading(self._now, self._peak)

    def reached(self, limit_bytes: int) -> None:
        """It ran out: the peak is the limit, whatever the last sample saw."""
        self._now = self._peak = limit_bytes


def _resident_bytes(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/statm").read_bytes().split()
    except OSError:
        return 0
    return (int(fields[1]) - int(fields[2])) * _PAGE_BYTES


def _proportional_bytes(pid: int) -> int:
    """PSS without file-backed pages; 0 when the process is gone or may not be read."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    figures = dict(line.split(":", 1) for line in text.splitlines()[1:])
    wanted = (figures.get("Pss_Anon", "0 kB"), figures.get("Pss_Shmem", "0 kB"))
    return sum(int(value.split()[0]) * 1024 for value in wanted)
