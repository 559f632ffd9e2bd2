"""Control groups: what every kind of them gives an execution environment, and which kind this host has.

A **maker** makes one group per environment below a parent of our own, `jupyter-lambda-<home>/<boot>/<environment>`, so that a sweep
can tell what an earlier engine left. A **group** counts, limits, freezes and ends the processes in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1024 * 1024
CPU_PERIOD_US = 100_000


class GroupLimits(msgspec.Struct, frozen=True):
    """What a group holds its processes to."""

    memory_bytes: int  # the function's memory and its /tmp, which is charged to the same group
    cpus: float
    processes: int


class GroupMemory(msgspec.Struct, frozen=True):
    """What the processes of a group hold, in bytes."""

    anonymous: int
    shared: int  # tmpfs, memfds and shared anonymous memory


class Group(Protocol):
    """One environment's group."""

    join_files: tuple[str, ...]  # a process that writes "0" into each of them is in the group

    def usage(self) -> int:
        """Bytes charged now, page cache included; a microsecond."""
        ...

    def memory(self) -> GroupMemory:
        """What is held now; tens of microseconds."""
        ...

    def most_charged(self) -> int:
        """The most that was ever charged, page cache included; tens of microseconds."""
        ...

    def hold_cpu(self, *, held: bool) -> None:
        """Hold the processes to the group's share of a CPU, or let them have what there is."""
        ...

    def kernel_kills(self) -> int:
        """How many processes the kernel has killed for memory."""
        ...

    async def watch(self, at_bytes: int, on_reached: Callable[[], None]) -> None:
        """Call back whenever usage crosses `at_bytes`, and when the kernel kills; does nothing where the kernel can't tell."""
        ...

    def pids(self) -> list[int]:
        """The processes in the group."""
        ...

    def kill(self) -> int:
        """SIGKILL every process; returns how many there were. Frozen processes are let go, so that they can die."""
        ...

    def freeze(self) -> bool:
        """Ask for all processes to stop; True once they have."""
        ...

    def thaw(self) -> None:
        """Let them run again."""
        ...

    def remove(self) -> bool:
        """Remove the group; False while a process is still in it."""
        ...


class GroupMaker(Protocol):
    """Makes groups of one kind."""

    kind: str  # "cgroup v1", "cgroup v2"
    holds_cpu: bool
    reusable: bool  # whether a group may hold a second process after all of the first were killed

    def make(self, name: str, limits: GroupLimits) -> Group:
        """Make a group; its CPU share is not held yet.

        Raises:
            OSError: The kernel refused.
        """
        ...

    def sweep(self) -> int:
        """End and remove what earlier boots of this home left; returns how many groups there were."""
        ...

    def close(self) -> None:
        """Remove the parent of this boot's groups."""
        ...
