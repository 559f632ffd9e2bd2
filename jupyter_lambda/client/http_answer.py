"""Answers of the engine as bytes: what the synchronous and the asynchronous connection have in common."""

from __future__ import annotations

from typing import Final

HEAD_END: Final = b"\r\n\r\n"
HEAD_BYTES_MAX: Final = 16 * 1024**2  # a record with a long error message stands in a header

# Statuses that never have a body (RFC 9112, section 6.3).
_BODILESS: Final = frozenset({204, 304})


class NotTaken(ConnectionError):
    """The engine can't be reached, or went before it had the whole request: nothing of it was done."""


class CutOff(ConnectionError):
    """The engine went after it had the request and before it answered: the request may have been carried out."""


class Answer:
    """Status, headers by lower-case name, and body."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: dict[bytes, bytes], body: bytes = b"") -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def keeps_alive(self) -> bool:
        """Whether another request may follow on the same connection."""
        return self.headers.get(b"connection", b"").lower() != b"close"

    @property
    def body_length(self) -> int:
        """Bytes that follow the head; -1 when they come in chunks."""
        if self.status in _BODILESS:
            return 0
        length = self.headers.get(b"content-length")
        if length is not None:
            return int(length)
        return -1 if self.headers.get(b"transfer-encoding", b"").lower() == b"chunked" else 0


def parse_head(head: bytes | bytearray) -> Answer:
    """Read a status line and header lines, without the empty line after them.

    Raises:
        CutOff: That is not HTTP.
    """
    lines = bytes(head).split(b"\r\n")
    if not lines[0].startswith(b"HTTP/1.1 ") or not lines[0][9:12].isdigit():
        raise CutOff(f"the engine answered something that is not HTTP: {bytes(lines[0][:60])!r}")
    headers: dict[bytes, bytes] = {}
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        headers[name.lower()] = value.strip()
    return Answer(int(lines[0][9:12]), headers)


def request_head(first: bytes, fixed: bytes, headers: bytes, length: int) -> bytes:
    """A request's head: `first` is method and target, `fixed` and `headers` whole lines."""
    return b"%b HTTP/1.1\r\n%b%bContent-Length: %d\r\n\r\n" % (first, fixed, headers, length)
