"""`POST /engine/v1/functions/{F}/batch`: events in, results out, on one connection, as docs/engine-api.md describes."""

from __future__ import annotations

import asyncio
import re
import struct
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote

import httptools
import msgspec

from jupyter_lambda.api.error_body import engine_error
from jupyter_lambda.api.http_protocol import HttpProtocol, Request
from jupyter_lambda.engine.batch import WINDOW, Batch
from jupyter_lambda.errors import JupyterLambdaError, RequestError
from jupyter_lambda.model.names import parse_function_reference

if TYPE_CHECKING:
    from jupyter_lambda.api.access import Access
    from jupyter_lambda.engine.engine import Engine
    from jupyter_lambda.model.invocation import InvocationResult

_TARGET: Final = re.compile(rb"/engine/v1/functions/(?P<name>[^/?]+)/batch(?:\?(?P<query>.*))?")
_END: Final = 0xFFFFFFFF
_IN: Final = struct.Struct("<II")
_OUT: Final = struct.Struct("<IIII")
_encode = msgspec.json.Encoder().encode


def is_batch(first_line: bytes) -> bool:
    """Whether a request's first line is for this door."""
    return first_line.startswith(b"POST /engine/v1/functions/") and b"/batch" in first_line.split(b"\r\n", 1)[0]


class BatchDoor(HttpProtocol):
    """One connection that carries a batch; it ends with the batch."""

    def __init__(self, engine: Engine, access: Access) -> None:
        super().__init__()
        self._engine = engine
        self._access = access
        self._batch: Batch | None = None
        self._inbox = bytearray()
        self._outbox: list[bytes] = []
        self._flushing = False
        self._no_more = False
        self._with_logs = False

    def handle(self, request: Request) -> None:
        """Open the batch, or say why not."""
        try:
            self._access.check(request.headers)
            self._open(request)
        except JupyterLambdaError as error:
            status, body = engine_error(error)
            self.respond(status, b"Content-Type: application/json\r\nConnection: close\r\n", body)
            if self.transport is not None:
                self.transport.close()

    def data_received(self, data: bytes) -> None:
        """The request's head first, frames after it."""
        if self._batch is None:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
            except httptools.HttpParserError:
                if self.transport is not None:
                    self.transport.close()
                return
            else:
                return
        self._inbox += data
        self._read_frames()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left: nothing runs for nobody."""
        super().connection_lost(exc)
        if self._batch is not None:
            self._batch.cancel()

    def _open(self, request: Request) -> None:
        match = _TARGET.fullmatch(request.target)
        if match is None or request.headers.get(b"upgrade", b"").lower() != b"jupyter-lambda-batch":
            raise RequestError(
                "batch", "the request does not ask for an upgrade to jupyter-lambda-batch", "See docs/engine-api.md."
            )
        query = parse_qs((match["query"] or b"").decode("latin-1"))
        reference = parse_function_reference(unquote(match["name"].decode("latin-1")))
        qualifier = query.get("Qualifier", [reference.qualifier or ""])[0] or None
        self._with_logs = query.get("logs", ["0"])[0] == "1"
        number = query.get("concurrency", ["0"])[0]
        if not number.isdigit():
            raise RequestError(f'concurrency "{number}"', "not a whole number", "Use 0 to let the engine choose.")
        self._engine.resolve(self._engine.catalog.entry(reference.name), qualifier)
        self._batch = Batch(self._engine, reference.name, qualifier, int(number), self._result)
        if self.transport is not None:
            self.transport.write(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: jupyter-lambda-batch\r\n"
                b"X-Jupyter-Lambda-Window: %d\r\n\r\n" % WINDOW
            )

    def _read_frames(self) -> None:
        inbox, position, batch = self._inbox, 0, self._batch
        while batch is not None and len(inbox) - position >= _IN.size:
            length, index = _IN.unpack_from(inbox, position)
            if length == _END:
                self._no_more = True
                position += _IN.size
                break
            end = position + _IN.size + length
            if len(inbox) < end:
                break
            batch.offer(index, bytes(inbox[position + _IN.size : end]))
            position = end
        del inbox[:position]
        self._end_if_done()

    def _result(self, index: int, result: InvocationResult) -> None:
        record = _encode(result.record)
        log = result.log if self._with_logs else b""
        self._outbox += (_OUT.pack(index, len(record), len(result.payload), len(log)), record, result.payload, log)
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        """Send what gathered during one turn of the loop."""
        self._flushing = False
        if self.transport is not None and self._outbox:
            self.transport.write(b"".join(self._outbox))
        self._outbox.clear()
        self._end_if_done()

    def _end_if_done(self) -> None:
        if (
            self._no_more
            and self._batch is not None
            and not self._batch.unanswered
            and not self._outbox
            and self.transport is not None
        ):
            self._no_more = False
            self.transport.write(_OUT.pack(_END, 0, 0, 0))
            self.transport.close()
