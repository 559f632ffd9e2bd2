"""The Lambda Runtime API of one environment: over a connected socket for our runtime, over loopback TCP for any other.

Source: AWS Lambda Developer Guide, "Using the Lambda runtime API". The same TCP address answers the Lambda API for the
environment's own code, which shows its session token as bearer token or signs with it: functions call functions through it.
"""

from __future__ import annotations

import asyncio
import re
import socket
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

import msgspec

from jupyter_lambda.api.access import Access
from jupyter_lambda.api.aws.sigv4 import Verifier
from jupyter_lambda.api.environment_api import environment_doors
from jupyter_lambda.api.extension_api import PREFIXES, answer_extension_call
from jupyter_lambda.api.front_door import Doors, FrontDoor
from jupyter_lambda.api.http_protocol import HttpProtocol, Request
from jupyter_lambda.api.streamed_result import StreamedResult
from jupyter_lambda.engine.environment_plan import ENVIRONMENT_KEY_ID
from jupyter_lambda.engine.runtime_session import Answer, Delivery, RuntimeSession
from jupyter_lambda.model import limits

if TYPE_CHECKING:
    from jupyter_lambda.engine.engine import Engine

_SERVED: Final = (b"/2018-06-01/runtime/", *PREFIXES)
_NEXT: Final = b"/2018-06-01/runtime/invocation/next"
_INVOCATION: Final = re.compile(rb"/2018-06-01/runtime/invocation/(?P<id>[^/]+)/(?P<what>response|error)")
_MODE: Final = b"lambda-runtime-function-response-mode"
_INIT_TIMES: Final = b"jupyter-lambda-init-times"  # our own runtime tells them with its first request
_STATUS_OK: Final = b'{"status":"OK"}\n'
_JSON: Final = b"Content-Type: application/json\r\n"


class RuntimeConnection(HttpProtocol):
    """One connection of a runtime.

    A runtime that sends its answer and its next request in one write waits for the two replies together: the first is then held and
    goes out with the second, which saves a write and wakes the runtime once instead of twice.
    """

    max_body = limits.RESPONSE_BYTES_MAX

    def __init__(self, session: RuntimeSession, *, owns_session: bool) -> None:
        super().__init__()
        self._session = session
        self._owns_session = owns_session
        self._held = b""
        self._may_hold = False
        self._streamed: StreamedResult | None = None  # a result that comes in pieces right now
        self._arriving = b""

    def data_received(self, data: bytes) -> None:
        """Parse what came; what was held goes out unless another reply is due, with which it goes."""
        self._arriving = data
        if self._streamed is not None:
            self._streamed.received(data)
        super().data_received(data)
        if self._held and not self.is_answering and self.transport is not None:
            self.transport.write(self._held)
            self._held = b""

    def write(self, transport: asyncio.Transport, answer: bytes) -> None:
        """Hold an acknowledgement, send everything else."""
        if self._may_hold:
            self._held += answer
            return
        transport.write(self._held + answer if self._held else answer)
        self._held = b""

    def on_headers_complete(self) -> None:
        """A streamed result begins: its pieces are passed on as they come, where the caller takes them so."""
        super().on_headers_complete()
        request = self._request
        if request is None or request.headers.get(_MODE) != b"streaming":
            return
        match = _INVOCATION.fullmatch(request.target)
        if match is not None and match["what"] == b"response":
            self._streamed = StreamedResult(self._session, match["id"].decode("latin-1"), self)
            self._streamed.received(self._arriving)

    def on_body(self, body: bytes) -> None:
        """A piece of a body; of one that is passed on nothing is kept."""
        if self._streamed is not None and self._session.streams:
            self._streamed.piece(body)
        else:
            super().on_body(body)

    def handle(self, request: Request) -> None:
        """Answer one call of the Runtime API."""
        target = request.target
        if target == _NEXT:
            refusal = self._session.next(self._send, request.headers.get(_INIT_TIMES))
            if refusal is not None:
                self._answer(refusal)
        elif (match := _INVOCATION.fullmatch(target)) is not None:
            self._answered(match["id"].decode("latin-1"), match["what"], request)
        elif target == b"/2018-06-01/runtime/init/error":
            self._answer(self._session.init_error(request.body))
        elif target.startswith(PREFIXES) and self._session.companions is not None:
            answer_extension_call(self, self._session.companions, request)
        elif target.endswith(b"/ping"):
            self.respond(200, b"Content-Type: text/plain\r\n", b"pong")
        else:
            self._answer(Answer(404, "NoSuchOperation"))

    def connection_lost(self, exc: Exception | None) -> None:
        """The runtime's own socket ended: nothing more comes from it."""
        super().connection_lost(exc)
        if self._owns_session:
            self._session.closed()

    def _answered(self, request_id: str, what: bytes, request: Request) -> None:
        streamed, self._streamed = self._streamed, None
        body, too_large = request.body, bool(request.too_large)
        if streamed is not None:
            error, too_large = streamed.error(), too_large or streamed.is_too_large
        else:
            failed = what == b"error" or bool(request.headers.get(b"lambda-runtime-function-error-type"))
            error = body if failed and not too_large else None
        if error is not None:
            self._answer(self._session.error(request_id, error))
        else:
            self._answer(self._session.response(request_id, body, too_large=too_large))

    def _send(self, delivery: Delivery) -> None:
        context = delivery.client_context
        headers = b"".join(
            (
                b"Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: ", delivery.request_id.encode("latin-1"),
                b"\r\nLambda-Runtime-Deadline-Ms: %d\r\nLambda-Runtime-Invoked-Function-Arn: " % delivery.deadline_ms,
                delivery.function_arn.encode("latin-1"),
                b"\r\nLambda-Runtime-Trace-Id: ", delivery.trace_id.encode("latin-1"), b"\r\n",
                b"" if context is None else b"Lambda-Runtime-Client-Context: " + context.encode("ascii", "replace") + b"\r\n",
            )
        )  # fmt: skip
        self.respond(200, headers, delivery.payload)

    def _answer(self, answer: Answer) -> None:
        if answer.error_type is None:
            self._may_hold = True
            self.respond(answer.status, _JSON, _STATUS_OK)
            self._may_hold = False
        else:
            body = msgspec.json.encode({"errorMessage": answer.error_type, "errorType": answer.error_type})
            self.respond(answer.status, _JSON, body)


