"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio


class ManualClock:
    """Implements `Clock`: `advance` moves both readings and wakes whoever waited long enough.

    Args:
        epoch: The wall clock's reading at the start, in epoch seconds.
    """

    def __init__(self, epoch: float = 1_795_600_800.0) -> None:
        self._epoch = epoch
        self._monotonic = 1_000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []
        self._somebody_sleeps = asyncio.Event()

    def monotonic(self) -> float:
        """Seconds since some fixed point."""
        return self._monotonic

    def epoch(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return self._epoch

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved that far; zero or less only lets others run."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._monotonic + seconds, woken))
        self._somebody_sleeps.set()
        await woken

    def advance(self, seconds: float) -> None:
        """Move the clock; sleepers wake in the order of their times."""
        self._monotonic += seconds
        self._epoch += seconds
        due = sorted((s for s in self._sleepers if s[0] <= self._monotonic), key=lambda s: s[0])
        self._sleepers = [s for s in self._sleepers if s[0] > self._monotonic]
        if not self._sleepers:
            self._somebody_sleeps.clear()
        for _, woken in due:
            if not woken.done():
                woken.set_result(None)

    async def until_sleeping(self) -> None:
        """Wait until somebody waits for this clock: only then is moving it of use."""
        await self._somebody_sleeps.wait()

    @property
    def sleeping(self) -> int:
        """How many wait."""
        return sum(not woken.done() for _, woken in self._sleepers)
