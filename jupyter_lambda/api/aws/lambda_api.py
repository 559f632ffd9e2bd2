"""The door of AWS's control plane: an ASGI application from signature to answer.

Order of what is refused: the body's size → the signature → the path → types → shapes → the operation's own checks. Whatever goes
wrong is answered with `x-amzn-ErrorType` and a body that AWS's clients read; only a fault of ours is a 500, and it is logged.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_lambda.api.aws.context import Context
from jupyter_lambda.api.aws.newer_areas import check_areas
from jupyter_lambda.api.aws.operations.table import HANDLERS, STATUSES
from jupyter_lambda.api.aws.request_body import read_body
from jupyter_lambda.api.aws.request_values import input_values
from jupyter_lambda.api.aws.response_stream import CONTENT_TYPE, ResponseStream
from jupyter_lambda.api.aws.service_model import service_model
from jupyter_lambda.api.aws.sigv4 import STREAMING_UNSIGNED, decode_chunks
from jupyter_lambda.api.aws.validation import validate
from jupyter_lambda.api.error_body import aws_error
from jupyter_lambda.errors import AccessDenied, JupyterLambdaError, NoSuchOperation, NotFound, PackageTooLarge, PlatformError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from jupyter_lambda.api.access import Access
    from jupyter_lambda.api.aws.request_values import Values
    from jupyter_lambda.api.aws.service_model import Operation
    from jupyter_lambda.engine.engine import Engine

log = logging.getLogger(__name__)

BODY_BYTES_MAX: Final = 70_167_211  # [R] a whole CreateFunction request
PACKAGES: Final = "/packages/"
PACKAGE_URL_SECONDS: Final = 600
Headers = dict[bytes, bytes]


class Answer(msgspec.Struct, frozen=True):
    """What goes back."""

    status: int
    body: bytes = b""
    error_type: str | None = None
    content_type: bytes = b"application/json"


class LambdaApi:
    """Answers every operation but Invoke.

    Args:
        engine: The engine.
        access: Who may at all.
        allows: Which operations may be asked for, by name; None: every one.
    """

    def __init__(self, engine: Engine, access: Access, allows: Callable[[str], bool] | None = None) -> None:
        self._engine = engine
        self._allows = allows
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request_id = str(uuid.uuid4())
        answer: Answer | ResponseStream
        try:
            answer = await self._answer(scope, receive)
        except JupyterLambdaError as error:
            if isinstance(error, PlatformError):
                log.warning("request %s could not be served: %s", request_id, error)
            answer = _refusal(error)
        except Exception:
            log.exception("request %s failed", request_id)
            answer = _refusal(PlatformError("engine", "a fault of its own; its log says which", "Report it."))
        if isinstance(answer, ResponseStream):
            await _send_stream(answer, receive, send)
            return
        headers = [
            (b"x-amzn-requestid", request_id.encode()),
            (b"content-length", str(len(answer.body)).encode()),
            *([(b"content-type", answer.content_type)] if answer.body else []),
            *([(b"x-amzn-errortype", answer.error_type.encode())] if answer.error_type else []),
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | ResponseStream:
        method, headers = scope["method"], _headers(scope)
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        body = await _body(receive)
        self._access.check_aws(method, f"{path}?{query}".encode() if query else path.encode(), headers, body)
        if headers.get(b"x-amz-content-sha256") == STREAMING_UNSIGNED.encode():
            body = decode_chunks(body)
        if path.startswith(PACKAGES) and method == "GET":
            return await self._download(path.removeprefix(PACKAGES))
        return await self._operate(method, path, query, headers, body)

    async def _operate(self, method: str, path: str, query: str, headers: Headers, body: bytes) -> Answer | ResponseStream:
        model = service_model()
        match = model.match(method, path, query)
        operation = match.operation
        if self._allows is not None and not self._allows(operation.name):
            raise AccessDenied(
                operation.name, "these credentials are not for it", "Call it with the engine's own key.",
                aws_message=f"User is not authorized to perform: lambda:{operation.name}",
            )  # fmt: skip
        handler = HANDLERS.get(operation.name)
        if operation.name == "InvokeWithResponseStream":
            return await self._stream(operation, input_values(model, operation, match.uri, query, headers, body), headers)
        if handler is None:
            raise NoSuchOperation(
                operation.name, "this engine does not have it", "See docs/aws-compatibility.md.",
                aws_message=f"The operation {operation.name} is not supported by this endpoint.",
            )  # fmt: skip
        values = input_values(model, operation, match.uri, query, headers, body)
        validate(model, operation, values)
        answer = await handler(self._context(headers), values)
        status = STATUSES.get(operation.name, operation.status)
        return Answer(status, b"" if answer is None else msgspec.json.encode(answer))

    async def _stream(self, operation: Operation, values: Values, headers: Headers) -> Answer | ResponseStream:
        validate(service_model(), operation, values)
        check_areas(values)
        context = self._context(headers)
        if values.get("InvocationType") == "DryRun":
            context.version(context.reference(values))
            return Answer(204)
        trace = headers.get(b"x-amzn-trace-id")
        stream = ResponseStream(context, values, trace.decode("latin-1") if trace else None)
        await stream.open()
        return stream

    def _context(self, headers: Headers) -> Context:
        host = headers.get(b"host", b"127.0.0.1").decode("latin-1")

        def package_url(sha256: str) -> str:
            query = self._access.presigned_query(host, f"{PACKAGES}{sha256}", PACKAGE_URL_SECONDS)
            return f"http://{host}{PACKAGES}{sha256}?{query}"

        return Context(self._engine, package_url, host)

    async def _download(self, sha256: str) -> Answer:
        used = {v.package_sha256 for e in self._engine.catalog.entries() for v in (e.function.latest, *e.versions.values())}
        used.update(layer.package_sha256 for layer in self._engine.resources.layers())
        if sha256 not in used:
            raise NotFound(f"package {sha256[:12]}", "no version and no layer has it", "Ask GetFunction again.")
        return Answer(200, await self._engine.store.read_blob(sha256), content_type=b"application/zip")


async def _send_stream(stream: ResponseStream, receive: Receive, send: Send) -> None:
    """Send events as they come; an invocation whose caller left is cancelled."""
    watching = asyncio.create_task(_until_it_leaves(receive, stream))
    headers = [
        (b"content-type", CONTENT_TYPE), (b"x-amzn-requestid", stream.request_id.encode()),
        (b"x-amz-executed-version", stream.version.encode()),
    ]  # fmt: skip
    try:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for message in stream.messages():
            await send({"type": "http.response.body", "body": message, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _until_it_leaves(receive: Receive, stream: ResponseStream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.cancel()


def _headers(scope: Scope) -> Headers:
    """Header names in lower case, values of one name joined as SigV4 joins them."""
    found: Headers = {}
    for name, value in scope["headers"]:
        found[name] = found[name] + b"," + value if name in found else value
    return found


async def _body(receive: Receive) -> bytes:
    body = await read_body(receive, BODY_BYTES_MAX - 1)
    if body is None:
        raise PackageTooLarge(
            "request", f"{BODY_BYTES_MAX:,} bytes or more", "Deploy large packages from a notebook with %%lambda.",
            aws_message=f"Request must be smaller than {BODY_BYTES_MAX} bytes for the CreateFunction operation",
        )  # fmt: skip
    return body


def _refusal(error: JupyterLambdaError) -> Answer:
    status, code, body = aws_error(error)
    return Answer(status, body, code)
