"""The same as `transport` on an event loop, for `ainvoke`: bare sockets, so that connections belong to no loop and outlive each.

Failures go where `transport` sends them; a cancelled caller's connection is closed.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from jupyter_lambda.client.http_answer import HEAD_BYTES_MAX, HEAD_END, Answer, CutOff, NotTaken, parse_head, request_head
from jupyter_lambda.client.idle_sockets import IdleSockets

_IDLE_MAX: Final = 64
_READ_BYTES: Final = 65_536


class AsyncTransport:
    """Connections to one engine for the tasks of whichever loop runs, kept for reuse."""

    def __init__(self, path: str, token: str) -> None:
        self._path = path
        self._fixed = b"Host: engine\r\nAuthorization: Bearer %b\r\n" % token.encode("ascii")
        self._idle = IdleSockets(_IDLE_MAX)

    async def exchange(self, first: bytes, headers: bytes = b"", body: bytes = b"") -> Answer:
        """Send a request and wait for its whole answer.

        Args:
            first: Method and target.
            headers: Whole lines besides the fixed ones.
            body: The request's body.

        Raises:
            NotTaken: Nothing was done.
            CutOff: It may have been done.
        """
        connection = self._idle.take() or await _connected(self._path)
        try:
            await _send(connection, request_head(first, self._fixed, headers, len(body)) + body)
            answer = await _read(connection)
        except BaseException:
            connection.close()
            raise
        if answer.keeps_alive:
            self._idle.give_back(connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close what is idle; safe to call twice."""
        self._idle.close()

    def retire(self) -> None:
        """Close what is idle, and what is in use as soon as it is idle: its engine is gone."""
        self._idle.retire()


async def _connected(path: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(made, path)
    except OSError as error:
        made.close()
        raise NotTaken(f"no engine listens at {path}: {error.strerror or error}") from error
    except BaseException:
        made.close()
        raise
    return made


async def _send(connection: socket.socket, request: bytes) -> None:
    try:
        await asyncio.get_running_loop().sock_sendall(connection, request)
    except OSError as error:
        raise NotTaken("the engine closed the connection while the request was sent") from error


async def _read(connection: socket.socket) -> Answer:
    buffer = bytearray()
    while (end := buffer.find(HEAD_END)) < 0:
        if len(buffer) > HEAD_BYTES_MAX:
            raise CutOff("the engine's answer has a head without end")
        buffer += await _receive(connection, first=not buffer)
    answer = parse_head(buffer[:end])
    del buffer[: end + len(HEAD_END)]
    while len(buffer) < answer.body_length:
        buffer += await _receive(connection)
    answer.body = bytes(buffer)
    return answer


async def _receive(connection: socket.socket, *, first: bool = False) -> bytes:
    try:
        data = await asyncio.get_running_loop().sock_recv(connection, _READ_BYTES)
    except ConnectionResetError as error:
        if first:
            raise NotTaken("the engine ended before it had read the request") from error
        raise CutOff("the engine ended in the middle of its answer") from error
    if not data:
        raise CutOff("the engine closed the connection before it had answered")
    return data
