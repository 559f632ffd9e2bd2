"""One environment's runtime process, as whoever watches it sees it: alive or how it died, what it holds, and its end when that is too much.

Both sandboxes have it; how a process is started, counted and ended is theirs.
"""

from __future__ import annotations

import abc
import asyncio
from typing import TYPE_CHECKING, Any

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.model import limits
from jupyter_lambda.sandbox.process.groups import MIB
from jupyter_lambda.sandbox.protocol import Death, DeathCause, EnvironmentSpec, MemoryReading

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.sandbox.process.memory_account import MemoryPeak


class WatchedProcess(abc.ABC):
    """The present runtime process of an environment, and what its maker has to say of it."""

    def __init__(self, spec: EnvironmentSpec, clock: Clock) -> None:
        self.environment_id = spec.environment_id
        self.walled = 0.0
        self._clock = clock
        self._limit_bytes = spec.memory_mib * MIB
        self._loop = asyncio.get_running_loop()
        self._pid: int | None = None
        self._died: asyncio.Future[Death] = self._loop.create_future()
        self._ending: DeathCause | None = None
        self._peak: MemoryPeak | None = None
        self._kernel_kills = 0
        self._is_frozen = False
        self._is_closed = False
        self._cpu_is_held = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def pid(self) -> int | None:
        """The runtime process as this host counts (as its container does, where this host sees none of it), None when it is dead."""
        return self._pid

    @property
    def died(self) -> asyncio.Future[Death]:
        """Resolves when the present runtime process and all it started are gone."""
        return self._died

    @property
    def is_sampled(self) -> bool:
        """Whether there is anything to watch now."""
        return self._pid is not None and not self._is_frozen and self._ending is None

    @abc.abstractmethod
    def init_ended(self) -> None:
        """Hold the CPU share from here on."""

    @abc.abstractmethod
    def _kernel_killed(self) -> bool:
        """Whether the kernel has killed for memory since the process began."""

    @abc.abstractmethod
    def _end(self, cause: DeathCause) -> None:
        """Begin to end the process for this cause; `died` says when it is over."""

    def memory(self) -> MemoryReading:
        """Read memory now."""
        self.init_ended()  # asked after an invocation: init is over, whether or not that was said
        return MemoryReading(0, 0) if self._peak is None else self._peak.refresh()

    def sample(self) -> bool:
        """Read memory if something changed and end the environment if it is out; returns whether something changed."""
        if self._peak is None or not self.is_sampled:
            return False
        if not self._cpu_is_held and self._clock.monotonic() > self.walled + limits.INIT_SECONDS_MAX:
            self.init_ended()
        before = self._peak.last()
        reading = self._peak.refresh()
        if reading.now_bytes >= self._limit_bytes or self._kernel_killed():
            self._peak.reached(self._limit_bytes)
            self._end(DeathCause.OUT_OF_MEMORY)
        return reading != before

    def _on_pressure(self) -> None:
        """The kernel says that usage crosses the function's memory, or that it has killed."""
        self.sample()

    async def kill(self) -> None:
        """End every process (but a container's own); returns when all are gone."""
        if self._pid is None:
            return
        died = self._died
        self._end(DeathCause.KILLED)
        await asyncio.shield(died)

    def _check_startable(self) -> None:
        if self._is_closed or self._pid is not None:
            what = "it is closed" if self._is_closed else "its runtime process is still there"
            raise SandboxError(f"environment {self.environment_id}", what, "Start another one.")

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
