"""Control groups, version 1: a hierarchy per controller; memory, pids, cpu and freezer are used.

`/tmp` is a tmpfs whose pages are charged to the group, so the group's hard limit is the function's memory plus its `/tmp`. What the
function itself holds is looked at when the kernel tells that usage crosses the function's memory, and by the sampler.
`oom_kill_disable` would be the shorter way, but the kernel then fails writes to a tmpfs with ENOMEM instead of waiting
(mm/memcontrol-v1.c, `memcg1_oom_prepare`).

Source: Documentation/admin-guide/cgroup-v1/memory.rst, freezer-subsystem.rst, pids.rst.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING

from jupyter_lambda.sandbox.process.groups import CPU_PERIOD_US, GroupLimits, GroupMemory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONTROLLERS = ("memory", "pids", "cpu", "freezer")


class GroupsV1:
    """Makes version 1 groups below a parent of this home and boot."""

    kind = "cgroup v1"
    holds_cpu = True
    reusable = True

    def __init__(self, tops: dict[str, Path], home_id: str, boot_id: str) -> None:
        self._homes = {name: top / f"jupyter-lambda-{home_id}" for name, top in tops.items()}
        self._boot_id = boot_id
        for home in self._homes.values():
            (home / boot_id).mkdir(parents=True, exist_ok=True)

    def make(self, name: str, limits: GroupLimits) -> GroupV1:
        """Make one environment's groups, one in each hierarchy."""
        folders = {controller: home / self._boot_id / name for controller, home in self._homes.items()}
        for folder in folders.values():
            folder.mkdir()
        (folders["memory"] / "memory.limit_in_bytes").write_text(str(limits.memory_bytes))
        with contextlib.suppress(OSError):  # only where swap is accounted
            (folders["memory"] / "memory.memsw.limit_in_bytes").write_text(str(limits.memory_bytes))
        (folders["pids"] / "pids.max").write_text(str(limits.processes))
        (folders["cpu"] / "cpu.cfs_period_us").write_text(str(CPU_PERIOD_US))
        return GroupV1(folders, cpu_quota_us=max(1_000, int(limits.cpus * CPU_PERIOD_US)))

    def sweep(self) -> int:
        """End what earlier boots left. Their engines are gone: one engine runs per home."""
        found = 0
        for boot in {folder.name for home in self._homes.values() for folder in _folders(home)} - {self._boot_id}:
            for name in {folder.name for home in self._homes.values() for folder in _folders(home / boot)}:
                group = GroupV1({controller: home / boot / name for controller, home in self._homes.items()})
                found += 1
                for _ in range(_SWEEP_ROUNDS):
                    if not group.kill() and group.remove():
                        break
            for home in self._homes.values():
                with contextlib.suppress(OSError):
                    (home / boot).rmdir()
        return found

    def close(self) -> None:
        """Remove this boot's parent, and the home's if no other engine uses it."""
        for home in self._homes.values():
            for folder in (home / self._boot_id, home):
                with contextlib.suppress(OSError):
                    folder.rmdir()


_SWEEP_ROUNDS = 200


