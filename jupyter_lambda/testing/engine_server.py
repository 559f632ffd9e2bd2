"""An engine without sandboxes behind a real unix socket: docs/engine-api.md spoken by threads, handlers as Python callables.

For tests of what sends requests. State and rules are `FakeEngineClient`'s; what this adds is the wire: keep-alive, error bodies,
telemetry headers, chunked logs, batches, and an engine that dies, restarts or closes connections when a test says so.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import struct
import threading
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from jupyter_lambda.errors import (
    AccessDenied,
    CorruptBlob,
    InvocationNotFound,
    JupyterLambdaError,
    NotFound,
    RequestError,
    aws_code,
)
from jupyter_lambda.model.engine_api import (
    PROTOCOL,
    AliasRequest,
    ConfigurationChange,
    DeployRequest,
    ErrorBody,
    Hello,
    InvocationPage,
    PublishRequest,
)
from jupyter_lambda.model.environment import EnvironmentState, EnvironmentView
from jupyter_lambda.model.function import Configuration
from jupyter_lambda.model.invocation import InvocationResult, Status
from jupyter_lambda.model.runtime_file import RuntimeFile
from jupyter_lambda.testing.engine_client import FakeEngineClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FRAME_IN: Final = struct.Struct("<II")
_FRAME_OUT: Final = struct.Struct("<IIII")
_END: Final = 0xFFFFFFFF


@dataclass
class Request:
    """One request, read whole."""

    method: str
    path: list[str]
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def name(self) -> str:
        """The function that `/engine/v1/functions/{F}/…` names."""
        return self.path[3]


@dataclass
class Running:
    """An invocation that a handler may wait in, and a test may cancel."""

    cancelled: threading.Event = field(default_factory=threading.Event)


class EngineServer:
    """Serves a `FakeEngineClient` at a unix socket, from `start` to `close`.

    Attributes:
        engine: The state; `engine.add(name, handler)` deploys.
        requests: First lines of all that was asked, in order.
        connections: How many were accepted.
        blobs: Uploaded packages by hash.
        running: Invocations by request id, while they run.
        started: Set when an invocation reached its handler; a test that waits for it clears it.
        window: What batches are told.
    """

    def __init__(self, path: Path, *, token: str = "token", engine: FakeEngineClient | None = None) -> None:  # noqa: S107 (a test's)
        self.path = path
        self.token = token
        self.engine = engine or FakeEngineClient()
        self.requests: list[str] = []
        self.connections = 0
        self.blobs: dict[str, bytes] = {}
        self.running: dict[str, Running] = {}
        self.started = threading.Event()
        self.window = 4
        self.cancelled: list[str] = []
        self.ended_environments: list[str] = []
        self.stopped: str | None = None
        self.die_after_reading = False  # the next request is read, and the engine dies
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()

    @property
    def runtime(self) -> RuntimeFile:
        """Where it listens."""
        return RuntimeFile(
            host="host", boot_id="boot", pid=1, started=1.0, url="http://127.0.0.1:1", socket=str(self.path), token=self.token,
            protocol=PROTOCOL, version="0", home="home", sandbox="process", access_key_id="key", secret_access_key="secret",  # noqa: S106
        )  # fmt: skip

    def start(self) -> Self:
        """Listen."""
        self.path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(128)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def close_connections(self) -> None:
        """As an engine does with those that were idle too long."""
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End, as if killed: nothing is answered any more."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
            self.path.unlink(missing_ok=True)
        self.close_connections()
        for running in list(self.running.values()):
            running.cancelled.set()

    # -- connections --------------------------------------------------------------------------------------------------------
    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(one)
            threading.Thread(target=self._serve, args=(one,), daemon=True).start()

    def _serve(self, one: socket.socket) -> None:
        with contextlib.suppress(OSError), one, one.makefile("rb") as reader:
            while (request := _read(reader)) is not None:
                self.requests.append(f"{request.method} /{'/'.join(request.path)}")
                if self.die_after_reading:
                    self.die_after_reading = False
                    self.close()
                    return
                if not self._answer(request, one, reader):
                    return
        self._open.discard(one)

    def _answer(self, request: Request, one: socket.socket, reader: IO[bytes]) -> bool:
        try:
            if request.headers.get("authorization") != f"Bearer {self.token}":
                raise AccessDenied("engine", "the request has no valid token", "Read the runtime file.")
            if request.headers.get("upgrade") == "jupyter-lambda-batch":
                self._batch(request, one, reader)
                return False
            if request.query.get("follow") == "1":
                self.engine.function(request.name)
                one.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for event in self.engine.follow_logs(request.name):
                    line = msgspec.json.encode(event) + b"\n"
                    one.sendall(b"%x\r\n%b\r\n" % (len(line), line))
                one.sendall(b"0\r\n\r\n")
                return True
            if request.path[0] == "2015-03-31":
                one.sendall(self._invoke(request))
            else:
                one.sendall(_plain(*self._control(request)))
        except JupyterLambdaError as error:
            code = aws_code(error)
            body = ErrorBody(
                kind=type(error).__name__, code=code.code, where=error.where, what=error.what, suggestion=error.suggestion,
                members=error.members,
            )  # fmt: skip
            one.sendall(_plain(code.status, body))
        return True

    # -- calls --------------------------------------------------------------------------------------------------------------
    def _control(self, request: Request) -> tuple[int, Any]:
        match request.method, request.path[2:]:
            case "GET", ["hello"]:
                return 200, Hello(protocol=PROTOCOL, version="0", pid=1, home="home", sandbox="process", url="http://127.0.0.1:1")
            case "GET", ["status"]:
                return 200, self.engine.status()
            case "POST", ["stop"]:
                self.stopped = "drain" if request.query.get("drain") == "1" else "stop"
                return 202, {}
            case "HEAD", ["blobs", sha256]:
                return (200 if sha256 in self.blobs else 404), None
            case "PUT", ["blobs", sha256]:
                return self._store(sha256, request.body)
            case "GET", ["functions"]:
                return 200, self.engine.functions()
            case "GET", ["environments"]:
                return 200, [_environment()]
            case "DELETE", ["environments", environment_id]:
                self.ended_environments.append(environment_id)
                return 202, {}
            case "GET", ["invocations"]:
                return 200, InvocationPage(invocations=tuple(reversed(self.engine.records)))
            case "GET", ["invocations", request_id]:
                return 200, self._kept(request_id)
            case "POST", ["invocations", request_id, "cancel"]:
                return self._cancel(request_id)
            case method, ["functions", name, *rest]:
                return self._function(method, name, rest, request)
        raise NotFound("engine", f"no call {request.method} {request.path}")

    def _function(self, method: str, name: str, rest: list[str], request: Request) -> tuple[int, Any]:
        engine, body, query = self.engine, request.body, request.query
        match method, rest:
            case "GET", []:
                return 200, engine.function(name)
            case "DELETE", []:
                engine.delete(name, qualifier=query.get("qualifier"))
                return 204, None
            case "POST", ["deploy"]:
                return 200, engine.deploy(name, msgspec.json.decode(body, type=DeployRequest))
            case "PATCH", ["configuration"]:
                return 200, self._configure(name, msgspec.json.decode(body, type=ConfigurationChange))
            case "POST", ["versions"]:
                return 200, engine.publish(name, description=msgspec.json.decode(body, type=PublishRequest).description)
            case "GET", ["versions", version]:
                return 200, engine.version(name, version)
            case "GET", ["difference"]:
                return 200, engine.difference(name, query["before"], query["after"])
            case "PUT", ["aliases", alias]:
                return 200, engine.put_alias(name, alias, msgspec.json.decode(body, type=AliasRequest))
            case "DELETE", ["aliases", alias]:
                engine.delete_alias(name, alias)
                return 204, None
            case "GET", ["invocations"]:
                mine = [record for record in engine.records if record.function_name == name]
                return 200, InvocationPage(invocations=tuple(reversed(mine)))
            case "GET", ["logs"]:
                since, limit = float(query.get("since", 0)), int(query.get("limit", 1000))
                return 200, engine.logs(name, since=since, request_id=query.get("request_id"), limit=limit)
            case "GET", ["metrics"]:
                return 200, engine.metrics(name, since=float(query.get("since", 0)))
        raise NotFound("engine", f"no call {method} {rest}")

    def _store(self, sha256: str, body: bytes) -> tuple[int, Any]:
        if hashlib.sha256(body).hexdigest() != sha256:
            raise CorruptBlob(f"package {sha256[:8]}", "its checksum differs", "Deploy again.")
        self.blobs[sha256] = body
        return 201, {}

    def _configure(self, name: str, change: ConfigurationChange) -> Any:
        detail = self.engine.function(name)
        options = {**msgspec.to_builtins(detail.function.latest.configuration), **change.options}
        latest = msgspec.structs.replace(detail.function.latest, configuration=msgspec.convert(options, Configuration))
        function = msgspec.structs.replace(detail.function, latest=latest, reserved_concurrency=change.reserved_concurrency)
        self.engine.details[name] = msgspec.structs.replace(detail, function=function, unpublished_changes=True)
        return latest

    def _kept(self, request_id: str) -> Any:
        record = next((record for record in self.engine.records if record.request_id == request_id), None)
        if record is None:
            raise InvocationNotFound(f"invocation {request_id}", "there is no record of it")
        if record.status is Status.QUEUED:
            raise InvocationNotFound(f"invocation {request_id}", "it waits")
        return {"record": record, "log": "START\nEND\n"}

    def _cancel(self, request_id: str) -> tuple[int, Any]:
        self.cancelled.append(request_id)
        if request_id not in self.running:
            raise InvocationNotFound(f"invocation {request_id}", "it is not running")
        self.running[request_id].cancelled.set()
        return 202, {}

    # -- invoking -----------------------------------------------------------------------------------------------------------
    def _invoke(self, request: Request) -> bytes:
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        request_id = request.headers["x-jupyter-lambda-request-id"]
        name, qualifier = request.path[2], request.query.get("Qualifier")
        if kind != "RequestResponse":
            self.engine.function(name)
            return b"HTTP/1.1 %d Queued\r\nx-amzn-RequestId: %b\r\nContent-Length: 0\r\n\r\n" % (
                202 if kind == "Event" else 204, request_id.encode(),
            )  # fmt: skip
        result = self.run(name, request.body, request_id, qualifier)
        record = json.dumps(msgspec.to_builtins(result.record)).encode("ascii")
        body = result.payload + result.log
        return b"HTTP/1.1 200 OK\r\nX-Jupyter-Lambda-Record: %b\r\nX-Jupyter-Lambda-Log-Bytes: %d\r\nContent-Length: %d\r\n\r\n%b" % (
            record, len(result.log), len(body), body,
        )  # fmt: skip

    def run(self, name: str, payload: bytes, request_id: str, qualifier: str | None = None) -> InvocationResult:
        """Run a handler; where the test cancels it, the handler's result is not waited for."""
        self.running[request_id] = running = Running()
        answered: list[InvocationResult | JupyterLambdaError] = []

        def work() -> None:
            try:
                answered.append(self.engine.invoke(name, payload, qualifier=qualifier, request_id=request_id))
            except JupyterLambdaError as error:
                answered.append(error)
            running.cancelled.set()

        self.started.set()
        threading.Thread(target=work, daemon=True).start()
        running.cancelled.wait()
        del self.running[request_id]
        if not answered:
            return _cancelled(name, request_id)
        if isinstance(answered[0], JupyterLambdaError):
            raise answered[0]
        return answered[0]

    def _batch(self, request: Request, one: socket.socket, reader: IO[bytes]) -> None:
        self.engine.function(request.name)
        if not request.query.get("concurrency", "0").isdigit():
            raise RequestError("concurrency", "not a number")
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: jupyter-lambda-batch\r\nX-Jupyter-Lambda-Window: %d\r\n\r\n"
        one.sendall(head % self.window)
        waiting: list[tuple[int, bytes]] = []
        for index, event in _frames(reader):
            waiting.append((index, event))
            if 2 * len(waiting) >= self.window:  # answered from the end: the order is the client's business
                self._answer_batch(request, one, waiting)
        self._answer_batch(request, one, waiting)
        one.sendall(_FRAME_OUT.pack(_END, 0, 0, 0))

    def _answer_batch(self, request: Request, one: socket.socket, waiting: list[tuple[int, bytes]]) -> None:
        with_log = request.query.get("logs") == "1"
        while waiting:
            index, event = waiting.pop()
            result = self.run(request.name, event, str(uuid.uuid4()), request.query.get("Qualifier"))
            record, log = msgspec.json.encode(result.record), result.log if with_log else b""
            one.sendall(_FRAME_OUT.pack(index, len(record), len(result.payload), len(log)) + record + result.payload + log)


