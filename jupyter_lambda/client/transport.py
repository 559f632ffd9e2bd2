"""HTTP/1.1 over the engine's unix socket, for the hot path: a request costs one `send` and one or two `recv`.

Failures a request can meet, and where each goes:
* nobody listens at the path, or it is gone           → NotTaken
* an idle connection was closed meanwhile             → seen before sending; the next one, or a new one, is used
* reset before any byte of an answer                  → NotTaken: a unix socket is reset only when its peer left bytes unread, so the
                                                        engine never had the whole request (tests/unit/client/test_transport.py)
* closed after the request was read, without answer   → CutOff
* the caller's time is over                           → TimeoutError, the connection is closed
* anything raised while waiting (a kernel interrupt)  → goes up, the connection is closed

Safe for threads (a connection is lent to one caller at a time) and for forks (a child makes connections of its own).
"""

from __future__ import annotations

import socket
from typing import IO, TYPE_CHECKING, Final

from jupyter_lambda.client.http_answer import HEAD_BYTES_MAX, HEAD_END, Answer, CutOff, NotTaken, parse_head, request_head
from jupyter_lambda.client.idle_sockets import IdleSockets

if TYPE_CHECKING:
    from collections.abc import Iterator

_READ_BYTES: Final = 65_536
_ONE_SEND_BYTES: Final = 65_536  # up to here head and body go in one piece
_IDLE_MAX: Final = 16


class Connection:
    """One connection, used by one caller at a time."""

    __slots__ = ("_buffer", "socket")

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self._buffer = b""

    def close(self) -> None:
        """Close it; safe to call twice."""
        self.socket.close()

    def send(self, head: bytes, body: bytes | IO[bytes]) -> None:
        """Send a request; a file is streamed from where it stands.

        Raises:
            NotTaken: The engine was gone before it could have had all of it. An answer may be there nevertheless: a refusal.
        """
        try:
            if not isinstance(body, bytes):
                self.socket.sendall(head)
                self.socket.sendfile(body)
            elif len(body) < _ONE_SEND_BYTES:
                self.socket.sendall(head + body)
            else:
                self.socket.sendall(head)
                self.socket.sendall(body)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise NotTaken("the engine closed the connection while the request was sent") from error

    def read_head(self) -> Answer:
        """Wait for an answer's head, past any interim one."""
        while True:
            while (end := self._buffer.find(HEAD_END)) < 0:
                if len(self._buffer) > HEAD_BYTES_MAX:
                    raise CutOff("the engine's answer has a head without end")
                self._buffer += self._receive(first=not self._buffer)
            answer = parse_head(self._buffer[:end])
            self._buffer = self._buffer[end + len(HEAD_END) :]
            if answer.status >= 200 or answer.status == 101:  # the others below 200 are interim
                return answer

    def read_body(self, answer: Answer) -> bytes:
        """The body that follows a head."""
        length = answer.body_length
        if length < 0:
            return b"".join(self.chunks())
        return self.read_exactly(length)

    def read_exactly(self, length: int) -> bytes:
        """So many bytes, however they arrive."""
        buffer = self._buffer
        if len(buffer) == length:
            self._buffer = b""
            return buffer
        if len(buffer) > length:
            self._buffer = buffer[length:]
            return buffer[:length]
        whole = bytearray(length)
        whole[: len(buffer)] = buffer
        self._buffer = b""
        view = memoryview(whole)
        have = len(buffer)
        while have < length:
            have += self._receive_into(view[have:])
        return bytes(whole)

    def chunks(self) -> Iterator[bytes]:
        """The pieces of a body in chunks, as they come."""
        while length := self._chunk_length():
            yield self.read_exactly(length)
            self._read_line()
        while self._read_line():
            pass

    def take_buffered(self) -> bytes:
        """What was read beyond the head: the first bytes after an upgrade."""
        buffered, self._buffer = self._buffer, b""
        return buffered

    def _chunk_length(self) -> int:
        line = self._read_line()
        try:
            return int(line.partition(b";")[0], 16)
        except ValueError:
            raise CutOff(f"the engine's answer has a chunk of length {line[:20]!r}") from None

    def _read_line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            self._buffer += self._receive()
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        return line

    def _receive(self, *, first: bool = False) -> bytes:
        """Some bytes; `first` says that nothing of the answer was read yet."""
        try:
            data = self.socket.recv(_READ_BYTES)
        except ConnectionResetError as error:
            if first:
                raise NotTaken("the engine ended before it had read the request") from error
            raise CutOff("the engine ended in the middle of its answer") from error
        if not data:
            raise CutOff("the engine closed the connection without an answer" if first else "the engine ended in its answer")
        return data

    def _receive_into(self, view: memoryview) -> int:
        try:
            count = self.socket.recv_into(view)
        except ConnectionResetError as error:
            raise CutOff("the engine ended in the middle of its answer") from error
        if not count:
            raise CutOff("the engine ended in the middle of its answer")
        return count


