"""What a container holds, read inside it from the control group that it is shown, read-only: for an engine that can't see it.

Source: Linux kernel documentation, cgroup-v1/memory.rst and cgroup-v2.rst.
"""

from __future__ import annotations

import os
from typing import Optional

_GRAIN_BYTES = 128 * 1024  # a change below that is not worth telling
_TMP = "/tmp"  # noqa: S108 - the container's own
# Where usage, figures and kills stand, and what the figures are called: anonymous memory, shared memory.
_V1 = ("/sys/fs/cgroup/memory", "memory.usage_in_bytes", "memory.stat", "memory.oom_control", "total_rss", "total_shmem")
_V2 = ("/sys/fs/cgroup", "memory.current", "memory.stat", "memory.events", "anon", "shmem")


def open_memory() -> Optional[OwnMemory]:
    """A reader of this container's memory; None where its control group is not shown."""
    for folder, usage, figures, events, anonymous, shared in (_V1, _V2):
        try:
            files = [os.open(f"{folder}/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in (usage, figures, events)]
        except OSError:
            continue
        return OwnMemory(files, anonymous, shared)
    return None


class OwnMemory:
    """Reads it, through descriptors that stay open."""

    def __init__(self, files: list[int], anonymous: str, shared: str) -> None:
        self._usage, self._figures, self._events = files
        self._anonymous, self._shared = anonymous, shared
        self._last = (-_GRAIN_BYTES, -1)

    def changed(self) -> Optional[tuple[int, int]]:
        """Bytes held (anonymous and shared memory without `/tmp`) and the kernel's kills; None if neither has moved since."""
        try:
            usage = int(os.pread(self._usage, 64, 0))
            kills = self._table(self._events).get("oom_kill", 0)
            if abs(usage - self._last[0]) < _GRAIN_BYTES and kills == self._last[1]:
                return None
            self._last = (usage, kills)
            figures = self._table(self._figures)
            tmp = os.statvfs(_TMP)
        except (OSError, ValueError):
            return None
        in_tmp = (tmp.f_blocks - tmp.f_bfree) * tmp.f_frsize
        return figures.get(self._anonymous, 0) + max(0, figures.get(self._shared, 0) - in_tmp), kills

    def _table(self, descriptor: int) -> dict[str, int]:
        lines = os.pread(descriptor, 16_384, 0).decode().splitlines()
        return {name: int(value) for name, _, value in (line.partition(" ") for line in lines) if value.isdigit()}
