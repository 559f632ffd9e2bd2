"""`POST /2015-03-31/functions/{F}/invocations`: the hot way to a function, for own clients and for AWS's.

Source: AWS Lambda API Reference, Invoke. Headers of our own are described in docs/engine-api.md.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

import msgspec

from jupyter_lambda.api.aws.context import check_reachable, derived_qualifier_differs
from jupyter_lambda.api.aws.newer_areas import INVOKE_HEADERS, not_here
from jupyter_lambda.api.error_body import aws_error, engine_error
from jupyter_lambda.api.http_protocol import HttpProtocol, Request
from jupyter_lambda.engine.invocations import InvokeRequest, check_event
from jupyter_lambda.errors import InvalidRequestContent, JupyterLambdaError, PayloadTooLarge, RequestError, ValidationError
from jupyter_lambda.model import limits
from jupyter_lambda.model.invocation import InvocationResult
from jupyter_lambda.model.names import FunctionReference, parse_function_reference
from jupyter_lambda.telemetry.log_tail import log_tail

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from jupyter_lambda.api.access import Access
    from jupyter_lambda.engine.engine import Engine
    from jupyter_lambda.engine.invocations import Outcome

_TARGET = re.compile(rb"/2015-03-31/functions/(?P<name>[^/?]+)/invocations/?(?:\?(?P<query>.*))?")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_CLIENT_CONTEXT_BYTES_MAX = 3_583
_JSON = b"Content-Type: application/json\r\n"


class Call(msgspec.Struct, frozen=True):
    """An invoke request, taken apart."""

    request: InvokeRequest
    reference: FunctionReference
    wants_telemetry: bool
    wants_tail: bool


def is_invoke(first_line: bytes) -> bool:
    """Whether a request's first line is for this door."""
    return first_line.startswith(b"POST /2015-03-31/functions/") and b"/invocations" in first_line


def parse_call(target: bytes, headers: Mapping[bytes, bytes], body: bytes, too_large: int = 0) -> Call:
    """Take an invoke request apart (RequestError when it is none)."""
    reference, qualifier = _function_of(target)
    for header, member in INVOKE_HEADERS.items():
        if header in headers:
            raise not_here(member)
    kind = _choice(headers, b"x-amz-invocation-type", "invocationType", ("Event", "RequestResponse", "DryRun"), "RequestResponse")
    if too_large:
        raise PayloadTooLarge(
            "event", f"{too_large:,} bytes, and Lambda takes {limits.REQUEST_BYTES_MAX:,}",
            "Pass large data by a file: --files or --mount.",
            aws_message=f"Request must be smaller than {limits.REQUEST_BYTES_MAX} bytes for the InvokeFunction operation",
        )  # fmt: skip
    request_id = headers.get(b"x-jupyter-lambda-request-id", b"").decode("latin-1") or str(uuid.uuid4())
    if not _REQUEST_ID.fullmatch(request_id):
        raise RequestError("request id", "it is not letters, digits and -, 64 at most", "Send a UUID, or none.")
    client_context = headers.get(b"x-amz-client-context")
    return Call(
        InvokeRequest(
            function_name=reference.name,
            payload=body or b"{}",
            qualifier=qualifier,
            request_id=request_id,
            invocation_type=kind,
            trace_id=headers[b"x-amzn-trace-id"].decode("latin-1") if b"x-amzn-trace-id" in headers else None,
            client_context=_client_context(client_context) if client_context else None,
        ),
        reference,
        wants_telemetry=headers.get(b"x-jupyter-lambda-telemetry") == b"1",
        wants_tail=_choice(headers, b"x-amz-log-type", "logType", ("None", "Tail"), "None") == "Tail",
    )


@functools.lru_cache(maxsize=1_024)
def _function_of(target: bytes) -> tuple[FunctionReference, str | None]:
    """The function and qualifier of a request's target; a caller has few and sends them again and again."""
    match = _TARGET.fullmatch(target)
    if match is None:
        raise RequestError("request", "no operation has this path", "See docs/engine-api.md.")
    reference = parse_function_reference(unquote(match["name"].decode("latin-1")))
    qualifier = reference.qualifier
    if match["query"]:
        given = parse_qs(match["query"].decode("latin-1")).get("Qualifier", [None])[0]
        if given is not None and qualifier is not None and given != qualifier:
            raise derived_qualifier_differs()
        qualifier = given or qualifier
    return reference, qualifier


def _choice(headers: Mapping[bytes, bytes], header: bytes, member: str, choices: tuple[str, ...], default: str) -> str:
    given = headers.get(header)
    if given is None:
        return default
    value = given.decode("latin-1")
    if value not in choices:
        raise ValidationError(
            f'{member} "{value}"', "there is no such one", f"Use {' or '.join(choices)}.",
            aws_message=f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must "
            f"satisfy enum value set: [{', '.join(choices)}]",
        )  # fmt: skip
    return value