class GroupV1:
    """One environment's groups, with descriptors kept open: reading through them costs a microsecond."""

    def __init__(self, folders: dict[str, Path], cpu_quota_us: int = -1) -> None:
        self._folders = folders
        self._cpu_quota_us = cpu_quota_us
        # A process that moves its only thread through `tasks` needs no lock over all thread groups. Through `cgroup.procs` it does,
        # and waits for an RCU grace period: 7 to 20 ms were seen (kernel/cgroup/cgroup.c, `cgroup_procs_write_start`).
        self.join_files = tuple(str(folder / "tasks") for folder in folders.values())
        self._usage = _open(folders["memory"] / "memory.usage_in_bytes")
        self._stat = _open(folders["memory"] / "memory.stat")
        self._oom = _open(folders["memory"] / "memory.oom_control")
        self._event = -1

    def usage(self) -> int:
        """Bytes charged now."""
        return int(os.pread(self._usage, 32, 0))

    def memory(self) -> GroupMemory:
        """Read what is held now."""
        figures = dict(line.split(" ") for line in os.pread(self._stat, 8192, 0).decode().splitlines())
        return GroupMemory(int(figures["total_rss"]), int(figures.get("total_shmem", 0)))

    def most_charged(self) -> int:
        """The most that was ever charged."""
        return int((self._folders["memory"] / "memory.max_usage_in_bytes").read_text())

    def hold_cpu(self, *, held: bool) -> None:
        """Set or lift the quota."""
        cpu = self._folders["cpu"]
        (cpu / "cpu.cfs_quota_us").write_text(str(self._cpu_quota_us if held else -1))
        with contextlib.suppress(OSError):  # from Linux 5.14: what was not used in one period may be used in the next
            (cpu / "cpu.cfs_burst_us").write_text(str(self._cpu_quota_us if held else 0))

    def take_limits(self, limits: GroupLimits) -> None:
        """Hold memory and CPU to other limits from now on (the group's processes were started before it was known whose they are).

        Raises:
            OSError: The files may not be written, or more is held already.
        """
        self._cpu_quota_us = max(1_000, int(limits.cpus * CPU_PERIOD_US))
        memory = self._folders["memory"]
        files = [memory / "memory.limit_in_bytes", memory / "memory.memsw.limit_in_bytes"]
        if limits.memory_bytes > int(files[0].read_text()):
            files.reverse()  # memory alone may never be more than memory and swap
        for file in files:
            with contextlib.suppress(FileNotFoundError):  # only where swap is accounted
                file.write_text(str(limits.memory_bytes))

    def kernel_kills(self) -> int:
        """How many processes the kernel has killed for memory in this group."""
        for line in os.pread(self._oom, 256, 0).decode().splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
        return 0

    async def watch(self, at_bytes: int, on_reached: Callable[[], None]) -> None:
        """Ask the kernel to say whenever usage crosses `at_bytes`, and when it runs out; once for the life of the group."""
        if self._event >= 0:
            return
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        asyncio.get_running_loop().add_reader(self._event, self._tell, on_reached)
        control = self._folders["memory"] / "cgroup.event_control"
        control.write_text(f"{self._event} {self._oom}")
        # The kernel waits for an RCU grace period here, 5 to 25 ms: not on the loop.
        await asyncio.to_thread(control.write_text, f"{self._event} {self._usage} {at_bytes}")

    def _tell(self, on_reached: Callable[[], None]) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._event)
        on_reached()

    def _forget_watch(self) -> None:
        if self._event >= 0:
            asyncio.get_running_loop().remove_reader(self._event)
            os.close(self._event)
            self._event = -1

    def pids(self) -> list[int]:
        """The processes in the group."""
        with contextlib.suppress(OSError):
            return [int(line) for line in (self._folders["memory"] / "cgroup.procs").read_text().split()]
        return []

    def kill(self) -> int:
        """Stop all, SIGKILL all, let them go: nobody can fork meanwhile, and a frozen process can't die."""
        state = self._folders["freezer"] / "freezer.state"
        with contextlib.suppress(OSError):
            state.write_text("FROZEN")
        pids = set(self.pids())
        for controller in ("freezer", "pids"):  # a process on its way through the groups is in one of them
            with contextlib.suppress(OSError):
                pids |= {int(line) for line in (self._folders[controller] / "cgroup.procs").read_text().split()}
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            state.write_text("THAWED")
        return len(pids)

    def freeze(self) -> bool:
        """Ask for all to stop; True once they have."""
        state = self._folders["freezer"] / "freezer.state"
        state.write_text("FROZEN")
        return state.read_text().strip() == "FROZEN"

    def thaw(self) -> None:
        """Let all run."""
        (self._folders["freezer"] / "freezer.state").write_text("THAWED")

    def remove(self) -> bool:
        """Remove the groups; False while a process is in one."""
        if self._usage >= 0:
            self._forget_watch()
            for descriptor in (self._usage, self._stat, self._oom):
                if descriptor >= 0:
                    os.close(descriptor)
            self._usage = self._stat = self._oom = -1
        for folder in self._folders.values():
            try:
                folder.rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                return False
        return True


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return -1  # a leftover of which only a part is there: it is only killed and removed


def _folders(parent: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return [entry for entry in parent.iterdir() if entry.is_dir()]
    return []
