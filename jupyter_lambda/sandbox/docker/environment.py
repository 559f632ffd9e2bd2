"""One execution environment made of one container.

How a runtime process ends, and what each ending is called:
* somebody called `kill` or `aclose`                            → KILLED
* its memory passed the limit, or the kernel killed for it      → OUT_OF_MEMORY
* it exited, or a signal ended it                               → EXIT, SIGNAL
* the container went: removed by hand, its daemon restarted, … → SIGNAL 9, and the next runtime process gets a new container

Whichever it is, `died` resolves when nothing of the environment runs: the container's first process has killed and buried everything
else, or the container itself is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.sandbox.docker.guest_image import guest_job
from jupyter_lambda.sandbox.docker.job import built_job, worker_job
from jupyter_lambda.sandbox.process.memory_account import GroupAccount, MemoryPeak
from jupyter_lambda.sandbox.process.process_table import descendants
from jupyter_lambda.sandbox.process.watched_process import WatchedProcess
from jupyter_lambda.sandbox.process.zygotes import shadowed_modules
from jupyter_lambda.sandbox.protocol import Channels, Death, DeathCause, EnvironmentSpec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.sandbox.docker.container import Container, Relay

log = logging.getLogger(__name__)
_KILL_SECONDS: Final = 2.0  # how long the first process may take before the whole container goes
_OUT_SHARE: Final = 0.95  # a container that vanished with its memory this full ran out of it


class DockerEnvironment(WatchedProcess):
    """The container and the runtime process in it; made by `DockerSandbox`."""

    def __init__(
        self,
        spec: EnvironmentSpec,
        clock: Clock,
        *,
        container_for: Callable[[EnvironmentSpec], Awaitable[Container]],
        on_active: Callable[[DockerEnvironment], None],
        on_closed: Callable[[DockerEnvironment], None],
    ) -> None:
        super().__init__(spec, clock)
        self._container_for = container_for
        self._on_active = on_active
        self._on_closed = on_closed
        self._container: Container | None = None
        self._relay: Relay | None = None

    # -- beginning ----------------------------------------------------------------------------------------------------------

    async def restart(self, spec: EnvironmentSpec, channels: Channels) -> None:
        """Start a runtime process (the first one too); the descriptors in `channels` are closed here, whatever happens.

        Raises:
            SandboxError: It could not be started, or the one before is still there.
        """
        try:
            self._check_startable()
            container = await self._stand(spec)
            await self._run(container, spec, channels)
        finally:
            for descriptor in channels.all:
                os.close(descriptor)

    async def _stand(self, spec: EnvironmentSpec) -> Container:
        """The environment's container: the one it has, or a new one when that is gone (and `/tmp` with it)."""
        if self._container is not None and not self._container.is_gone:
            return self._container
        if self._container is not None:
            log.warning("environment %s: its container is gone; a new one is made", self.environment_id)
            await self._drop_container()
        container = await self._container_for(spec)
        if self._is_closed:
            await container.aclose()
            raise SandboxError(f"environment {self.environment_id}", "it was closed while its container started", "")
        self._container = container
        self._relay = container.runtime_relay(spec.runtime_api)
        await self._relay.open()
        self._background(container.group.watch(self._limit_bytes, self._on_pressure))
        return container

    async def _run(self, container: Container, spec: EnvironmentSpec, channels: Channels) -> None:
        await container.group.hold_cpu(held=False)
        self._cpu_is_held = False
        fresh = spec.bootstrap is None and bool(shadowed_modules(spec.task_root, container.holder.loaded))
        descriptors = channels.by_name()
        died: asyncio.Future[Death] = self._loop.create_future()
        self._ending = None
        self._kernel_kills = container.group.kernel_kills()
        job = worker_job(spec, fresh=fresh)
        if container.image is not None:
            job = guest_job(job, spec, container.image)
        elif container.order.is_built:
            job = built_job(job, container.order, container.variables)
        inner_pid, self.walled = await container.holder.spawn(
            job, descriptors, lambda status: self._on_death(container, died, status)
        )
        self._died = died
        is_seen = container.first_pid > 0
        pid = host_pid(container.first_pid, inner_pid) if is_seen else inner_pid
        if container.group.is_read:  # also of one that has ended already: what it held is asked for
            self._peak = MemoryPeak(GroupAccount(container.group, pid if is_seen else -1, container.tmp_bytes))
        if died.done() or self._ending is not None:
            return
        self._pid = pid
        if self._peak is not None:
            self._on_active(self)

    # -- memory and CPU -----------------------------------------------------------------------------------------------------

    def init_ended(self) -> None:
        """Hold the CPU share from here on."""
        if not self._cpu_is_held and self._container is not None and self._pid is not None:
            self._cpu_is_held = True
            self._background(self._hold_cpu(self._container))

    async def _hold_cpu(self, container: Container) -> None:
        with contextlib.suppress(SandboxError):  # the container is going, or the daemon: then there is nothing to hold
            await container.group.hold_cpu(held=True)

    async def _release_cpu(self, container: Container) -> None:
        """What dies needs the CPU for it; where the daemon has to be asked, dying does not wait for it."""
        with contextlib.suppress(SandboxError):
            await container.group.hold_cpu(held=False)

    def _kernel_killed(self) -> bool:
        return self._container is not None and self._container.group.kernel_kills() > self._kernel_kills

    # -- ending -------------------------------------------------------------------------------------------------------------

    def _end(self, cause: DeathCause) -> None:
        """Begin to end the process for this cause; `died` says when it is over."""
        if self._ending is None and self._container is not None:
            self._ending = cause
            self._background(self._kill_until_dead(self._container, self._died))

    async def _kill_until_dead(self, container: Container, died: asyncio.Future[Death]) -> None:
        """Ask the first process to kill all others; if that takes too long, the container goes as a whole."""
        self._background(self._release_cpu(container))
        with contextlib.suppress(SandboxError):
            await container.holder.end_workers()
        self._is_frozen = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_KILL_SECONDS):
                await asyncio.shield(died)
        if not died.done():
            log.warning("environment %s: its container did not end its processes and is removed", self.environment_id)
            await container.aclose(by_force=True)
            await died

    def _on_death(self, container: Container, died: asyncio.Future[Death], status: int) -> None:
        """The first process has buried the worker and what it left; or it is gone itself."""
        death = self._explain(container, status)
        self._pid = None
        self._is_frozen = False
        if container.is_gone:
            self._background(self._resolve_when_gone(container, died, death))
        elif not died.done():
            died.set_result(death)

    async def _resolve_when_gone(self, container: Container, died: asyncio.Future[Death], death: Death) -> None:
        await container.until_gone()
        if not died.done():
            died.set_result(death)

    def _explain(self, container: Container, status: int) -> Death:
        code = os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        if self._ending is not None:
            return Death(self._ending, code)
        if container.end_note:
            return Death(DeathCause.SIGNAL, code, container.end_note)
        full = container.is_gone and self._peak is not None and self._peak.last().now_bytes >= self._limit_bytes * _OUT_SHARE
        if full or self._kernel_killed():
            if self._peak is not None:
                self._peak.reached(self._limit_bytes)
            return Death(DeathCause.OUT_OF_MEMORY, code)
        return Death(DeathCause.SIGNAL if os.WIFSIGNALED(status) else DeathCause.EXIT, code)

    # -- stopping and going on ----------------------------------------------------------------------------------------------

    async def freeze(self) -> bool:
        """Stop all processes from running; False when they would not stop, or the daemon refused."""
        container = self._container
        if container is None or self._pid is None or self._ending is not None:
            return False
        self._is_frozen = True
        try:
            if await container.holder.stop_workers():
                return True
            await container.holder.continue_workers()
        except SandboxError as error:
            log.warning("environment %s can't be frozen: %s", self.environment_id, error)
        self._is_frozen = False
        return False

    async def thaw(self) -> None:
        """Let them run again."""
        if self._is_frozen and self._container is not None:
            with contextlib.suppress(SandboxError):  # it is gone: `died` tells
                await self._container.holder.continue_workers()
        self._is_frozen = False
        self._on_active(self)

    async def aclose(self) -> None:
        """End the container and remove everything. Safe to call twice."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._pid is not None:
            await self._end_whole()
        while self._tasks:
            await asyncio.gather(*self._tasks)
        await self._drop_container()
        self._on_closed(self)

    async def _end_whole(self) -> None:
        """The environment is not needed again: the container ends at once, and `died` says so as always."""
        died = self._died
        if self._ending is None:
            self._ending = DeathCause.KILLED
        if self._container is not None:
            await self._container.aclose()
        await asyncio.shield(died)

    async def _drop_container(self) -> None:
        container, relay = self._container, self._relay
        self._container = self._relay = None
        if relay is not None:
            await relay.aclose()
        if container is not None:
            await container.aclose()


def host_pid(first_pid: int, inner_pid: int) -> int:
    """The host's number of a process that a container calls `inner_pid`; the first process's where it can't be seen."""
    for pid in descendants(first_pid):
        with contextlib.suppress(OSError, ValueError):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("NSpid:") and int(line.split()[-1]) == inner_pid:
                    return pid
    return first_pid
