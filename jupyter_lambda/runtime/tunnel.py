"""A container's end of the one connection to an engine that is reached over TCP: what the mounted socket passes as descriptors, as bytes.

It runs in the container's first process, between two looks of the zygote (`container.py`), so nothing inside can signal or trace it. It
makes the worker's log pipe and Runtime API socket here, listens on the Runtime API's address, and reports the container's memory. Only
plain descriptors are kept: a forked worker closes them by number, and no object of ours may close them a second time.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from collections import deque
from typing import Any, Optional

from jupyter_lambda.runtime import frames, own_memory

_BACKLOG = 128
_CONNECTIONS_MAX = 64
_OUT_BYTES_MAX = 1 << 20  # above that nothing more is read to be sent
_LOOK_SECONDS, _SLOWEST = 0.01, 8  # memory is looked at every 10 ms while it moves, every 80 ms while it does not
_CONNECT_SECONDS = 10.0
_KEEP_ALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))  # an engine's machine that vanished is noticed


class _Channel:
    __slots__ = ("credit", "fd", "is_log", "is_read_out", "is_written_out", "number", "waiting")

    def __init__(self, number: int, fd: int, is_log: bool) -> None:
        self.number, self.fd, self.is_log = number, fd, is_log
        self.credit = frames.WINDOW_BYTES
        self.waiting = bytearray()  # for the descriptor
        self.is_read_out = False
        self.is_written_out = is_log


def open_tunnel(address: str, port: int) -> Tunnel:
    """Connect to the engine with what it wrote to our standard input; that is gone then, and good for one connection only.

    Args:
        address: The engine's, `host:port`.
        port: Of the Runtime API on our loopback.

    Raises:
        OSError: Nobody is there.
    """
    ticket = sys.stdin.buffer.read(frames.TICKET_BYTES + frames.SECRET_BYTES)
    os.close(0)
    os.open(os.devnull, os.O_RDONLY)
    host, _, number = address.rpartition(":")
    connection = socket.create_connection((host.strip("[]"), int(number)), timeout=_CONNECT_SECONDS)
    connection.sendall(ticket)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEP_ALIVE:
        connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    connection.setblocking(False)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        return Tunnel(connection.detach(), listener.detach())


class Tunnel:
    """The container's end; `serve` is called whenever something is ready."""

    def __init__(self, connection: int, listener: int) -> None:
        self._connection, self._listener = connection, listener
        self.messages: deque[tuple[dict[str, Any], list[int]]] = deque()  # of the engine, with descriptors made for them
        self.is_over = False
        self.reports = -1  # where a forked worker says that its walls stand: SEQPACKET, a message each
        self._out = bytearray()
        self._splitter = frames.Splitter()
        self._channels: dict[int, _Channel] = {}
        self._accepted = 0
        self._memory = own_memory.open_memory()
        self._look_at = 0.0
        self._interval = 1
        self.is_watching = False

    # -- waiting ------------------------------------------------------------------------------------------------------------

    def wait(self, woken: int, timeout_ms: Optional[int]) -> bool:
        """Wait for anything, and serve it; returns whether `woken` can be read."""
        poll = select.poll()
        poll.register(woken, select.POLLIN)
        for fd, events in self._interests():
            poll.register(fd, events)
        ready = dict(poll.poll(self._patience_ms(timeout_ms)))
        self._serve(ready)
        return woken in ready

    def _patience_ms(self, timeout_ms: Optional[int]) -> Optional[int]:
        if self.messages or self.is_over:
            return 0
        if not self.is_watching or self._memory is None:
            return timeout_ms
        left = max(0, int((self._look_at - time.monotonic()) * 1000) + 1)
        return left if timeout_ms is None else min(left, timeout_ms)

    def _interests(self) -> list[tuple[int, int]]:
        found = [(self._connection, select.POLLIN | (select.POLLOUT if self._out else 0))]
        if self.reports >= 0:
            found.append((self.reports, select.POLLIN))
        is_full = len(self._out) > _OUT_BYTES_MAX
        if not is_full and sum(not each.is_log for each in self._channels.values()) < _CONNECTIONS_MAX:
            found.append((self._listener, select.POLLIN))
        log_has_room = all(each.credit >= frames.PIECE_BYTES for each in self._channels.values() if each.is_log)
        for channel in self._channels.values():
            events = select.POLLOUT if channel.waiting else 0
            if not is_full and channel.credit and not channel.is_read_out and (channel.is_log or log_has_room):
                events |= select.POLLIN
            if events:
                found.append((channel.fd, events))
        return found

    def _serve(self, ready: dict[int, int]) -> None:
        if self._connection in ready:
            self._receive()
        if self.reports in ready:
            self.send(frames.CONTROL, 0, os.read(self.reports, frames.PIECE_BYTES))
        if self._listener in ready:
            self._accept()
        for channel in list(self._channels.values()):
            events = ready.get(channel.fd, 0)
            if channel.number not in self._channels:
                continue  # closed by what came before it
            if events & select.POLLOUT:
                self._write(channel)
            if events & ~select.POLLOUT and channel.credit and not channel.is_read_out:
                self._read(channel)
        if self.is_watching and time.monotonic() >= self._look_at:
            self._interval = 1 if self.report_memory() else min(_SLOWEST, self._interval * 2)
            self._look_at = time.monotonic() + self._interval * _LOOK_SECONDS
        self.flush()

    # -- to the engine ------------------------------------------------------------------------------------------------------

    def send(self, kind: int, channel: int, payload: bytes = b"") -> None:
        """Send a frame, in its turn."""
        self._out += frames.frame(kind, channel, payload)

    def flush(self, *, whole: bool = False) -> None:
        """Write what can be written; `whole`: wait until all of it is."""
        while self._out and not self.is_over:
            try:
                del self._out[: os.write(self._connection, self._out[: 4 * frames.PIECE_BYTES])]
            except BlockingIOError:
                if not whole:
                    return
                select.select([], [self._connection], [])
            except OSError:
                self.is_over = True

    def report_memory(self) -> bool:
        """Say what is held, if that has changed; returns whether it has."""
        figures = self._memory.changed() if self._memory is not None else None
        if figures is None:
            return False
        self.send(frames.MEMORY, 0, frames.MEMORY_OF.pack(*figures))
        return True

    def end_worker(self) -> None:
        """All processes but this one are gone: send what is left in the pipes, whoever has room for it, and close everything."""
        for channel in sorted(self._channels.values(), key=lambda each: not each.is_log):
            while not channel.is_read_out and self._read(channel, limit=frames.PIECE_BYTES):
                pass
            self._drop(channel)
        self.is_watching = False

    def _read(self, channel: _Channel, limit: int = 0) -> bool:
        """Send a piece of what a channel has; False at its end and where there is nothing now."""
        if not channel.is_log:
            for log in [each for each in self._channels.values() if each.is_log and not each.is_read_out]:
                self._read(log, limit=frames.PIECE_BYTES)  # all that its pipe could hold when the worker wrote this
            self.report_memory()
        try:
            data = os.read(channel.fd, limit or min(frames.PIECE_BYTES, channel.credit))
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if data:
            channel.credit = max(0, channel.credit - len(data))
            self.send(frames.DATA, channel.number, data)
            return True
        channel.is_read_out = True
        self.send(frames.END, channel.number)
        self._drop_if_over(channel)
        return False

    def _accept(self) -> None:
        listener = socket.socket(fileno=self._listener)
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        finally:
            listener.detach()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._accepted += 2
        self._channels[self._accepted] = _Channel(self._accepted, connection.detach(), False)
        self.send(frames.OPEN, self._accepted)

    # -- from the engine ----------------------------------------------------------------------------------------------------

    def _receive(self) -> None:
        try:
            data = os.read(self._connection, 4 * frames.PIECE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.is_over = True
        for kind, number, payload in self._splitter.feed(data):
            if kind == frames.CONTROL:
                self._take(json.loads(payload))
                continue
            channel = self._channels.get(number)
            if channel is None:
                continue  # closed here meanwhile
            if kind == frames.CREDIT:
                channel.credit += frames.CREDIT_OF.unpack(payload)[0]
            elif kind == frames.DATA:
                self._interval, self._look_at = 1, 0.0  # something is about to happen
                channel.waiting += payload
                self._write(channel)
            elif kind == frames.END:
                channel.is_written_out = True
                self._write(channel)

    def _take(self, message: dict[str, Any]) -> None:
        """Make the descriptors that a message names."""
        made = []
        for name, number in zip(message.get("descriptors", ()), message.get("channels", ())):
            if name == "log":
                ours, theirs = os.pipe()
            else:
                pair = socket.socketpair()
                ours, theirs = pair[0].detach(), pair[1].detach()
            os.set_blocking(ours, False)
            self._channels[number] = _Channel(number, ours, name == "log")
            made.append(theirs)
        self.messages.append((message, made))

    def _write(self, channel: _Channel) -> None:
        written = 0
        try:
            while channel.waiting:
                count = os.write(channel.fd, channel.waiting)
                del channel.waiting[:count]
                written += count
        except BlockingIOError:
            pass
        except OSError:  # the other end is closed: nobody wants it
            written += len(channel.waiting)
            channel.waiting.clear()
            channel.is_written_out = True
        if written:
            self.send(frames.CREDIT, channel.number, frames.CREDIT_OF.pack(written))
        if channel.is_written_out and not channel.waiting and not channel.is_log and not channel.is_read_out:
            stream = socket.socket(fileno=channel.fd)
            try:
                stream.shutdown(socket.SHUT_WR)
            except OSError:
                channel.is_read_out = True
            finally:
                stream.detach()
        self._drop_if_over(channel)

    def _drop_if_over(self, channel: _Channel) -> None:
        if channel.is_read_out and channel.is_written_out and not channel.waiting:
            self._drop(channel)

    def _drop(self, channel: _Channel) -> None:
        if self._channels.pop(channel.number, None) is not None:
            os.close(channel.fd)
            if not channel.is_read_out:
                self.send(frames.END, channel.number)
