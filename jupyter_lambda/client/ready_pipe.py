"""The starter's end of the pipe through which an engine says that it is ready, or why it can't be."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

import msgspec

from jupyter_lambda.client import readiness
from jupyter_lambda.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    Last = readiness.Ready | readiness.Taken | readiness.Failed


class ReadyPipe:
    """A pipe whose write end is handed to a new engine; its end of file is an answer too."""

    def __init__(self) -> None:
        self._read_end, self.write_end = os.pipe()
        self._pending = b""

    def __enter__(self) -> ReadyPipe:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close_write_end()
        os.close(self._read_end)

    def last_message(self, deadline: float, on_progress: Callable[[str], None]) -> Last | None:
        """Wait for the engine's last word; None if it ended without one.

        Raises:
            TimeoutError: The clock reading `deadline` passed.
        """
        self._close_write_end()  # else our own copy keeps the pipe from ever ending
        clock, poller = SystemClock(), select.poll()
        poller.register(self._read_end, select.POLLIN)
        while (left := deadline - clock.monotonic()) > 0:
            if not poller.poll(left * 1_000):
                continue
            piece = os.read(self._read_end, 65_536)
            if not piece:
                return None
            for message in self._messages(piece):
                if not isinstance(message, readiness.Progress):
                    return message
                on_progress(message.text)
        raise TimeoutError

    def _messages(self, piece: bytes) -> list[readiness.Message]:
        """What became complete; a line that is no message (nothing of ours writes one) is skipped."""
        *lines, self._pending = (self._pending + piece).split(b"\n")
        found = []
        for line in lines:
            try:
                found.append(readiness.decode(line))
            except (msgspec.DecodeError, msgspec.ValidationError):
                continue
        return found

    def _close_write_end(self) -> None:
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1
