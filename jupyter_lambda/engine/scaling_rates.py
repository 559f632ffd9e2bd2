"""Each function's bucket of new environments, and the clock's call when one who waits in line may have one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_lambda.scheduling import scaling

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.scheduling.concurrency import Refusal

_KEPT: Final = 1_024
_LOOK_SECONDS_MIN: Final = 0.05  # a long line is not looked through more often than this
_LOOK_SECONDS_MAX: Final = 1.0  # others stand behind those who wait for an environment, and may need none


class ScalingRates:
    """Counts new environments.

    Args:
        rate: New environments per function and `scaling.PERIOD_SECONDS`.
        clock: Time.
        loop: Where `again` is called.
        again: Somebody who was refused may be asked again.
    """

    def __init__(self, rate: int, clock: Clock, loop: asyncio.AbstractEventLoop, again: Callable[[], None]) -> None:
        self._rate, self._clock, self._loop, self._again = rate, clock, loop, again
        self._buckets: dict[str, scaling.Bucket] = {}
        self._refused: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    def ask(self, name: str, *, reserved: bool) -> Refusal | None:
        """Why a function may have no new environment now; None when it may."""
        if scaling.left(self._buckets.get(name), self._rate, self._clock.monotonic()) >= 1.0:
            return None
        self._refused.add(name)
        return scaling.refusal(self._rate, reserved=reserved)

    def take(self, name: str) -> None:
        """A function gets a new environment."""
        now = self._clock.monotonic()
        if len(self._buckets) >= _KEPT:
            full = float(self._rate)
            self._buckets = {n: b for n, b in self._buckets.items() if scaling.left(b, self._rate, now) < full}
        self._buckets[name] = scaling.take(self._buckets.get(name), self._rate, now)

    def call_again(self) -> None:
        """Somebody waits: call when the first of those who were refused may have one."""
        if self._timer is None and self._refused:
            now = self._clock.monotonic()
            soonest = min(scaling.seconds_until_one(self._buckets.get(name), self._rate, now) for name in self._refused)
            self._timer = self._loop.call_later(min(_LOOK_SECONDS_MAX, max(_LOOK_SECONDS_MIN, soonest)), self._call)

    def close(self) -> None:
        """Call no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _call(self) -> None:
        self._timer = None
        self._refused.clear()
        self._again()
