"""The pieces of a streamed result between the runtime that sends them and the caller who takes them: a bounded amount.

A caller who reads slowly, or not at all, makes the runtime wait in its own write, as a pipe would; the invocation's timeout goes on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from jupyter_lambda.engine.invocations import Outcome

WAITING_BYTES_MAX: Final = 1024 * 1024
GO_ON_BYTES: Final = WAITING_BYTES_MAX // 4


class Source(Protocol):
    """Where pieces come from: a connection."""

    def hold_reading(self) -> None:
        """Read nothing more until `go_on_reading`."""
        ...

    def go_on_reading(self) -> None:
        """Read again."""
        ...


class ResultPieces:
    """Pieces, then the outcome.

    `put` and `end` are an invocation's `sink` and `done`. What waits is at most `WAITING_BYTES_MAX` and what its source had read at once.
    """

    def __init__(self) -> None:
        self._items: asyncio.Queue[bytes | Outcome] = asyncio.Queue()
        self._waiting = 0
        self._held: Source | None = None

    @property
    def waiting(self) -> int:
        """Bytes that nobody took yet."""
        return self._waiting

    def put(self, piece: bytes, source: Source) -> None:
        """A piece came; its source is held when too much waits."""
        self._items.put_nowait(piece)
        self._waiting += len(piece)
        if self._waiting >= WAITING_BYTES_MAX and self._held is None:
            self._held = source
            source.hold_reading()

    def end(self, outcome: Outcome) -> None:
        """The invocation ended: its source may say what it wants, it is read past."""
        self._items.put_nowait(outcome)
        self._let_go()

    async def get(self) -> bytes | Outcome:
        """The next piece, or the outcome."""
        item = await self._items.get()
        if isinstance(item, bytes):
            self._waiting -= len(item)
            if self._waiting <= GO_ON_BYTES:
                self._let_go()
        return item

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.go_on_reading()