class Transport:
    """Connections to one engine, kept for reuse."""

    def __init__(self, path: str, token: str) -> None:
        self.path = path
        self._token = token
        self._fixed = b"Host: engine\r\nAuthorization: Bearer %b\r\n" % token.encode("ascii")
        self._idle = IdleSockets(_IDLE_MAX)

    def has_token(self, token: str) -> bool:
        """Whether this is the token it sends."""
        return token == self._token

    def exchange(
        self, first: bytes, headers: bytes = b"", body: bytes | IO[bytes] = b"", *, length: int = -1, timeout: float | None = None
    ) -> Answer:
        """Send a request and wait for its whole answer.

        Args:
            first: Method and target.
            headers: Whole lines besides the fixed ones.
            body: Bytes, or a file to be streamed.
            length: The file's length.
            timeout: Seconds that each send and receive may take; None waits as long as it takes.

        Raises:
            NotTaken: Nothing was done.
            CutOff: It may have been done.
            TimeoutError: The time is over; it may have been done.
        """
        connection = Connection(self._idle.take() or _connected(self.path))
        if timeout is not None:
            connection.socket.settimeout(timeout)
        try:
            answer = self._on(connection, first, headers, body, length)
        except BaseException:
            connection.close()
            raise
        if not answer.keeps_alive:
            connection.close()
            return answer
        if timeout is not None:
            connection.socket.settimeout(None)
        self._idle.give_back(connection.socket)
        return answer

    def open(self, first: bytes, headers: bytes = b"", body: bytes = b"") -> tuple[Answer, Connection]:
        """Send a request and wait for its answer's head; the connection is the caller's, who closes it."""
        connection = Connection(_connected(self.path))
        try:
            connection.send(request_head(first, self._fixed, headers, len(body)), body)
            return connection.read_head(), connection
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close what is idle; a connection in use is closed by its user or kept for the next call."""
        self._idle.close()

    def retire(self) -> None:
        """Close what is idle, and what is in use as soon as it is idle: its engine is gone."""
        self._idle.retire()

    def _on(self, connection: Connection, first: bytes, headers: bytes, body: bytes | IO[bytes], length: int) -> Answer:
        head = request_head(first, self._fixed, headers, len(body) if isinstance(body, bytes) else length)
        try:
            connection.send(head, body)
        except NotTaken as unsent:
            answer = _early_refusal(connection)
            if answer is None:
                raise unsent from unsent.__cause__
        else:
            answer = connection.read_head()
        if not first.startswith(b"HEAD "):
            answer.body = connection.read_body(answer)
        return answer


def _connected(path: str) -> socket.socket:
    """A new connection (NotTaken when nobody answers)."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.connect(path)
    except OSError as error:
        made.close()
        raise NotTaken(f"no engine listens at {path}: {error.strerror or error}") from error
    except BaseException:
        made.close()
        raise
    return made


def _early_refusal(connection: Connection) -> Answer | None:
    """What the engine said before it closed on an unfinished request: a full disk, a package too large."""
    try:
        return connection.read_head()
    except (NotTaken, CutOff):
        return None