class EnvironmentConnection(asyncio.Protocol):
    """One TCP connection from inside an environment: of its runtime, or of its code that invokes another function."""

    def __init__(self, door: RuntimeDoor) -> None:
        self._door = door
        self._transport: asyncio.Transport | None = None
        self._first = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember it, so that the door can close it."""
        self._transport = transport  # type: ignore[assignment]  # a stream transport: what create_server gives
        self._door.transports.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """It went before it said what it wants."""
        if self._transport is not None:
            self._door.transports.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """See from the first line whom it is for."""
        self._first += data
        if b"\r\n" not in self._first and len(self._first) < 8192:
            return
        transport = self._transport
        protocol = self._door.protocol_for(self._first)
        if transport is None:
            return
        if protocol is None:
            transport.close()
            return
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(self._first)


class RuntimeDoor:
    """Where one environment's runtime finds its Runtime API."""

    def __init__(self, engine: Engine, token: str) -> None:
        self._engine = engine
        own = Verifier(
            lambda key_id: token if key_id == ENVIRONMENT_KEY_ID else None, engine.clock.epoch, region=engine.settings.region
        )
        self._access = Access(token, verifier=own)
        self._session: RuntimeSession | None = None
        self._server: asyncio.Server | None = None
        self._doors: Doors | None = None  # of the Lambda API, made when the environment's code first asks for it
        self.transports: WeakSet[asyncio.BaseTransport] = WeakSet()  # other protocols take connections over
        self.address = ""

    async def open(self) -> None:
        """Listen on a loopback port of its own."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{listener.getsockname()[1]}"
        try:
            self._server = await asyncio.get_running_loop().create_server(lambda: EnvironmentConnection(self), sock=listener)
        except BaseException:  # cancelled too: until the server has it, the socket is ours to close
            listener.close()
            raise

    async def connect(self, session: RuntimeSession) -> int:
        """Serve `session` from now on; returns the worker's end of a socket that speaks to it."""
        self._session = session
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.setblocking(False)
        transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
            lambda: RuntimeConnection(session, owns_session=True), ours
        )
        self.transports.add(transport)
        return theirs.detach()

    def protocol_for(self, first: bytes) -> asyncio.Protocol | None:
        """Who serves a connection that begins like this."""
        if self._session is not None and any(prefix in first for prefix in _SERVED):
            return RuntimeConnection(self._session, owns_session=False)
        if self._doors is None:
            self._doors = environment_doors(self._engine, self._access)
        return FrontDoor(self._doors)

    def close(self) -> None:
        """Close the address and every connection. Safe to call twice."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for transport in list(self.transports):
            transport.close()
        self.transports.clear()
        if self._doors is not None:
            for transport in list(self._doors.transports):
                transport.close()


class RuntimeDoors:
    """Makes doors for the engine's environments."""

    def __init__(self) -> None:
        self.engine: Engine | None = None  # set once the engine exists: the two know each other

    async def open(self, environment_token: str) -> RuntimeDoor:
        """Open a door; `environment_token` lets the environment's own code invoke functions."""
        if self.engine is None:
            msg = "doors are opened by an engine"
            raise RuntimeError(msg)
        door = RuntimeDoor(self.engine, environment_token)
        await door.open()
        return door
