"""An HTTP/1.1 connection on httptools for the hot doors: whole requests in, whole answers out, in order.

Requests that arrive while one is being answered wait their turn (pipelining). A body above the door's limit is read past but not
kept, so that the caller gets an answer instead of a broken connection. A peer that doesn't read is not written to without end: the
transport pauses, and reading from it pauses too.
"""

from __future__ import annotations

import asyncio
from collections import deque
from http import HTTPStatus

import httptools

_REASONS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class Request:
    """One request; header names in lower case."""

    __slots__ = ("body", "headers", "keep_alive", "method", "target", "too_large")

    def __init__(self, target: bytes) -> None:
        self.target = target
        self.method = b""
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.keep_alive = True
        self.too_large = 0  # the body's size when it was above the limit


class HttpProtocol(asyncio.Protocol):
    """Parses requests and hands them to `handle`, one at a time."""

    max_body = 8 * 1024 * 1024

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._request: Request | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._queue: deque[Request] = deque()
        self._busy = False
        self._holds = 0  # reasons not to read

    # -- for subclasses -----------------------------------------------------------------------------------------------------
    def handle(self, request: Request) -> None:
        """Answer the request, now or later, by one call of `respond`."""
        raise NotImplementedError

    def respond(self, status: int, headers: bytes, *bodies: bytes) -> None:
        """Send an answer; `headers` are whole lines without Content-Length. Then the next request's turn comes."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        length = sum(map(len, bodies))
        head = b"%b%bContent-Length: %d\r\n\r\n" % (_REASONS.get(status) or b"HTTP/1.1 %d Unknown\r\n" % status, headers, length)
        self.write(transport, b"".join((head, *bodies)))
        self._busy = False
        if self._queue:
            self._take_next()

    def write(self, transport: asyncio.Transport, answer: bytes) -> None:
        """Send one answer's bytes; a subclass may hold them to send more at once."""
        transport.write(answer)

    def hold_reading(self) -> None:
        """Read nothing more until `go_on_reading` was called as often as this."""
        self._holds += 1
        if self._holds == 1 and self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def go_on_reading(self) -> None:
        """One reason less not to read."""
        self._holds -= 1
        if not self._holds and self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    @property
    def is_answering(self) -> bool:
        """A request was handed over and has no answer yet."""
        return self._busy

    @property
    def at_boundary(self) -> bool:
        """Between two requests, with none being answered."""
        return not self._busy and self._request is None and not self._queue

    # -- asyncio ------------------------------------------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport  # type: ignore[assignment]  # a stream transport: what create_server gives

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was on its way."""
        self.transport = None
        self._queue.clear()

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return
        except httptools.HttpParserError:
            if self.transport is not None:
                self.transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                self.transport.close()

    def pause_writing(self) -> None:
        """The peer does not read: stop reading from it."""
        self.hold_reading()

    def resume_writing(self) -> None:
        """The peer reads again."""
        self.go_on_reading()

    # -- httptools ----------------------------------------------------------------------------------------------------------
    def on_message_begin(self) -> None:
        """A request begins."""
        self._request = None
        self._pieces.clear()
        self._size = 0

    def on_url(self, url: bytes) -> None:
        """Its target, perhaps in pieces."""
        if self._request is None:
            self._request = Request(url)
        else:
            self._request.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if self._request is not None:
            self._request.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Let a careful client go on with its body."""
        if self._request is not None and b"expect" in self._request.headers and self.transport is not None:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._size += len(body)
        if self._size <= self.max_body:
            self._pieces.append(body)
        else:
            self._pieces.clear()

    def on_message_complete(self) -> None:
        """The request is whole."""
        request, self._request = self._request, None
        if request is None:
            return
        request.method = self._parser.get_method()
        request.keep_alive = self._parser.should_keep_alive()
        if self._size > self.max_body:
            request.too_large = self._size
        elif len(self._pieces) == 1:
            request.body = self._pieces[0]
        else:
            request.body = b"".join(self._pieces)
        self._pieces.clear()
        self._queue.append(request)
        if not self._busy:
            self._take_next()

    def _take_next(self) -> None:
        self._busy = True
        self.handle(self._queue.popleft())
