"""The engine API as typed methods, one for each call of docs/engine-api.md."""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from jupyter_lambda.client.engine_link import EngineLink
from jupyter_lambda.client.http_answer import CutOff, NotTaken
from jupyter_lambda.client.invoke_call import InvokeHeads, read_result
from jupyter_lambda.client.refusal import raised, refusal
from jupyter_lambda.errors import EngineUnavailable, PackageTooLarge, PlatformError, RequestError
from jupyter_lambda.model import limits
from jupyter_lambda.model.engine_api import (
    AliasRequest,
    ConfigurationChange,
    DeployAnswer,
    DeployRequest,
    EngineStatus,
    FunctionDetail,
    Hello,
    ImageProgress,
    ImageRequest,
    InvocationPage,
    LogEvent,
    Metrics,
    PublishRequest,
    VersionDifference,
)
from jupyter_lambda.model.environment import EnvironmentView
from jupyter_lambda.model.function import Alias, Version
from jupyter_lambda.model.invocation import InvocationRecord, InvocationResult
from jupyter_lambda.model.saved_event import SavedTestEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jupyter_lambda.client.engine_link import Connect
    from jupyter_lambda.client.http_answer import Answer
    from jupyter_lambda.client.transport import Connection
    from jupyter_lambda.model.host import HostFacts
    from jupyter_lambda.model.runtime_file import RuntimeFile

T = TypeVar("T")

_CANCEL_SECONDS: Final = 2.0  # a kernel interrupt goes on after that, whatever the engine does
_INVOCATION_TYPES: Final = ("RequestResponse", "Event", "DryRun")
_PIECE_BYTES: Final = 1024**2


class KeptInvocation(msgspec.Struct, frozen=True):
    """What the engine kept of an invocation."""

    record: InvocationRecord
    log: str


