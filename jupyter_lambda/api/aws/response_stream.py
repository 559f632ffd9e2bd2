"""InvokeWithResponseStream: events that leave while the handler still runs.

What can end it: the handler's result or error → `InvokeComplete`; the caller who leaves → the invocation is cancelled; an invocation
that never began (a throttle, a stopping engine) → an error answer instead of a stream.
"""

from __future__ import annotations

import base64
import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_lambda.api.aws.event_stream import message
from jupyter_lambda.engine.invocations import InvokeRequest, Outcome, check_event
from jupyter_lambda.engine.result_pieces import ResultPieces
from jupyter_lambda.model.invocation import InvocationResult
from jupyter_lambda.telemetry.log_tail import log_tail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jupyter_lambda.api.aws.context import Context
    from jupyter_lambda.engine.engine import Engine

CONTENT_TYPE = b"application/vnd.amazon.eventstream"
_PIECE_BYTES_MAX = 1024 * 1024  # of one event; its consumers bound a message's size


class ResponseStream:
    """One streamed invocation. `open` it, then iterate over `messages`; `cancel` when the caller left."""

    def __init__(self, context: Context, values: dict[str, Any], trace_id: str | None) -> None:
        self._engine: Engine = context.engine
        reference = context.reference(values)
        self._wants_tail = values.get("LogType") == "Tail"
        self._request = InvokeRequest(
            function_name=reference.name, payload=values.get("Payload") or b"{}", qualifier=reference.qualifier,
            request_id=str(uuid.uuid4()), trace_id=trace_id,
        )  # fmt: skip
        self._pieces = ResultPieces()
        self._first: bytes | InvocationResult = b""
        self.version = ""

    @property
    def request_id(self) -> str:
        """The invocation's id."""
        return self._request.request_id

    async def open(self) -> None:
        """Run the function, and wait until it sends or ends.

        Raises:
            JupyterLambdaError: It could not be run.
        """
        check_event(self._request.payload)
        self.version = self._engine.invoke(self._request, self._pieces.end, self._pieces.put).version
        first = await self._pieces.get()
        if not isinstance(first, (bytes, InvocationResult)):
            raise first
        self._first = first

    async def messages(self) -> AsyncIterator[bytes]:
        """The stream's events, encoded."""
        item: bytes | Outcome = self._first
        while isinstance(item, bytes):
            for piece in _pieces(item):
                yield message("PayloadChunk", piece, "application/octet-stream")
            item = await self._pieces.get()
        if not isinstance(item, InvocationResult):
            complete = {"ErrorCode": type(item).__name__, "ErrorDetails": str(item)}
        else:
            if item.function_error is None:
                for piece in _pieces(item.payload):
                    yield message("PayloadChunk", piece, "application/octet-stream")
            complete = self._complete(item)
        yield message("InvokeComplete", msgspec.json.encode(complete), "application/json")

    def cancel(self) -> None:
        """The caller left."""
        self._engine.dispatcher.cancel(self.request_id)

    def _complete(self, result: InvocationResult) -> dict[str, str]:
        complete = {}
        if result.function_error is not None:
            complete = {"ErrorCode": result.function_error, "ErrorDetails": result.payload.decode("utf-8", "replace")}
        if self._wants_tail:
            complete["LogResult"] = base64.b64encode(log_tail(result.log)).decode()
        return complete


def _pieces(data: bytes) -> list[bytes]:
    return [data[start : start + _PIECE_BYTES_MAX] for start in range(0, len(data), _PIECE_BYTES_MAX)]
