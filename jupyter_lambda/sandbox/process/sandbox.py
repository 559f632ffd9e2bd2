"""The process sandbox: execution environments as processes of this machine, behind the best walls it offers.

It isolates mistakes, not hostile code. `open_process_sandbox` finds out which walls there are; `allow` takes some away, so that
tests can stand where a less fortunate host stands.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.errors import InvalidRuntime, SandboxError
from jupyter_lambda.model import limits
from jupyter_lambda.sandbox.own_names import write_hosts
from jupyter_lambda.sandbox.process import process_table
from jupyter_lambda.sandbox.process.enforcement import enforcement
from jupyter_lambda.sandbox.process.environment import ProcessEnvironment
from jupyter_lambda.sandbox.process.find_groups import find_groups
from jupyter_lambda.sandbox.process.groups import MIB, Group, GroupLimits, GroupMaker
from jupyter_lambda.sandbox.process.sampler import Sampler
from jupyter_lambda.sandbox.process.spawn_request import MARKER, own_python, spawn_request
from jupyter_lambda.sandbox.process.tier import EVERYTHING, Tier, choose_tier, probe_host
from jupyter_lambda.sandbox.process.zygotes import Zygotes, shadowed_modules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.model.environment import Enforcement
    from jupyter_lambda.model.host import ImageBuildView
    from jupyter_lambda.sandbox.process.zygote import Zygote
    from jupyter_lambda.sandbox.protocol import Channels, EnvironmentSpec, ImageSpec, MemoryLender

ZYGOTE_IDLE_SECONDS: Final = 1_800.0
_BURYING_SECONDS: Final = 0.01
_KERNEL_MEMORY_BYTES: Final = 16 * MIB  # page tables and stacks are charged to the group too: room above memory and /tmp


async def open_process_sandbox(
    home: Path,
    boot_id: str,
    clock: Clock,
    *,
    run_folder: Path,
    zygote_idle_seconds: float = ZYGOTE_IDLE_SECONDS,
    allow: frozenset[str] = EVERYTHING,
) -> ProcessSandbox:
    """Find the walls of this host and return a sandbox that uses them.

    Args:
        home: The engine's home: closed to workers, and what tells two engines' leftovers apart.
        boot_id: This engine's own; what carries another one of the same home is a leftover.
        clock: Time.
        run_folder: Where environments without a private `/tmp` get a folder; 0700, ours alone.
        zygote_idle_seconds: How long a zygote without environments is kept warm.
        allow: Which walls may be used: "cgroup", "namespaces", "landlock", "seccomp".

    Raises:
        SandboxError: This is no Linux, or probing failed.
    """
    if sys.platform != "linux":
        raise SandboxError("process sandbox", f"it needs Linux, and this is {sys.platform}", "Use --sandbox docker.")
    probe = await asyncio.to_thread(probe_host)
    groups = find_groups(_home_id(home), boot_id) if "cgroup" in allow else None
    tier = choose_tier(probe, groups, allow)
    return ProcessSandbox(home, boot_id, clock, tier, groups, run_folder=run_folder, zygote_idle_seconds=zygote_idle_seconds)


class ProcessSandbox:
    """Makes execution environments of processes."""

    kind = "process"
    starts_at_a_time: int | None = None

    def __init__(
        self,
        home: Path,
        boot_id: str,
        clock: Clock,
        tier: Tier,
        groups: GroupMaker | None,
        *,
        run_folder: Path,
        zygote_idle_seconds: float,
    ) -> None:
        self.tier = tier
        self._home = home.resolve()
        self._home_id = _home_id(home)
        self._boot_id = boot_id
        self._clock = clock
        self._groups = groups
        self._tmp_folders = run_folder / "tmp"
        self._zygotes = Zygotes(clock, own_python(), zygote_idle_seconds, f"{MARKER}={self._home_id}/{boot_id}/zygote")
        self._sampler = Sampler(clock, self._zygotes.retire_idle)
        self._hosts_file: Path | None = None
        self._environments: set[ProcessEnvironment] = set()
        self._is_closed = False

    async def start(self, spec: EnvironmentSpec, channels: Channels) -> ProcessEnvironment:
        """Make an environment and start its runtime process; the descriptors in `channels` are closed here, whatever happens.

        Raises:
            SandboxError: It could not be made.
            InvalidRuntime: The interpreter is gone, or is another minor version now.
        """
        try:
            environment = self._make(spec, await self._zygotes.get(spec))
        except BaseException:
            for descriptor in channels.all:
                os.close(descriptor)
            raise
        self._environments.add(environment)
        try:
            await environment.restart(spec, channels)
        except BaseException:
            await environment.aclose()
            raise
        return environment

    def _make(self, spec: EnvironmentSpec, zygote: Zygote) -> ProcessEnvironment:
        if self._is_closed:
            raise SandboxError("process sandbox", "it is closed", "Start the engine again.")
        groups = self._groups
        has_own_mounts = self.tier.namespaces is not None
        tmp_folder = None if has_own_mounts else self._new_tmp_folder(spec.environment_id)
        fresh = spec.bootstrap is None and bool(shadowed_modules(spec.task_root, zygote.loaded))
        marker = f"{self._home_id}/{self._boot_id}/{spec.environment_id}"
        made = 0

        hosts = self._hosts() if spec.extensions and has_own_mounts else None

        def plan(planned: EnvironmentSpec, join_files: tuple[str, ...]) -> dict[str, Any]:
            return spawn_request(
                planned, self.tier, home=self._home, tmp_folder=tmp_folder, join_files=join_files,
                interpreter_path=zygote.import_folders, fresh=fresh, marker=marker, hosts=hosts,
            )  # fmt: skip

        def new_group() -> Group:
            nonlocal made
            made += 1
            assert groups is not None  # noqa: S101 - only called where there are groups
            return groups.make(f"{spec.environment_id}.{made}", _group_limits(spec))

        return ProcessEnvironment(
            spec, zygote, self._clock, plan=plan, new_group=new_group if groups else None,
            groups_are_reusable=groups.reusable if groups else False, tmp_folder=tmp_folder, has_own_mounts=has_own_mounts,
            bury_orphans=self._bury_orphans, on_active=self._sampler.wake, on_closed=self._forget,
        )  # fmt: skip

    def _hosts(self) -> Path | None:
        """The file that stands for `/etc/hosts` where there are extensions; written when it is first asked for."""
        if self._hosts_file is None:
            self._hosts_file = write_hosts(self._tmp_folders / self._boot_id)
        return self._hosts_file

    async def _bury_orphans(self) -> None:
        """End every process of this boot that no living zygote is above."""
        while await asyncio.to_thread(self._kill_orphans):
            await self._clock.sleep(_BURYING_SECONDS)

    def _kill_orphans(self) -> int:
        # In this order: who is forked meanwhile is among the descendants, if it is marked at all.
        marked = process_table.marked(f"{MARKER}={self._home_id}/{self._boot_id}/").keys()
        zygotes = set(self._zygotes.pids)
        orphans = marked - zygotes - {pid for zygote in zygotes for pid in process_table.descendants(zygote)}
        return sum(process_table.kill(pid) for pid in orphans)

    def _new_tmp_folder(self, environment_id: str) -> Path:
        folder = self._tmp_folders / self._boot_id / environment_id
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def _forget(self, environment: ProcessEnvironment) -> None:
        self._sampler.remove(environment)
        self._environments.discard(environment)

    async def prepare(self, spec: EnvironmentSpec) -> None:
        """Warm a zygote for such specs; what goes wrong is said at `start`."""
        with contextlib.suppress(SandboxError, InvalidRuntime):
            await self._zygotes.prepare(spec)

    async def ensure_image(self, spec: ImageSpec, tell: Callable[[str], None]) -> str:
        """There are no images here."""
        return ""

    def image_builds(self) -> tuple[ImageBuildView, ...]:
        """None is ever built."""
        return ()

    def enforcement(self) -> tuple[Enforcement, ...]:
        """What holds each limit on this host."""
        return enforcement(self.tier)

    def borrow_from(self, lender: MemoryLender) -> None:
        """Nothing of one function's waits here: a zygote is everybody's."""

    async def sweep(self) -> int:
        """End what earlier engines of this home left: processes, control groups, folders."""
        return await asyncio.to_thread(self._sweep)

    def _sweep(self) -> int:
        removed = self._groups.sweep() if self._groups else 0
        own = f"{self._boot_id}/"
        for pid, rest in process_table.marked(f"{MARKER}={self._home_id}/").items():
            if not rest.startswith(own):
                removed += process_table.kill(pid)
        if self._tmp_folders.is_dir():
            for folder in [entry for entry in self._tmp_folders.iterdir() if entry.name != self._boot_id]:
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        return removed

    async def aclose(self) -> None:
        """End everything. Safe to call twice."""
        self._is_closed = True
        await asyncio.gather(*(environment.aclose() for environment in list(self._environments)))
        await self._sampler.aclose()
        await self._zygotes.aclose()
        if self._groups is not None:
            self._groups.close()
        await asyncio.to_thread(shutil.rmtree, self._tmp_folders / self._boot_id, ignore_errors=True)


def _home_id(home: Path) -> str:
    return hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]


def _group_limits(spec: EnvironmentSpec) -> GroupLimits:
    memory = (spec.memory_mib + spec.ephemeral_mib) * MIB + _KERNEL_MEMORY_BYTES
    return GroupLimits(memory, spec.memory_mib / limits.MEMORY_MIB_PER_VCPU, limits.PROCESSES)
