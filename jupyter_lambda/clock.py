"""The only room that reads time or sleeps: a `Clock` arrives as an argument wherever time matters."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Reads time, and waits.

    `monotonic` never goes back and is what durations and deadlines are made of; `epoch` is the wall clock, for what people
    read and for Lambda's `-Deadline-Ms` header, and may jump.
    """

    def monotonic(self) -> float:
        """Seconds since some fixed point; only differences mean anything."""
        ...

    def epoch(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; returns at once for zero or less."""
        ...


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Seconds since boot; the same in every process of this machine (CLOCK_MONOTONIC on Linux)."""
        return time.monotonic()

    def epoch(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait on the running event loop."""
        await asyncio.sleep(max(0.0, seconds))


def pause(seconds: float) -> None:
    """Block the calling thread; only for synchronous clients, never on an event loop."""
    time.sleep(max(0.0, seconds))