def _read(reader: IO[bytes]) -> Request | None:
    first = reader.readline().split()
    if len(first) < 2:
        return None
    headers: dict[str, str] = {}
    while (line := reader.readline().strip()) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    target = urlsplit(first[1].decode("ascii"))
    body = reader.read(int(headers.get("content-length", "0")))
    query = {name: values[0] for name, values in parse_qs(target.query).items()}
    return Request(first[0].decode(), [unquote(part) for part in target.path.strip("/").split("/")], query, headers, body)


def _frames(reader: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    while True:
        length, index = _FRAME_IN.unpack(reader.read(_FRAME_IN.size) or _FRAME_IN.pack(_END, 0))
        if length == _END:
            return
        yield index, reader.read(length)


def _plain(status: int, value: Any) -> bytes:
    body = b"" if value is None else msgspec.json.encode(value)
    length = b"" if status == HTTPStatus.NO_CONTENT else b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 %d %b\r\n%b\r\n%b" % (status, HTTPStatus(status).phrase.encode(), length, body)


def _cancelled(name: str, request_id: str) -> InvocationResult:
    from jupyter_lambda.model.invocation import InvocationRecord

    return InvocationResult(
        payload=b'{"errorType": "JupyterLambda.Cancelled", "errorMessage": "Cancelled by the caller"}',
        record=InvocationRecord(request_id=request_id, function_name=name, version="$LATEST", status=Status.CANCELLED),
    )


def _environment() -> EnvironmentView:
    return EnvironmentView(
        environment_id="e1",
        function_name="f",
        version="1",
        revision_id="r",
        state=EnvironmentState.IDLE,
        sandbox="process",
        started=1.0,
    )