def _client_context(given: bytes) -> str:
    try:
        if len(given) > _CLIENT_CONTEXT_BYTES_MAX:
            raise ValueError("it is too long")
        return base64.b64decode(given, validate=True).decode()
    except ValueError as error:
        raise InvalidRequestContent(
            "client context", f"it is not base64 of UTF-8, {_CLIENT_CONTEXT_BYTES_MAX:,} bytes at most: {error}", "Correct it.",
            aws_message="Client context must be a valid Base64-encoded JSON object.", members={"Type": "User"},
        ) from error  # fmt: skip


class InvokeDoor(HttpProtocol):
    """One connection that invokes."""

    def __init__(self, engine: Engine, access: Access) -> None:
        super().__init__()
        self._engine = engine
        self._access = access
        self._tasks: set[asyncio.Task[None]] = set()

    def handle(self, request: Request) -> None:
        """Check, parse, invoke; the answer comes when the function has ended."""
        try:
            if not request.too_large:  # the body is gone, and the answer is the same for everybody
                self._access.check_aws("POST", request.target, request.headers, request.body)
            call = parse_call(request.target, request.headers, request.body, request.too_large)
            if call.reference.region is not None or call.reference.account is not None:
                check_reachable(call.reference, self._engine.settings.region, self._engine.settings.account_id)
            match call.request.invocation_type:
                case "RequestResponse":
                    check_event(call.request.payload)
                    self._engine.invoke(call.request, lambda outcome: self._answer(call, outcome))
                case "Event":
                    self._spawn(self._accept(call))
                case _:
                    self._engine.resolve(self._engine.catalog.entry(call.request.function_name), call.request.qualifier)
                    self._plain(204, call.request.request_id)
        except JupyterLambdaError as error:
            self._refuse(error, request.headers)

    def _answer(self, call: Call, outcome: Outcome) -> None:
        if isinstance(outcome, InvocationResult):
            self.respond(200, *answer_parts(call, outcome))
        else:
            self._refuse(outcome, {b"x-jupyter-lambda-telemetry": b"1"} if call.wants_telemetry else {})

    async def _accept(self, call: Call) -> None:
        try:
            await self._engine.accept_event(call.request)
        except JupyterLambdaError as error:
            self._refuse(error, {b"x-jupyter-lambda-telemetry": b"1"} if call.wants_telemetry else {})
        else:
            self._plain(202, call.request.request_id)

    def _plain(self, status: int, request_id: str) -> None:
        self.respond(status, b"x-amzn-RequestId: %b\r\n" % request_id.encode("latin-1"))

    def _refuse(self, error: JupyterLambdaError, headers: Mapping[bytes, bytes]) -> None:
        if b"x-jupyter-lambda-telemetry" in headers or b"x-jupyter-lambda-request-id" in headers:
            status, body = engine_error(error)
            self.respond(status, _JSON, body)
            return
        status, code, body = aws_error(error)
        retry = b"Retry-After: 1\r\n" if status == 429 else b""
        head = b"%bx-amzn-RequestId: %b\r\nx-amzn-ErrorType: %b\r\n%b"
        self.respond(status, head % (_JSON, str(uuid.uuid4()).encode(), code.encode(), retry), body)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def answer_parts(call: Call, result: InvocationResult) -> tuple[bytes, ...]:
    """Header lines, then the parts of the body."""
    record = result.record
    lines = [
        b"%bx-amzn-RequestId: %b\r\nX-Amz-Executed-Version: %b\r\n"
        % (_JSON, record.request_id.encode("latin-1"), record.version.encode())
    ]
    error = result.function_error
    if error is not None:
        lines.append(b"X-Amz-Function-Error: %b\r\n" % error.encode())
    if record.trace_id:
        lines.append(b"X-Amzn-Trace-Id: %b\r\n" % record.trace_id.encode("latin-1"))
    if call.wants_tail:
        lines.append(b"X-Amz-Log-Result: %b\r\n" % base64.b64encode(log_tail(result.log)))
    if not call.wants_telemetry:
        return b"".join(lines), result.payload
    lines.append(
        b"X-Jupyter-Lambda-Record: %b\r\nX-Jupyter-Lambda-Log-Bytes: %d\r\n"
        % (_in_ascii(msgspec.json.encode(record)), len(result.log))
    )
    return b"".join(lines), result.payload, result.log


def _in_ascii(document: bytes) -> bytes:
    """JSON with every character above ASCII escaped, as a header's value wants it."""
    if document.isascii():
        return document
    escaped = []
    for character in document.decode():
        code = ord(character)
        if code < 0x80:
            escaped.append(character)
        elif code < 0x10000:
            escaped.append(f"\\u{code:04x}")
        else:
            code -= 0x10000
            escaped.append(f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}")
    return "".join(escaped).encode()
