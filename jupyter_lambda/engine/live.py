"""What just changed, for whoever watches: numbered changes, a ring of the latest, and queues that a slow reader can't fill.

A watcher that falls behind by more than its queue holds is told so once (`resync`) and starts again from a snapshot; nobody waits
for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

RING: Final = 4_096
QUEUE: Final = 1_024


class Change(msgspec.Struct, frozen=True):
    """One change; `kind` is e.g. `invocation`, `environment`, `function`, and `body` a struct of `model`."""

    number: int
    kind: str
    body: Any


class Watcher:
    """A reader's queue of changes."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue(QUEUE)
        self._news = asyncio.Event()
        self.missed = False
        self.ended = False

    def offer(self, change: Change | None) -> None:
        """Queue a change, or note that the reader missed it."""
        try:
            self._queue.put_nowait(change)
        except asyncio.QueueFull:
            self.missed = True
        self.touch()

    def touch(self) -> None:
        """Something is worth a look that is no change of its own."""
        self._news.set()

    async def news(self) -> None:
        """Wait until there is something new since the last call."""
        await self._news.wait()
        self._news.clear()

    def take(self) -> list[Change]:
        """What is queued now; `ended` is true from the engine's stop on."""
        taken = []
        while not self._queue.empty():
            change = self._queue.get_nowait()
            if change is None:
                self.ended = True
            else:
                taken.append(change)
        return taken

    async def changes(self) -> AsyncIterator[Change]:
        """Changes as they come, until the engine stops; look at `missed` after each."""
        while (change := await self._queue.get()) is not None:
            yield change

    def restart(self) -> None:
        """Forget what is queued: the reader starts again from a snapshot."""
        self.missed = False
        while not self._queue.empty():
            self._queue.get_nowait()


class Live:
    """Publishes changes to watchers."""

    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()
        self._ring: deque[Change] = deque(maxlen=RING)
        self.number = 0

    @property
    def watchers(self) -> int:
        """How many watch."""
        return len(self._watchers)

    def publish(self, kind: str, body: Any) -> None:
        """Tell everybody, and keep it in the ring."""
        self.number += 1
        change = Change(self.number, kind, body)
        self._ring.append(change)
        for watcher in self._watchers:
            watcher.offer(change)

    def touch(self) -> None:
        """Tell watchers to look at what runs: an invocation began, which is kept nowhere and has no number."""
        for watcher in self._watchers:
            watcher.touch()

    def since(self, number: int) -> list[Change] | None:
        """The changes after `number`, None when the ring no longer has them all."""
        if number == self.number:
            return []
        if not self._ring or number + 1 < self._ring[0].number or number > self.number:
            return None
        return [c for c in self._ring if c.number > number]

    @contextmanager
    def watch(self) -> Iterator[Watcher]:
        """Receive changes while the block runs."""
        watcher = Watcher()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def close(self) -> None:
        """End every watcher's iteration."""
        for watcher in self._watchers:
            watcher.restart()
            watcher.offer(None)
