"""A container's control group: read and written through its files where we may, else through the daemon's API.

The files cost microseconds and the API 9 ms a call. Reading needs no rights; writing (limits) and the kernel's notifications do, so an
engine without root reads files and asks the daemon to write.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_lambda.model import limits
from jupyter_lambda.sandbox.process.find_groups import mounted_hierarchies
from jupyter_lambda.sandbox.process.groups import CPU_PERIOD_US, MIB, GroupLimits, GroupMemory
from jupyter_lambda.sandbox.process.groups_v1 import CONTROLLERS, GroupV1
from jupyter_lambda.sandbox.process.groups_v2 import GroupV2

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.sandbox.docker.daemon import Daemon
    from jupyter_lambda.sandbox.docker.tunnel import ReportedGroup

KERNEL_MEMORY_MIB: Final = 16  # page tables and stacks are charged too: room above memory and /tmp
_V2: Final = Path("/sys/fs/cgroup")


def group_limits(memory_mib: int, ephemeral_mib: int) -> dict[str, int]:
    """The daemon's memory limits: the function's memory, its `/tmp` (a tmpfs, charged to the same group) and room for page tables."""
    held = (memory_mib + ephemeral_mib + KERNEL_MEMORY_MIB) * MIB
    return {"Memory": held, "MemorySwap": held}


def find_group(pid: int) -> GroupV1 | GroupV2 | None:
    """The group of a container by the host's id of its first process; None where its files can't be seen."""
    try:
        own = _groups_of(pid)
        hierarchies = mounted_hierarchies()
        if all(name in own and name in hierarchies for name in CONTROLLERS):
            folders = {name: hierarchies[name].top / os.path.relpath(own[name], hierarchies[name].root) for name in CONTROLLERS}
            return GroupV1(folders) if all(path.is_dir() for path in folders.values()) else None
        folder = _V2 / own.get("", "/").lstrip("/")
        if folder != _V2 and (folder / "memory.current").exists():
            return GroupV2(folder)
    except (OSError, ValueError):
        return None
    return None


def _groups_of(pid: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for name in controllers.split(","):
            found[name] = path
    return found


class ContainerGroup:
    """Counts and limits one container."""

    def __init__(self, daemon: Daemon, container_id: str, group: GroupV1 | GroupV2 | ReportedGroup | None) -> None:
        self._daemon = daemon
        self._id = container_id
        self._group = group
        self._cpus = 1.0
        self._cpu_is_held = False

    @property
    def is_read(self) -> bool:
        """Whether memory can be read at all."""
        return self._group is not None

    def usage(self) -> int:
        """Bytes charged now."""
        return self._group.usage() if self._group is not None else 0

    def memory(self) -> GroupMemory:
        """What is held now."""
        return self._group.memory() if self._group is not None else GroupMemory(0, 0)

    def kernel_kills(self) -> int:
        """How many processes the kernel has killed for memory; what was last known once the group is gone."""
        if self._group is not None:
            with contextlib.suppress(OSError, ValueError):
                return self._group.kernel_kills()
        return 0

    async def watch(self, at_bytes: int, on_reached: Callable[[], None]) -> None:
        """Hear at once when usage crosses `at_bytes`, where the kernel lets us ask."""
        if self._group is not None:
            with contextlib.suppress(PermissionError):
                await self._group.watch(at_bytes, on_reached)

    async def hold_cpu(self, *, held: bool) -> None:
        """Hold the container to its share of a CPU, or let it have what there is; a microsecond, or a call of the daemon.

        Raises:
            SandboxError: The daemon refused.
        """
        if held == self._cpu_is_held:
            return
        self._cpu_is_held = held
        if self._group is not None:
            with contextlib.suppress(OSError):
                self._group.hold_cpu(held=held)
                return
        quota = max(1_000, int(self._cpus * CPU_PERIOD_US)) if held else -1
        await self._daemon.call(
            "POST", f"/containers/{self._id}/update", body={"CpuPeriod": CPU_PERIOD_US, "CpuQuota": quota}, missing_ok=True
        )

    async def take_limits(self, memory_mib: int, ephemeral_mib: int) -> None:
        """Hold the container to a function's memory and share of a CPU: it may have been booted before anybody knew whose it is.

        Raises:
            SandboxError: The daemon refused.
        """
        held = group_limits(memory_mib, ephemeral_mib)
        self._cpus = memory_mib / limits.MEMORY_MIB_PER_VCPU
        if self._group is not None:
            with contextlib.suppress(OSError):
                self._group.take_limits(GroupLimits(held["Memory"], self._cpus, limits.PROCESSES))
                return
        await self._daemon.call("POST", f"/containers/{self._id}/update", body=held)

    def close(self) -> None:
        """Give back descriptors; the group itself is the daemon's to remove."""
        if self._group is not None:
            self._group.remove()
            self._group = None