class EngineClient:
    """Calls the engine of one home; safe to be used by several threads.

    Args:
        runtime: The engine that is known now.
        connect: Finds the home's engine, or starts it, when the known one went away; a client then outlives engines.
    """

    def __init__(self, runtime: RuntimeFile, connect: Connect | None = None) -> None:
        self._link = EngineLink(runtime, connect)
        self._heads = InvokeHeads()

    def __repr__(self) -> str:
        runtime = self.runtime
        return f"<EngineClient of {runtime.home}: {runtime.sandbox} sandbox, process {runtime.pid}>"

    @property
    def runtime(self) -> RuntimeFile:
        """The engine it talks to. Has secrets: never log it."""
        return self._link.runtime

    def close(self) -> None:
        """Close idle connections; safe to call twice, and the client can go on being used."""
        self._link.close()

    # -- the process --------------------------------------------------------------------------------------------------------
    def hello(self, *, timeout: float | None = None) -> Hello:
        """Who answers."""
        return self._get("/engine/v1/hello", Hello, timeout=timeout)

    def status(self) -> EngineStatus:
        """The engine's state: sandbox, budget, what runs."""
        return self._get("/engine/v1/status", EngineStatus)

    def doctor(self) -> HostFacts:
        """What this machine offers."""
        from jupyter_lambda.model.host import HostFacts

        return self._get("/engine/v1/doctor", HostFacts)

    def stop(self, *, drain: bool = False) -> None:
        """Ask the engine to end: in 5 s, or with `drain` when all that runs has ended. Returns at once."""
        self._call("POST", "/engine/v1/stop" + ("?drain=1" if drain else ""), repeatable=False)

    # -- packages -----------------------------------------------------------------------------------------------------------
    def upload_blob(self, package: bytes | str | os.PathLike[str], sha256: str | None = None) -> str:
        """Give the engine a package, unless it has it already.

        Args:
            package: Its bytes, or its path; a file is streamed.
            sha256: Its hash in hexadecimal, where it is known.

        Returns:
            The hash, by which `deploy` names the package.

        Raises:
            RequestError: The file can't be read.
            PackageTooLarge: Above what a notebook may deploy.
            DiskFull: The engine's home is full.
        """
        with _opened(package) as file:
            sha256 = sha256 or _digest(file)
            target = f"/engine/v1/blobs/{sha256}".encode("ascii")
            if self._link.exchange(b"HEAD " + target).status == HTTPStatus.OK:
                return sha256
            length = file.seek(0, os.SEEK_END)
            if length > limits.NOTEBOOK_PACKAGE_BYTES_MAX:
                raise PackageTooLarge(
                    "package", f"{length:,} bytes, and {limits.NOTEBOOK_PACKAGE_BYTES_MAX:,} is the most",
                    "Show large files to the function with --mount.",
                )  # fmt: skip
            file.seek(0)
            answer = self._link.exchange(b"PUT " + target, body=file, length=length)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise refusal(answer)
        return sha256

    def ensure_image(self, request: ImageRequest, tell: Callable[[str], None]) -> str:
        """Have the image at hand that such a function would run in; a build's lines are told as they come.

        A keyboard interrupt ends the build and goes up.

        Returns:
            What identifies the image; empty where the engine needs none.

        Raises:
            SandboxError: There is no such image.
            ImageBuildFailed: It could not be built.
            EngineUnavailable: The engine went away meanwhile.
        """
        body = msgspec.json.encode(request)
        answer, connection = self._link.open(b"POST /engine/v1/images", b"Content-Type: application/json\r\n", body)
        with contextlib.closing(connection):
            if answer.status >= HTTPStatus.BAD_REQUEST:
                answer.body = connection.read_body(answer)
                raise refusal(answer)
            with contextlib.suppress(CutOff, NotTaken):
                for progress in _lines(connection, ImageProgress):
                    if progress.error is not None:
                        raise raised(progress.error)
                    if progress.image is not None:
                        return progress.image
                    tell(progress.line or "")
        raise EngineUnavailable("engine", "it ended in the middle of building an image", "Try again: it starts by itself.")

    # -- functions ----------------------------------------------------------------------------------------------------------
    def functions(self) -> tuple[FunctionDetail, ...]:
        """Every function with its versions, aliases and environments."""
        return self._get("/engine/v1/functions", tuple[FunctionDetail, ...])

    def function(self, name: str) -> FunctionDetail:
        """One function (FunctionNotFound)."""
        return self._get(_path(name), FunctionDetail)

    def deploy(self, name: str, request: DeployRequest) -> DeployAnswer:
        """Create or change a function from an uploaded package (OwnedByAnotherNotebook, RequestError)."""
        return self._send("POST", _path(name, "deploy"), request, DeployAnswer)

    def configure(self, name: str, change: ConfigurationChange) -> Version:
        """Change `$LATEST`'s configuration, and return it."""
        return self._send("PATCH", _path(name, "configuration"), change, Version)

    def delete(self, name: str, *, qualifier: str | None = None) -> None:
        """Remove a function with everything, or one version of it (Conflict when an alias points to it)."""
        self._call("DELETE", _path(name) + _query(qualifier=qualifier))

    def publish(self, name: str, *, description: str = "") -> Version:
        """Publish `$LATEST`; the last version if nothing changed since."""
        return self._send("POST", _path(name, "versions"), PublishRequest(description=description), Version)

    def version(self, name: str, version: str) -> Version:
        """One version, or `$LATEST` (VersionNotFound)."""
        return self._get(_path(name, "versions", version), Version)

    def difference(self, name: str, before: str, after: str) -> VersionDifference:
        """What changed between two versions."""
        return self._get(_path(name, "difference") + _query(before=before, after=after), VersionDifference)

    def put_alias(self, name: str, alias_name: str, request: AliasRequest) -> Alias:
        """Create an alias, or point it elsewhere."""
        return self._send("PUT", _path(name, "aliases", alias_name), request, Alias)

    def delete_alias(self, name: str, alias_name: str) -> None:
        """Remove an alias; its versions stay (AliasNotFound)."""
        self._call("DELETE", _path(name, "aliases", alias_name))

    def test_events(self, name: str) -> tuple[SavedTestEvent, ...]:
        """The events that are kept to try a function with, by name."""
        return self._get(_path(name, "test-events"), tuple[SavedTestEvent, ...])

    def put_test_event(self, name: str, event_name: str, event: bytes) -> SavedTestEvent:
        """Keep an event (UTF-8 JSON), in place of one with that name (RequestError, InvalidRequestContent)."""
        return _decoded(self._call("PUT", _path(name, "test-events", event_name), event), SavedTestEvent)

    def delete_test_event(self, name: str, event_name: str) -> None:
        """Remove a kept event (NotFound)."""
        self._call("DELETE", _path(name, "test-events", event_name))

    # -- what happened ------------------------------------------------------------------------------------------------------
    def invocations(
        self, name: str | None = None, *, limit: int = 100, before: float | None = None
    ) -> tuple[InvocationRecord, ...]:
        """Records, newest first: a function's, or all; those that arrived before `before` (epoch seconds)."""
        path = "/engine/v1/invocations" if name is None else _path(name, "invocations")
        return self._get(path + _query(limit=limit, before=before), InvocationPage).invocations

    def invocation(self, request_id: str) -> KeptInvocation:
        """One record with its log (InvocationNotFound while it runs, and when it is too old)."""
        return self._get(f"/engine/v1/invocations/{quote(request_id, safe='')}", KeptInvocation)

    def cancel(self, request_id: str, *, timeout: float | None = None) -> None:
        """Cancel a running invocation (InvocationNotFound)."""
        self._call("POST", f"/engine/v1/invocations/{quote(request_id, safe='')}/cancel", timeout=timeout)

    def logs(
        self, name: str, *, since_sequence: int = 0, since: float = 0.0, request_id: str | None = None, limit: int = 1000
    ) -> tuple[LogEvent, ...]:
        """Logs by invocation, oldest first; the newest `limit` of those after `since` (epoch seconds) or a sequence number."""
        query = _query(since_sequence=since_sequence or None, since=since or None, request_id=request_id, limit=limit)
        return self._get(_path(name, "logs") + query, tuple[LogEvent, ...])

    def follow_logs(self, name: str, *, since_sequence: int = 0) -> Iterator[LogEvent]:
        """Logs as invocations end, until the caller stops asking or the engine ends."""
        query = _query(follow=1, since_sequence=since_sequence or None)
        answer, connection = self._link.open(f"GET {_path(name, 'logs')}{query}".encode("ascii"))
        with contextlib.closing(connection):
            if answer.status >= HTTPStatus.BAD_REQUEST:
                answer.body = connection.read_body(answer)
                raise refusal(answer)
            with contextlib.suppress(CutOff, NotTaken):  # the engine ended: so does what it tells
                yield from _lines(connection, LogEvent)

    def metrics(self, name: str, *, since: float = 0.0) -> Metrics:
        """A function's figures since a moment (epoch seconds)."""
        return self._get(_path(name, "metrics") + _query(since=since or None), Metrics)

    def environments(self) -> tuple[EnvironmentView, ...]:
        """Execution environments that live, or ended not long ago."""
        return self._get("/engine/v1/environments", tuple[EnvironmentView, ...])

    def end_environment(self, environment_id: str) -> None:
        """End one execution environment (NotFound)."""
        self._call("DELETE", f"/engine/v1/environments/{quote(environment_id, safe='')}")

    # -- invoking -----------------------------------------------------------------------------------------------------------
    def invoke(
        self,
        name: str,
        payload: bytes,
        *,
        qualifier: str | None = None,
        invocation_type: str = "RequestResponse",
        request_id: str | None = None,
    ) -> InvocationResult:
        """Invoke a function and wait for its end. A keyboard interrupt cancels it and goes up.

        Args:
            name: The function's name, or its ARN.
            payload: The event, UTF-8 JSON, passed on as it is.
            qualifier: A version or an alias; None for `$LATEST`.
            invocation_type: RequestResponse, Event (queued: returns at once) or DryRun (only checks).
            request_id: A new UUID, where the caller wants to know it beforehand.

        Raises:
            NotFound: No such function, version or alias.
            Throttled: No room now.
            EngineUnavailable: The engine went away meanwhile; the function may have run.
        """
        _check_type(invocation_type)
        request_id = request_id or str(uuid.uuid4())
        first, headers = self._heads.of(name, qualifier, invocation_type, request_id)
        try:
            answer = self._link.exchange(first, headers, payload, repeatable=False)
        except KeyboardInterrupt:
            self.cancel_quietly(request_id)
            raise
        return read_result(answer, name, request_id, invocation_type)

    async def ainvoke(
        self,
        name: str,
        payload: bytes,
        *,
        qualifier: str | None = None,
        invocation_type: str = "RequestResponse",
        request_id: str | None = None,
    ) -> InvocationResult:
        """As `invoke`, on an event loop. Cancelling the task cancels the invocation."""
        import asyncio

        _check_type(invocation_type)
        request_id = request_id or str(uuid.uuid4())
        first, headers = self._heads.of(name, qualifier, invocation_type, request_id)
        try:
            answer = await self._link.async_exchange(first, headers, payload, repeatable=False)
        except asyncio.CancelledError:
            await asyncio.to_thread(self.cancel_quietly, request_id)
            raise
        return read_result(answer, name, request_id, invocation_type)

    def open_batch(self, name: str, *, qualifier: str | None = None, concurrency: int = 0, logs: bool = False) -> OpenBatch:
        """Open a batch connection; see `client.batch_exchange` for what goes over it.

        Raises:
            NotFound: No such function, version or alias.
        """
        query = _query(Qualifier=qualifier, concurrency=concurrency, logs=int(logs))
        first = f"POST {_path(name, 'batch')}{query}".encode("ascii")
        answer, connection = self._link.open(first, b"Connection: Upgrade\r\nUpgrade: jupyter-lambda-batch\r\n")
        if answer.status != HTTPStatus.SWITCHING_PROTOCOLS:
            with contextlib.closing(connection):
                answer.body = connection.read_body(answer)
            raise refusal(answer)
        return OpenBatch(connection, int(answer.headers.get(b"x-jupyter-lambda-window", b"1")))

    def cancel_quietly(self, request_id: str) -> None:
        """Cancel an invocation that nobody waits for any more; it may have ended, and the engine may be gone."""
        self._link.tell(f"POST /engine/v1/invocations/{quote(request_id, safe='')}/cancel".encode("ascii"), _CANCEL_SECONDS)

    def pass_on(self, method: str, target: str, body: bytes = b"") -> Answer:
        """Ask what the engine API has, and answer what it answers, refusals too: for a relay.

        Args:
            method: GET, POST, PUT, PATCH or DELETE.
            target: Path and query, quoted: `/engine/v1/…`.
            body: JSON, or an event.

        Raises:
            EngineUnavailable: There is no engine, or it went in the middle.
        """
        headers = b"Content-Type: application/json\r\n" if body else b""
        first = f"{method} {target}".encode("ascii")
        return self._link.exchange(first, headers, body, repeatable=method in ("GET", "PUT"))

    # -- how ----------------------------------------------------------------------------------------------------------------
    def _get(self, target: str, kind: type[T], *, timeout: float | None = None) -> T:
        return _decoded(self._call("GET", target, timeout=timeout), kind)

    def _send(self, method: str, target: str, body: msgspec.Struct, kind: type[T]) -> T:
        return _decoded(self._call(method, target, msgspec.json.encode(body)), kind)

    def _call(
        self, method: str, target: str, body: bytes = b"", *, timeout: float | None = None, repeatable: bool = True
    ) -> bytes:
        headers = b"Content-Type: application/json\r\n" if body else b""
        first = f"{method} {target}".encode("ascii")
        answer = self._link.exchange(first, headers, body, timeout=timeout, repeatable=repeatable)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise refusal(answer)
        return answer.body


