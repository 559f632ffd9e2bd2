"""Why an engine stops, and who may say so: signals, the API, and its own idleness."""

from __future__ import annotations

import asyncio
import signal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.clock import Clock

_LOOK_SECONDS_MAX: Final = 5.0
_LOOKS_PER_SPAN: Final = 10


class StopReason(StrEnum):
    """Why an engine stops, in words for its log."""

    SIGNALLED = "a signal"
    ASKED = "asked over the API"
    DRAINED = "asked over the API to make room, once what runs has ended"
    IDLE = "nothing to do for long"
    HOME_GONE = "its home was removed, or is another engine's now"


class StopRequests:
    """Collects requests to stop: the first is a clean stop, a signal after a signal ends the process at once.

    Args:
        end_at_once: Called on the second signal; does not return.
    """

    def __init__(self, end_at_once: Callable[[], None]) -> None:
        self._end_at_once = end_at_once
        self._requests: asyncio.Queue[StopReason] = asyncio.Queue()
        self._was_signalled = False

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take this process's SIGTERM and SIGINT; a terminal that closes (SIGHUP) is no reason to end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.on_signal)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def on_signal(self) -> None:
        """A signal came."""
        if self._was_signalled:
            self._end_at_once()
        self._was_signalled = True
        self._requests.put_nowait(StopReason.SIGNALLED)

    def ask(self, drain: bool) -> None:
        """Somebody with the token asked; returns at once."""
        self._requests.put_nowait(StopReason.DRAINED if drain else StopReason.ASKED)

    async def wait(self) -> StopReason:
        """The next request, in the order in which they came."""
        return await self._requests.get()


async def watch_idleness(
    is_idle: Callable[[], bool], home_stands: Callable[[], bool], idle_seconds: float, clock: Clock
) -> StopReason:
    """Return when an engine was idle for `idle_seconds` at every look, or its home is gone."""
    period = min(_LOOK_SECONDS_MAX, idle_seconds / _LOOKS_PER_SPAN)
    idle_since: float | None = None
    while True:
        await clock.sleep(period)
        if not home_stands():
            return StopReason.HOME_GONE
        now = clock.monotonic()
        if not is_idle():
            idle_since = None
        elif idle_since is None:
            idle_since = now
        elif now - idle_since >= idle_seconds:
            return StopReason.IDLE
