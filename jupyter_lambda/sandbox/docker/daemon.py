"""The container daemon's own HTTP API, call by call: over its unix socket, or over TCP, TLS or ssh (`endpoint.py`).

HTTP/1.0, a connection a call: the answer ends with the connection, whatever its length, and a call that is given up leaves nothing
behind. Docker (API 1.40 and later) and podman's Docker socket speak it.

Source: Docker Engine API, versions 1.40 to 1.52.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

import msgspec

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.sandbox.docker.endpoint import Endpoint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from jupyter_lambda.sandbox.docker.endpoint import Writer

CALL_SECONDS: Final = 30.0
_USUAL: Final = -1.0
_CONNECT_SECONDS: Final = 2.0
_CONNECT_FAR_SECONDS: Final = 15.0  # another machine, a handshake, a login
_OLDEST: Final = (1, 40)  # Docker 19.03: tmpfs options and bind options as they are used here
_NEWEST: Final = (1, 52)  # Docker 29
_PIECE_BYTES: Final = 1 << 20
_SWITCHING, _OK, _NOT_FOUND = 101, 200, 404


class DaemonRefused(SandboxError):
    """The daemon answered with an error."""

    def __init__(self, what: str, status: int, suggestion: str = "See `jupyter lambda doctor`.") -> None:
        super().__init__("docker daemon", what, suggestion)
        self.status = status


class DaemonGone(SandboxError):
    """The daemon does not answer, or stopped in the middle."""

    def __init__(self, what: str) -> None:
        super().__init__(
            "docker daemon", what, "Start it (`sudo systemctl start docker`), or start the engine with --sandbox process."
        )


class DaemonVersion(msgspec.Struct, frozen=True, rename="pascal"):
    """The part of `GET /version` that we use; podman's answer has the same members."""

    version: str
    api_version: str
    min_api_version: str = msgspec.field(name="MinAPIVersion", default="1.12")


def negotiate(answer: DaemonVersion) -> str:
    """The API version to speak: the newest that both sides know.

    Raises:
        SandboxError: There is none.
    """
    newest, oldest = _parse(answer.api_version), _parse(answer.min_api_version)
    chosen = min(newest, _NEWEST)
    if chosen < oldest or chosen < _OLDEST:
        raise SandboxError(
            f"docker daemon {answer.version}",
            f"it speaks API {answer.min_api_version} to {answer.api_version}, and 1.40 to {_NEWEST[0]}.{_NEWEST[1]} are known here",
            "Update Docker." if newest < _OLDEST else "Update jupyter-lambda.",
        )
    return f"{chosen[0]}.{chosen[1]}"


def _parse(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor or 0)


