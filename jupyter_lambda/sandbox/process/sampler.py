"""One task that looks at the memory of all environments, often while something moves in one and rarely while nothing does."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final, Protocol

from jupyter_lambda.sandbox.process.enforcement import SAMPLE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.clock import Clock

_SECOND: Final = 1.0
_SLOWEST: Final = 8  # an environment in which nothing moves is looked at every eighth time


class Sampled(Protocol):
    """What can be looked at."""

    @property
    def is_sampled(self) -> bool:
        """Whether there is anything to see now."""
        ...

    def sample(self) -> bool:
        """Look; returns whether something changed."""
        ...


class Sampler:
    """Looks at environments until it is closed; while there is nothing to look at, it wakes once a second."""

    def __init__(self, clock: Clock, each_second: Callable[[], None]) -> None:
        self._clock = clock
        self._each_second = each_second
        self._turns: dict[Sampled, tuple[int, int]] = {}  # (ticks until its turn, ticks between its turns)
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self, environment: Sampled) -> None:
        """Begin to look at an environment, or look at it often again: something is about to happen in it."""
        self._turns[environment] = (0, 1)
        self._some.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="memory sampler")

    def remove(self, environment: Sampled) -> None:
        """Look at it no more."""
        self._turns.pop(environment, None)

    async def _run(self) -> None:
        seconds = 0.0
        while True:
            if not any(environment.is_sampled for environment in self._turns):
                self._some.clear()
                await self._until_some()
                self._each_second()
                continue
            ticks = self._look_at_all()
            seconds += ticks * SAMPLE_SECONDS
            if seconds >= _SECOND:
                seconds = 0.0
                self._each_second()
            await self._clock.sleep(ticks * SAMPLE_SECONDS)

    async def _until_some(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SECOND):
                await self._some.wait()

    def _look_at_all(self) -> int:
        """Look at those whose turn it is; returns how many ticks until the next one's turn."""
        sampled = [environment for environment in self._turns if environment.is_sampled]
        for environment in sampled:
            ticks, interval = self._turns[environment]
            if ticks <= 0:
                interval = 1 if environment.sample() else min(_SLOWEST, interval * 2)
                self._turns[environment] = (interval, interval)
        soonest = min(self._turns[environment][0] for environment in sampled)
        for environment in sampled:
            ticks, interval = self._turns[environment]
            self._turns[environment] = (ticks - soonest, interval)
        return soonest

    async def aclose(self) -> None:
        """Stop looking. Safe to call twice."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