class OpenBatch(NamedTuple):
    """A connection that carries a batch, and how many events may be unanswered on it; whoever has it closes it."""

    connection: Connection
    window: int


def _path(name: str, *parts: str) -> str:
    return "/".join(("/engine/v1/functions", *(quote(part, safe="") for part in (name, *parts))))


def _query(**values: str | float | None) -> str:
    given = {name: value for name, value in values.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PlatformError(
            "engine",
            f"its answer can't be read: {error}",
            "It may be of another version: jupyter lambda engine stop, then try again.",
        ) from error


def _check_type(invocation_type: str) -> None:
    if invocation_type not in _INVOCATION_TYPES:
        raise RequestError(
            f'invocation type "{invocation_type}"', "there is no such type", f"Use {', '.join(_INVOCATION_TYPES)}."
        )


def _opened(package: bytes | str | os.PathLike[str]) -> IO[bytes]:
    if isinstance(package, bytes):
        return BytesIO(package)
    try:
        return Path(package).open("rb")
    except OSError as error:
        raise RequestError(f'package "{os.fspath(package)}"', f"it can't be read: {error.strerror}", "Check the path.") from error


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := file.read(_PIECE_BYTES):
        digest.update(piece)
    return digest.hexdigest()


def _lines(connection: Connection, kind: type[T]) -> Iterator[T]:
    rest = b""
    for chunk in connection.chunks():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield msgspec.json.decode(line, type=kind)