class Daemon:
    """A daemon that answered, and the API version agreed on."""

    def __init__(self, endpoint: Endpoint, version: DaemonVersion, call_seconds: float = CALL_SECONDS) -> None:
        self.endpoint = endpoint
        self._call_seconds = call_seconds
        self.version = version.version
        self.api = negotiate(version)

    @classmethod
    async def open(cls, place: Endpoint | str, call_seconds: float = CALL_SECONDS) -> Daemon:
        """Ask a daemon for its version; `place` is its endpoint or the path of its socket, `call_seconds` what a call may take.

        Raises:
            SandboxError: Nobody answers, or none of its versions is ours.
        """
        endpoint = Endpoint(f"unix://{place}") if isinstance(place, str) else place
        async with _exchange(endpoint, "GET", "/version", None, call_seconds) as (status, reader):
            data = await reader.read()
        if status >= 400:
            raise DaemonRefused(f"its version can't be had (status {status})", status)
        try:
            return cls(endpoint, msgspec.json.decode(data, type=DaemonVersion), call_seconds)
        except (msgspec.MsgspecError, ValueError) as error:
            raise DaemonGone(f"{endpoint} does not answer as Docker does ({error})") from error

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        seconds: float | None = _USUAL,
        missing_ok: bool = False,
    ) -> Any:
        """Make one call and return its JSON answer, None where there is none.

        Args:
            method: GET, POST, DELETE.
            path: Below the version, e.g. `/containers/create`.
            query: Query parameters; dictionaries and lists are sent as JSON, as filters are.
            body: Sent as JSON; bytes and open files are sent as a tar.
            seconds: How long the answer may take; None: for ever; below 0: as long as calls usually may.
            missing_ok: Take "no such container" for an answer: None.

        Raises:
            DaemonRefused: An error status, with the daemon's own words.
            DaemonGone: No answer.
        """
        if seconds is not None and seconds < 0:
            seconds = self._call_seconds
        async with _exchange(self.endpoint, method, self._target(path, query), body, seconds) as (status, reader):
            data = await reader.read()
        if status == _NOT_FOUND and missing_ok:
            return None
        if status >= 400:
            raise DaemonRefused(_words(data) or f"{method} {path} was answered with status {status}", status)
        try:
            return json.loads(data) if data.strip() else None
        except ValueError:
            return None  # progress messages, one a line: whoever wants them reads `lines`

    @asynccontextmanager
    async def lines(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """The messages of a call that reports progress or events, as they come."""
        async with _exchange(self.endpoint, method, self._target(path, query), body, None) as (status, reader):
            if status >= 400:
                raise DaemonRefused(_words(await reader.read()) or f"{path}: status {status}", status)
            yield _messages(reader)

    @asynccontextmanager
    async def stdin(self, container_id: str) -> AsyncIterator[Writer]:
        """A container's standard input, from before it starts (DaemonGone, DaemonRefused); it ends with the block."""
        target = self._target(f"/containers/{container_id}/attach", {"stream": "1", "stdin": "1"})
        reader, writer = await _connect(self.endpoint)
        try:
            await _upgrade(reader, writer, target)
            yield writer
        finally:
            writer.close()

    @asynccontextmanager
    async def output(self, path: str, body: Any) -> AsyncIterator[asyncio.StreamReader]:
        """A POST whose answer is the output of a container's process, framed (DaemonGone, DaemonRefused)."""
        async with _exchange(self.endpoint, "POST", self._target(path, None), body, None) as (status, reader):
            if status >= 400:
                raise DaemonRefused(_words(await reader.read()) or f"{path}: status {status}", status)
            yield reader

    def _target(self, path: str, query: Mapping[str, Any] | None) -> str:
        if not query:
            return f"/v{self.api}{path}"
        flat = {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in query.items()}
        return f"/v{self.api}{path}?{urlencode(flat, quote_via=quote)}"


@asynccontextmanager
async def _exchange(
    endpoint: Endpoint, method: str, target: str, body: Any, seconds: float | None
) -> AsyncIterator[tuple[int, asyncio.StreamReader]]:
    """Send a request; gives the status and what comes after the headers."""
    reader, writer = await _connect(endpoint)
    try:
        async with asyncio.timeout(seconds):
            await _send(writer, method, target, body)
            head = await reader.readuntil(b"\r\n\r\n")
            yield int(head.split(b" ", 2)[1]), reader
    except TimeoutError as error:
        raise DaemonGone(f"{method} {target.partition('?')[0]} had no answer within {seconds:g} s") from error
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, IndexError) as error:
        raise DaemonGone(f"it stopped answering in the middle of {method} {target.partition('?')[0]}") from error
    finally:
        writer.close()


async def _connect(endpoint: Endpoint) -> tuple[asyncio.StreamReader, Writer]:
    try:
        async with asyncio.timeout(_CONNECT_SECONDS if endpoint.is_here else _CONNECT_FAR_SECONDS):
            return await endpoint.connect()
    except (OSError, TimeoutError) as error:
        raise DaemonGone(f"nobody answers at {endpoint} ({str(error) or 'it took too long'})") from error


async def _upgrade(reader: asyncio.StreamReader, writer: Writer, target: str) -> None:
    """Turn a connection into a stream of the container's."""
    try:
        async with asyncio.timeout(CALL_SECONDS):
            writer.write(f"POST {target} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n".encode())
            status = int((await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1])
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError, IndexError) as error:
        raise DaemonGone("it stopped answering when it was asked for a container's standard input") from error
    if status not in (_SWITCHING, _OK):
        raise DaemonRefused(f"a container's standard input can't be had (status {status})", status)


async def _send(writer: Writer, method: str, target: str, body: Any) -> None:
    """Write a request; a file goes in pieces, and is read beside the loop."""
    head = f"{method} {target} HTTP/1.0\r\nHost: docker\r\n"
    if body is None:
        writer.write(f"{head}\r\n".encode())
    elif isinstance(body, io.IOBase):
        size = body.seek(0, os.SEEK_END)
        body.seek(0)
        writer.write(f"{head}Content-Type: application/x-tar\r\nContent-Length: {size}\r\n\r\n".encode())
        while piece := await asyncio.to_thread(body.read, _PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
    else:
        data, kind = (body, "application/x-tar") if isinstance(body, bytes) else (json.dumps(body).encode(), "application/json")
        writer.write(f"{head}Content-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
    await writer.drain()


async def _messages(reader: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    while line := await reader.readline():
        if line.strip():
            yield json.loads(line)


def _words(data: bytes) -> str:
    try:
        return str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        return data.decode(errors="replace").strip()
