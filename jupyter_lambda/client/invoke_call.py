"""The hot call: an invoke request as bytes, and its answer as an `InvocationResult`."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec

from jupyter_lambda.client.refusal import refusal
from jupyter_lambda.errors import PlatformError
from jupyter_lambda.model.invocation import InvocationRecord, InvocationResult, Status

if TYPE_CHECKING:
    from jupyter_lambda.client.http_answer import Answer

_KNOWN_MAX: Final = 1_024
_decode_record = msgspec.json.Decoder(InvocationRecord).decode


class InvokeHeads:
    """First lines and headers of invoke requests, made once for each function, qualifier and type."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str | None, str], tuple[bytes, bytes]] = {}

    def of(self, name: str, qualifier: str | None, invocation_type: str, request_id: str) -> tuple[bytes, bytes]:
        """Method and target, and the header lines that are this call's own."""
        key = (name, qualifier, invocation_type)
        known = self._known.get(key)
        if known is None:
            known = self._make(name, qualifier, invocation_type)
        return known[0], b"%b%b\r\n" % (known[1], request_id.encode("latin-1"))

    def _make(self, name: str, qualifier: str | None, invocation_type: str) -> tuple[bytes, bytes]:
        query = f"?Qualifier={quote(qualifier, safe='')}" if qualifier else ""
        first = f"POST /2015-03-31/functions/{quote(name, safe='')}/invocations{query}".encode("ascii")
        kind = (
            b"" if invocation_type == "RequestResponse" else b"X-Amz-Invocation-Type: %b\r\n" % invocation_type.encode("latin-1")
        )
        lines = b"X-Jupyter-Lambda-Telemetry: 1\r\n%bX-Jupyter-Lambda-Request-Id: " % kind
        if len(self._known) >= _KNOWN_MAX:
            self._known.clear()
        self._known[(name, qualifier, invocation_type)] = first, lines
        return first, lines


def read_result(answer: Answer, name: str, request_id: str, invocation_type: str) -> InvocationResult:
    """What an invocation gave.

    Raises:
        JupyterLambdaError: What the engine raised instead of running it.
    """
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise refusal(answer)
    record = answer.headers.get(b"x-jupyter-lambda-record")
    if record is not None:
        cut = len(answer.body) - int(answer.headers[b"x-jupyter-lambda-log-bytes"])
        return InvocationResult(payload=answer.body[:cut], record=_decode_record(record), log=answer.body[cut:])
    if invocation_type == "RequestResponse":
        raise PlatformError("engine", "its answer has no record of the invocation", "Update it: jupyter lambda engine stop.")
    status = Status.QUEUED if answer.status == HTTPStatus.ACCEPTED else Status.SUCCEEDED
    given = answer.headers.get(b"x-amzn-requestid", request_id.encode("latin-1")).decode("latin-1")
    return InvocationResult(
        payload=b"",
        record=InvocationRecord(
            request_id=given, function_name=name, version="", status=status, invocation_type=invocation_type
        ),
    )  # fmt: skip
