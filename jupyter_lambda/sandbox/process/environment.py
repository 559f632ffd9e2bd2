"""One execution environment made of processes of this machine.

How a runtime process ends, and what each ending is called:
* somebody called `kill` or `aclose`                       → KILLED
* its memory passed the limit, or the kernel killed for it → OUT_OF_MEMORY
* it exited, or a signal ended it                          → EXIT, SIGNAL
* the zygote died and took it along                        → SIGNAL 9

Whichever it is, `died` resolves when nothing of the environment is left: the zygote has buried the process and all it left behind,
and the control group, where there is one, is empty.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.sandbox.process.memory_account import GroupAccount, MemoryPeak, TreeAccount
from jupyter_lambda.sandbox.process.watched_process import WatchedProcess
from jupyter_lambda.sandbox.protocol import Channels, Death, DeathCause, EnvironmentSpec

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.sandbox.process.groups import Group
    from jupyter_lambda.sandbox.process.zygote import Zygote

_ROUND_SECONDS: Final = 0.002  # between two looks while processes are dying
_FREEZE_ROUNDS: Final = 50


Plan = Callable[[EnvironmentSpec, tuple[str, ...]], dict[str, Any]]  # (spec, files to join groups by) → spawn request


class ProcessEnvironment(WatchedProcess):
    """The walls and the runtime process behind them; made by `ProcessSandbox`."""

    def __init__(
        self,
        spec: EnvironmentSpec,
        zygote: Zygote,
        clock: Clock,
        *,
        plan: Plan,
        new_group: Callable[[], Group] | None,
        groups_are_reusable: bool,
        tmp_folder: Path | None,
        has_own_mounts: bool,
        bury_orphans: Callable[[], Awaitable[None]],
        on_active: Callable[[ProcessEnvironment], None],
        on_closed: Callable[[ProcessEnvironment], None],
    ) -> None:
        super().__init__(spec, clock)
        self.zygote = zygote
        self._plan = plan
        self._new_group = new_group
        self._groups_are_reusable = groups_are_reusable
        self._group: Group | None = None
        self._tmp_folder = tmp_folder
        self._has_own_mounts = has_own_mounts
        self._namespaces: dict[str, int] = {}  # kept open: a successor enters them, and /tmp lives as long as they do
        self._tmp_descriptor = -1
        self._bury_orphans = bury_orphans
        self._on_active = on_active
        self._on_closed = on_closed
        self._account: GroupAccount | None = None

    # -- beginning ----------------------------------------------------------------------------------------------------------

    async def restart(self, spec: EnvironmentSpec, channels: Channels) -> None:
        """Start a runtime process (the first one too); the descriptors in `channels` are closed here, whatever happens.

        Raises:
            SandboxError: It could not be started, or the one before is still there.
        """
        try:
            self._check_startable()
            self._take_group()
            if self._group is not None and self._cpu_is_held:
                self._group.hold_cpu(held=False)
            self._cpu_is_held = False
            request = self._plan(spec, self._group.join_files if self._group else ())
            descriptors = {**channels.by_name(), **self._namespaces}
            died: asyncio.Future[Death] = self._loop.create_future()
            self._ending = None
            self._kernel_kills = self._group.kernel_kills() if self._group else 0
            pid, self.walled = await self.zygote.spawn(request, descriptors, lambda status: self._on_death(died, status))
        finally:
            for descriptor in channels.all:
                os.close(descriptor)
        self._died = died
        if died.done() or self._ending is not None:
            if self._group is not None:
                self._peak = MemoryPeak(GroupAccount(self._group, pid, self._tmp_bytes), self._group.most_charged)
            return
        self._pid = pid
        if self._is_closed:  # while the process was being started
            await self.kill()
            raise SandboxError(f"environment {self.environment_id}", "it was closed while it started")
        self._keep_namespaces(pid)
        self._watch_memory(pid)
        self._on_active(self)

    def _take_group(self) -> None:
        if self._new_group is None or (self._group is not None and self._groups_are_reusable):
            return
        if self._group is not None:
            self._background(self._remove(self._group))
        try:
            self._group = self._new_group()
        except OSError as error:
            raise SandboxError(
                f"environment {self.environment_id}",
                f"no control group could be made for it ({error})",
                "See `jupyter lambda doctor`.",
            ) from error

    def _keep_namespaces(self, pid: int) -> None:
        if not self._has_own_mounts or self._namespaces:
            return
        with contextlib.suppress(OSError):  # it may have ended already; a successor then gets a new /tmp
            names = {"mount_ns": "mnt", "user_ns": "user"} if os.geteuid() else {"mount_ns": "mnt"}
            found = {key: os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC) for key, name in names.items()}
            self._tmp_descriptor = os.open(f"/proc/{pid}/root/tmp", os.O_PATH | os.O_CLOEXEC)
            self._namespaces = found

    def _tmp_bytes(self) -> int:
        """What `/tmp` holds, where it is a file system of its own."""
        if self._tmp_descriptor < 0:
            return 0
        figures = os.fstatvfs(self._tmp_descriptor)
        return (figures.f_blocks - figures.f_bfree) * figures.f_frsize

    # -- memory -------------------------------------------------------------------------------------------------------------

    def _watch_memory(self, pid: int) -> None:
        if self._group is None:
            self._account, self._peak = None, MemoryPeak(TreeAccount(pid))
        else:
            self._account = GroupAccount(self._group, pid, self._tmp_bytes)
            self._peak = MemoryPeak(self._account, self._group.most_charged)
            self._background(self._group.watch(self._limit_bytes, self._on_pressure))

    def init_ended(self) -> None:
        """Hold the CPU share from here on."""
        if not self._cpu_is_held and self._group is not None and self._pid is not None:
            self._group.hold_cpu(held=True)
            self._cpu_is_held = True

    def _kernel_killed(self) -> bool:
        return self._group is not None and self._group.kernel_kills() > self._kernel_kills

    # -- ending -------------------------------------------------------------------------------------------------------------

    def _end(self, cause: DeathCause) -> None:
        """Begin to end the process for this cause; `died` says when it is over."""
        if self._ending is None:
            self._ending = cause
            self._background(self._kill_until_dead(self._died))

    async def _kill_until_dead(self, died: asyncio.Future[Death]) -> None:
        while not died.done():
            if self._group is not None:
                self._group.kill()
            elif self._pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._pid, signal.SIGKILL)  # it leads a session; what left that is the zygote's to bury
            await self._clock.sleep(_ROUND_SECONDS)

    def _on_death(self, died: asyncio.Future[Death], status: int) -> None:
        """The zygote has buried the runtime process and what it left."""
        death = self._explain(status)
        self._pid = None
        self._is_frozen = False
        if self._group is not None and self._group.pids():
            self._background(self._empty_group(self._group, died, death))
        elif self._group is None and self.zygote.is_gone:
            self._background(self._bury(died, death))
        else:
            _resolve(died, death)

    def _explain(self, status: int) -> Death:
        code = os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        if self._ending is not None:
            return Death(self._ending, code)
        with contextlib.suppress(OSError, ValueError):
            if self._kernel_killed():
                if self._peak is not None:
                    self._peak.reached(self._limit_bytes)
                return Death(DeathCause.OUT_OF_MEMORY, code)
        return Death(DeathCause.SIGNAL if os.WIFSIGNALED(status) else DeathCause.EXIT, code)

    async def _empty_group(self, group: Group, died: asyncio.Future[Death], death: Death) -> None:
        while group.kill():
            await self._clock.sleep(_ROUND_SECONDS)
        _resolve(died, death)

    async def _bury(self, died: asyncio.Future[Death], death: Death) -> None:
        """The zygote can't any more: what the process left behind is nobody's."""
        await self._bury_orphans()
        _resolve(died, death)

    # -- stopping and going on ----------------------------------------------------------------------------------------------

    async def freeze(self) -> bool:
        """Stop all processes from running; False without a control group, or when they would not stop."""
        if self._group is None or self._pid is None or self._ending is not None:
            return False
        self._is_frozen = True
        for _ in range(_FREEZE_ROUNDS):
            if self._group.freeze():
                return True
            await self._clock.sleep(_ROUND_SECONDS)
        await self.thaw()
        return False

    async def thaw(self) -> None:
        """Let them run again."""
        if self._is_frozen and self._group is not None:
            self._group.thaw()
        self._is_frozen = False
        self._on_active(self)

    async def aclose(self) -> None:
        """End and remove everything. Safe to call twice."""
        if self._is_closed:
            return
        self._is_closed = True
        await self.kill()
        while self._tasks:
            await asyncio.gather(*self._tasks)
        for descriptor in (*self._namespaces.values(), self._tmp_descriptor):
            if descriptor >= 0:
                os.close(descriptor)
        self._namespaces, self._tmp_descriptor = {}, -1
        if self._group is not None:
            await self._remove(self._group)
        if self._tmp_folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._tmp_folder, ignore_errors=True)
        self._on_closed(self)

    async def _remove(self, group: Group) -> None:
        while not group.remove():
            group.kill()
            await self._clock.sleep(_ROUND_SECONDS)


def _resolve(died: asyncio.Future[Death], death: Death) -> None:
    if not died.done():
        died.set_result(death)
