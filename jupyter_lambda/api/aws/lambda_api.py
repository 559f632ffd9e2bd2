"""The door of AWS's control plane: an ASGI application from signature to answer.

Order of what is refused: the body's size → the signature → the path → types → shapes → the operation's own checks. Whatever goes
wrong is answered with `x-amzn-ErrorType` and a body that AWS's clients read; only a fault of ours is a 500, and it is logged.
"""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.api.aws.context import Context
from jupyter_lambda.api.aws.operations.table import HANDLERS, STATUSES
from jupyter_lambda.api.aws.request_values import input_values
from jupyter_lambda.api.aws.service_model import service_model
from jupyter_lambda.api.aws.sigv4 import STREAMING_UNSIGNED, decode_chunks
from jupyter_lambda.api.aws.validation import validate
from jupyter_lambda.api.error_body import aws_error
from jupyter_lambda.errors import JupyterLambdaError, NoSuchOperation, NotFound, PackageTooLarge, PlatformError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from jupyter_lambda.api.access import Access
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
    """Answers every operation but Invoke."""

    def __init__(self, engine: Engine, access: Access) -> None:
        self._engine = engine
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request_id = str(uuid.uuid4())
        try:
            answer = await self._answer(scope, receive)
        except JupyterLambdaError as error:
            if isinstance(error, PlatformError):
                log.warning("request %s could not be served: %s", request_id, error)
            answer = _refusal(error)
        except Exception:
            log.exception("request %s failed", request_id)
            answer = _refusal(PlatformError("engine", "a fault of its own; its log says which", "Report it."))
        headers = [
            (b"x-amzn-requestid", request_id.encode()),
            (b"content-length", str(len(answer.body)).encode()),
            *([(b"content-type", answer.content_type)] if answer.body else []),
            *([(b"x-amzn-errortype", answer.error_type.encode())] if answer.error_type else []),
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        method, headers = scope["method"], _headers(scope)
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        body = await _body(receive)
        self._access.check_aws(method, f"{path}?{query}".encode() if query else path.encode(), headers, body)
        if headers.get(b"x-amz-content-sha256") == STREAMING_UNSIGNED.encode():
            body = decode_chunks(body)
        if path.startswith(PACKAGES) and method == "GET":
            return await self._download(path.removeprefix(PACKAGES))
        return await self._operate(method, path, query, headers, body)

    async def _operate(self, method: str, path: str, query: str, headers: Headers, body: bytes) -> Answer:
        model = service_model()
        match = model.match(method, path, query)
        operation = match.operation
        handler = HANDLERS.get(operation.name)
        if handler is None:
            raise NoSuchOperation(
                operation.name, "this engine does not have it", "See docs/aws-compatibility.md.",
                aws_message=f"The operation {operation.name} is not supported by this endpoint.",
            )  # fmt: skip
        values = input_values(model, operation, match.uri, query, headers, body)
        validate(model, operation, values)
        answer = await handler(Context(self._engine, self._package_urls(headers)), values)
        status = STATUSES.get(operation.name, operation.status)
        return Answer(status, b"" if answer is None else msgspec.json.encode(answer))

    def _package_urls(self, headers: Headers) -> Any:
        host = headers.get(b"host", b"127.0.0.1").decode("latin-1")

        def package_url(sha256: str) -> str:
            query = self._access.presigned_query(host, f"{PACKAGES}{sha256}", PACKAGE_URL_SECONDS)
            return f"http://{host}{PACKAGES}{sha256}?{query}"

        return package_url

    async def _download(self, sha256: str) -> Answer:
        versions = (v for e in self._engine.catalog.entries() for v in (e.function.latest, *e.versions.values()))
        if not any(version.package_sha256 == sha256 for version in versions):
            raise NotFound(f"package {sha256[:12]}", "no version has it", "Ask GetFunction again.")
        return Answer(200, await self._engine.store.read_blob(sha256), content_type=b"application/zip")


def _headers(scope: Scope) -> Headers:
    """Header names in lower case, values of one name joined as SigV4 joins them."""
    found: Headers = {}
    for name, value in scope["headers"]:
        found[name] = found[name] + b"," + value if name in found else value
    return found


async def _body(receive: Receive) -> bytes:
    """The whole body; what is above the limit is read past, so that the caller reads an answer instead of a broken connection."""
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise PlatformError("request", "its sender left", "")
        size += len(message.get("body", b""))
        if size < BODY_BYTES_MAX:
            pieces.append(message.get("body", b""))
        else:
            pieces.clear()
        if not message.get("more_body", False):
            break
    if size >= BODY_BYTES_MAX:
        raise PackageTooLarge(
            "request", f"{size:,} bytes", "Deploy large packages from a notebook with %%lambda.",
            aws_message=f"Request must be smaller than {BODY_BYTES_MAX} bytes for the CreateFunction operation",
        )  # fmt: skip
    return b"".join(pieces)


def _refusal(error: JupyterLambdaError) -> Answer:
    status, code, body = aws_error(error)
    return Answer(status, body, code)
