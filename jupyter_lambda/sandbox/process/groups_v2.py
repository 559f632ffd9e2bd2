"""Control groups, version 2, where a part of the tree is delegated to us (systemd's `Delegate=yes`, a container's own tree).

A group with processes may have no controllers for its children, so this process first moves itself and whoever shares its group to
a leaf of their own. `/tmp` is charged to the group as in version 1; there is no notification, so the sampler watches.
A group is never used again once its processes were killed: after `cgroup.kill`, kernels were seen to kill later members at once.

Source: Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_lambda.sandbox.process.groups import CPU_PERIOD_US, GroupLimits, GroupMemory

if TYPE_CHECKING:
    from collections.abc import Callable

_TOP = Path("/sys/fs/cgroup")
_LEAF = "jupyter-lambda-engine"
_NEEDED = {"memory", "pids"}


def delegated_folder() -> Path | None:
    """Our own group's folder, if it is ours to divide and names the controllers we need."""
    own = ""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        if not line.startswith("0::"):
            return None  # version 1 holds the controllers
        own = line[3:]
    folder = _TOP / own.lstrip("/")
    if folder.name == _LEAF:
        folder = folder.parent
    try:
        controllers = set((folder / "cgroup.controllers").read_text().split())
    except OSError:
        return None
    writable = all(os.access(folder / name, os.W_OK) for name in ("", "cgroup.procs", "cgroup.subtree_control"))
    return folder if controllers >= _NEEDED and writable else None


class GroupsV2:
    """Makes version 2 groups below a parent of this home and boot."""

    kind = "cgroup v2"
    reusable = False

    def __init__(self, folder: Path, home_id: str, boot_id: str) -> None:
        controllers = set((folder / "cgroup.controllers").read_text().split())
        self.holds_cpu = "cpu" in controllers
        self._home = folder / f"jupyter-lambda-{home_id}"
        self._boot_id = boot_id
        wanted = " ".join(f"+{name}" for name in ("memory", "pids", "cpu") if name in controllers)
        _move_to_leaf(folder)
        boot = self._home / boot_id
        boot.mkdir(parents=True, exist_ok=True)
        for parent in (folder, self._home, boot):
            (parent / "cgroup.subtree_control").write_text(wanted)

    def make(self, name: str, limits: GroupLimits) -> GroupV2:
        """Make one environment's group."""
        folder = self._home / self._boot_id / name
        folder.mkdir()
        (folder / "memory.max").write_text(str(limits.memory_bytes))
        (folder / "pids.max").write_text(str(limits.processes))
        for file, text in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
            with contextlib.suppress(OSError):
                (folder / file).write_text(text)
        return GroupV2(folder, cpu_quota_us=max(1_000, int(limits.cpus * CPU_PERIOD_US)) if self.holds_cpu else 0)

    def sweep(self) -> int:
        """End what earlier boots left."""
        found = 0
        for boot in [entry for entry in _folders(self._home) if entry.name != self._boot_id]:
            for folder in _folders(boot):
                group = GroupV2(folder)
                found += 1
                for _ in range(_SWEEP_ROUNDS):
                    group.kill()
                    if group.remove():
                        break
            with contextlib.suppress(OSError):
                boot.rmdir()
        return found

    def close(self) -> None:
        """Remove this boot's parent, and the home's if no other engine uses it."""
        for folder in (self._home / self._boot_id, self._home):
            with contextlib.suppress(OSError):
                folder.rmdir()


_SWEEP_ROUNDS = 200


class GroupV2:
    """One environment's group."""

    def __init__(self, folder: Path, cpu_quota_us: int = 0) -> None:
        self._folder = folder
        self._cpu_quota_us = cpu_quota_us
        self.join_files: tuple[str, ...] = (str(folder / "cgroup.procs"),)
        self._current = os.open(folder / "memory.current", os.O_RDONLY | os.O_CLOEXEC)
        self._stat = os.open(folder / "memory.stat", os.O_RDONLY | os.O_CLOEXEC)
        self._events = os.open(folder / "memory.events", os.O_RDONLY | os.O_CLOEXEC)

    def usage(self) -> int:
        """Bytes charged now."""
        return int(os.pread(self._current, 32, 0))

    def memory(self) -> GroupMemory:
        """Read what is held now."""
        figures = dict(line.split(" ") for line in os.pread(self._stat, 8192, 0).decode().splitlines())
        return GroupMemory(int(figures["anon"]), int(figures.get("shmem", 0)))

    def most_charged(self) -> int:
        """The most that was ever charged; before Linux 5.19 what is charged now."""
        try:
            return int((self._folder / "memory.peak").read_text())
        except FileNotFoundError:
            return self.usage()

    def hold_cpu(self, *, held: bool) -> None:
        """Set or lift the quota, where the controller is delegated."""
        if self._cpu_quota_us:
            (self._folder / "cpu.max").write_text(f"{self._cpu_quota_us if held else 'max'} {CPU_PERIOD_US}")
            with contextlib.suppress(OSError):  # from Linux 5.14: what was not used in one period may be used in the next
                (self._folder / "cpu.max.burst").write_text(str(self._cpu_quota_us if held else 0))

    def take_limits(self, limits: GroupLimits) -> None:
        """Hold memory and CPU to other limits from now on.

        Raises:
            OSError: The files may not be written.
        """
        self._cpu_quota_us = max(1_000, int(limits.cpus * CPU_PERIOD_US))
        (self._folder / "memory.max").write_text(str(limits.memory_bytes))

    def kernel_kills(self) -> int:
        """How many processes the kernel has killed for memory in this group."""
        for line in os.pread(self._events, 512, 0).decode().splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
        return 0

    async def watch(self, at_bytes: int, on_reached: Callable[[], None]) -> None:
        """Nothing to ask for in version 2: the sampler reads."""

    def pids(self) -> list[int]:
        """The processes in the group."""
        with contextlib.suppress(OSError):
            return [int(line) for line in Path(self.join_files[0]).read_text().split()]
        return []

    def kill(self) -> int:
        """SIGKILL every process, frozen ones too."""
        found = len(self.pids())
        with contextlib.suppress(OSError):
            (self._folder / "cgroup.kill").write_text("1")
        return found

    def freeze(self) -> bool:
        """Ask for all to stop; True once they have."""
        (self._folder / "cgroup.freeze").write_text("1")
        return "frozen 1" in (self._folder / "cgroup.events").read_text()

    def thaw(self) -> None:
        """Let all run."""
        (self._folder / "cgroup.freeze").write_text("0")

    def remove(self) -> bool:
        """Remove the group; False while a process is in it."""
        if self._current >= 0:
            for descriptor in (self._current, self._stat, self._events):
                os.close(descriptor)
            self._current = self._stat = self._events = -1
        try:
            self._folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True


def _move_to_leaf(folder: Path) -> None:
    leaf = folder / _LEAF
    leaf.mkdir(exist_ok=True)
    for pid in (folder / "cgroup.procs").read_text().split():
        with contextlib.suppress(OSError):
            (leaf / "cgroup.procs").write_text(pid)


def _folders(parent: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return [entry for entry in parent.iterdir() if entry.is_dir()]
    return []
