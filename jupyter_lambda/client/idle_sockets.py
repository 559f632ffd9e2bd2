"""Connections that wait for their next request: safe for threads, safe for forks, checked before they are used again."""

from __future__ import annotations

import os
import select
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket


class IdleSockets:
    """A stack of connected sockets, the last one used on top, so that the others age and can be let go by the engine."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._sockets: deque[socket.socket] = deque()
        self._pid = os.getpid()

    def take(self) -> socket.socket | None:
        """A connection on which the engine neither closed nor said anything; None if there is none."""
        if os.getpid() != self._pid:  # after a fork: the parent goes on with these
            self._pid = os.getpid()
            self.close()
        while True:
            try:
                found = self._sockets.pop()
            except IndexError:
                return None
            if not _has_news(found):
                return found
            found.close()

    def give_back(self, one: socket.socket) -> None:
        """Keep a connection whose answer was read to its end; one too many is closed."""
        if len(self._sockets) < self._most:
            self._sockets.append(one)
            if not self._most:  # retired by another thread at this moment
                self.close()
        else:
            one.close()

    def retire(self) -> None:
        """Close them all, and from now on whatever is given back."""
        self._most = 0
        self.close()

    def close(self) -> None:
        """Close them all; safe to call twice, and whatever is given back later is kept again."""
        with suppress(IndexError):
            while True:
                self._sockets.pop().close()


def _has_news(one: socket.socket) -> bool:
    """Whether something can be read: the end, mostly. 1 µs."""
    poll = select.poll()
    poll.register(one, select.POLLIN)
    return bool(poll.poll(0))
