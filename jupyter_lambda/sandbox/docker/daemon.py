"""The container daemon's own HTTP API over its unix socket: the few calls that are on a path where milliseconds count.

HTTP/1.0, a connection a call: the answer ends with the connection, whatever its length, and a call that is given up leaves nothing
behind. Docker (API 1.40 and later) and podman's Docker socket speak it.

Source: Docker Engine API, versions 1.40 to 1.52.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

import msgspec

from jupyter_lambda.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

CALL_SECONDS: Final = 30.0
_CONNECT_SECONDS: Final = 2.0
_OLDEST: Final = (1, 40)  # Docker 19.03: tmpfs options and bind options as they are used here
_NEWEST: Final = (1, 52)  # Docker 29
_LINE_BYTES: Final = 1 << 20
_NOT_FOUND: Final = 404


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

    def __init__(self, socket_path: str, version: DaemonVersion) -> None:
        self.socket_path = socket_path
        self.version = version.version
        self.api = negotiate(version)

    @classmethod
    async def open(cls, socket_path: str) -> Daemon:
        """Ask the daemon behind a socket for its version.

        Raises:
            SandboxError: Nobody answers, or none of its versions is ours.
        """
        async with _exchange(socket_path, "GET", "/version", None, CALL_SECONDS) as (status, reader):
            data = await reader.read()
        if status >= 400:
            raise DaemonRefused(f"its version can't be had (status {status})", status)
        try:
            return cls(socket_path, msgspec.json.decode(data, type=DaemonVersion))
        except (msgspec.MsgspecError, ValueError) as error:
            raise DaemonGone(f"{socket_path} does not answer as Docker does ({error})") from error

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        seconds: float | None = CALL_SECONDS,
        missing_ok: bool = False,
    ) -> Any:
        """Make one call and return its JSON answer, None where there is none.

        Args:
            method: GET, POST, DELETE.
            path: Below the version, e.g. `/containers/create`.
            query: Query parameters; dictionaries and lists are sent as JSON, as filters are.
            body: Sent as JSON; bytes are sent as a tar.
            seconds: How long the answer may take; None: for ever.
            missing_ok: Take "no such container" for an answer: None.

        Raises:
            DaemonRefused: An error status, with the daemon's own words.
            DaemonGone: No answer.
        """
        async with _exchange(self.socket_path, method, self._target(path, query), body, seconds) as (status, reader):
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
        async with _exchange(self.socket_path, method, self._target(path, query), body, None) as (status, reader):
            if status >= 400:
                raise DaemonRefused(_words(await reader.read()) or f"{path}: status {status}", status)
            yield _messages(reader)

    def _target(self, path: str, query: Mapping[str, Any] | None) -> str:
        if not query:
            return f"/v{self.api}{path}"
        flat = {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in query.items()}
        return f"/v{self.api}{path}?{urlencode(flat, quote_via=quote)}"


@asynccontextmanager
async def _exchange(
    socket_path: str, method: str, target: str, body: Any, seconds: float | None
) -> AsyncIterator[tuple[int, asyncio.StreamReader]]:
    """Send a request; gives the status and what comes after the headers."""
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            reader, writer = await asyncio.open_unix_connection(socket_path, limit=_LINE_BYTES)
    except (OSError, TimeoutError) as error:
        raise DaemonGone(f"nobody answers at {socket_path} ({str(error) or 'it took too long'})") from error
    try:
        async with asyncio.timeout(seconds):
            writer.write(_request(method, target, body))
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            yield int(head.split(b" ", 2)[1]), reader
    except TimeoutError as error:
        raise DaemonGone(f"{method} {target.partition('?')[0]} had no answer within {seconds:g} s") from error
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, IndexError) as error:
        raise DaemonGone(f"it stopped answering in the middle of {method} {target.partition('?')[0]}") from error
    finally:
        writer.close()


def _request(method: str, target: str, body: Any) -> bytes:
    data, kind = (body, "application/x-tar") if isinstance(body, bytes) else (json.dumps(body).encode(), "application/json")
    head = f"{method} {target} HTTP/1.0\r\nHost: docker\r\n"
    if body is None:
        return f"{head}\r\n".encode()
    return f"{head}Content-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


async def _messages(reader: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    while line := await reader.readline():
        if line.strip():
            yield json.loads(line)


def _words(data: bytes) -> str:
    try:
        return str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        return data.decode(errors="replace").strip()
