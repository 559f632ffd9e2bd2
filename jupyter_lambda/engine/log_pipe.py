"""One pipe for stdout and stderr of an environment's processes, held by the engine.

The worker flushes before it answers, and the engine drains the pipe to EAGAIN after it has the answer: every line printed before the
handler returned is then in that invocation's log, whatever the order in which the loop sees the two descriptors.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jupyter_lambda.telemetry.line_times import LineTimes

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from jupyter_lambda.telemetry.line_times import Marks

_PIECE = 65_536


class LogPipe:
    """The read end of an environment's log, and what has come out of it since the last `take`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        max_bytes: int,
        now: Callable[[], float],
        on_text: Callable[[bytes], None] | None = None,
    ) -> None:
        self._loop = loop
        self._now = now
        self._max_bytes = max_bytes
        self._on_text = on_text
        self._buffer = bytearray()
        self._dropped = 0
        self._times = LineTimes()
        self._fd = -1

    def open(self) -> int:
        """Make a new pipe and return its write end for the worker; the caller passes it on and closes it."""
        self.close()
        read, write = os.pipe()
        os.set_blocking(read, False)
        self._fd = read
        self._loop.add_reader(read, self.drain)
        return write

    def drain(self) -> None:
        """Read everything that is there now."""
        while self._fd >= 0:
            try:
                piece = os.read(self._fd, _PIECE)
            except BlockingIOError:
                return
            if not piece:
                self.close()
                return
            self._keep(piece)
            if len(piece) < _PIECE:
                return  # a pipe that gave less than asked for is empty, or its writer is behind us

    def write(self, text: str) -> None:
        """Add a line of the platform's own, after what the worker has written so far; it begins on a line of its own."""
        if text and self._buffer and not self._buffer.endswith(b"\n"):
            self._buffer += b"\n"
        if text:
            self._times.note(len(self._buffer), self._now())
        self._buffer += text.encode()

    def add(self, piece: bytes) -> None:
        """Keep what another pipe of the environment gave."""
        if self._buffer and not self._buffer.endswith(b"\n"):
            self._buffer += b"\n"
        self._keep(piece, tell=False)

    def take(self) -> bytes:
        """What has come since the last take; says how much was dropped when it was too much."""
        taken = bytes(self._buffer)
        self._buffer.clear()
        if self._dropped:
            taken += f"[jupyter-lambda] {self._dropped:,} bytes of log above {self._max_bytes:,} were dropped\n".encode()
            self._dropped = 0
        return taken

    def take_times(self, arrived: float) -> Marks:
        """When what was there came, counted from an arrival (the same clock); call it with each `take`."""
        return self._times.take(arrived)

    def close(self) -> None:
        """Stop reading; what was read stays for `take`. Safe to call twice."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _keep(self, piece: bytes, *, tell: bool = True) -> None:
        room = self._max_bytes - len(self._buffer)
        if len(piece) > room:
            self._dropped += len(piece) - max(0, room)
            piece = piece[: max(0, room)]
        if piece:
            self._times.note(len(self._buffer), self._now())
        self._buffer += piece
        if tell and self._on_text is not None and piece:
            self._on_text(piece)
