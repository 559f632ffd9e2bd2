"""The door of CloudWatch Logs and CloudWatch: an ASGI application from signature to answer.

What tells them from Lambda, which has paths of its own: `X-Amz-Target`, the path of Smithy's RPC, or a form posted to `/`. The order of
what is refused is Lambda's: the body's size → the signature → the operation → types → shapes → the operation's own checks.
"""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING, Final

from jupyter_lambda.api.aws.cloudwatch.service import cloudwatch
from jupyter_lambda.api.aws.logs.service import logs
from jupyter_lambda.api.aws.request_body import read_body
from jupyter_lambda.api.aws.rpc.wire_formats import format_of, refusal_of
from jupyter_lambda.api.aws.validation import validate
from jupyter_lambda.errors import JupyterLambdaError, NoSuchOperation, PayloadTooLarge, PlatformError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from jupyter_lambda.api.access import Access
    from jupyter_lambda.api.aws.rpc.service import Service
    from jupyter_lambda.api.aws.rpc.wire_formats import Headers, WireFormat
    from jupyter_lambda.engine.engine import Engine

log = logging.getLogger(__name__)
BODY_BYTES_MAX: Final = 2 * 1024**2


def is_rpc(scope: Scope) -> bool:
    """Whether a request is for one of these services."""
    if scope["path"].startswith("/service/"):
        return True
    headers = dict(scope["headers"])
    if b"x-amz-target" in headers:
        return True
    return scope["path"] == "/" and (
        b"application/x-www-form-urlencoded" in headers.get(b"content-type", b"") or b"Action=" in scope["query_string"]
    )


class RpcApi:
    """Answers the operations of CloudWatch Logs and CloudWatch.

    Args:
        engine: The engine.
        access: Who may at all.
    """

    def __init__(self, engine: Engine, access: Access) -> None:
        self._engine = engine
        self._access = access
        self._services = {service.target: service for service in (logs(), cloudwatch())}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request_id = str(uuid.uuid4())
        headers = {name: value for name, value in reversed(scope["headers"])}  # noqa: C416  the first of a name counts
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        prefix, wire = format_of(scope["method"], path, query, headers)
        service = self._services.get(prefix) or cloudwatch()
        status = 200
        try:
            body = await _body(receive)
            target = f"{path}?{query}" if query else path
            self._access.check_aws(scope["method"], target.encode("latin-1"), headers, body)
            if prefix and prefix not in self._services:
                raise _unknown(prefix)
            told, answer = await self._operate(service, wire, body, request_id)
        except JupyterLambdaError as error:
            if isinstance(error, PlatformError):
                log.warning("request %s could not be served: %s", request_id, error)
            refusal = refusal_of(error, service)
            status, (told, answer) = refusal.status, wire.refusal(refusal, request_id)
        except Exception:
            log.exception("request %s failed", request_id)
            fault = PlatformError("engine", "a fault of its own; its log says which", "Report it.")
            refusal = refusal_of(fault, service)
            status, (told, answer) = refusal.status, wire.refusal(refusal, request_id)
        sent = [(b"x-amzn-requestid", request_id.encode()), (b"content-length", str(len(answer)).encode()), *told]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": answer})

    async def _operate(self, service: Service, wire: WireFormat, body: bytes, request_id: str) -> tuple[Headers, bytes]:
        name = wire.operation(body)
        operation = service.model.operations.get(name)
        if operation is None:
            raise _unknown(name)
        handler = service.handlers.get(name)
        if handler is None:
            raise NoSuchOperation(
                f"operation {name} of {service.title}", "this engine does not have it", "See docs/aws-compatibility.md.",
                aws_message=f"The operation {name} is not supported by this endpoint.",
            )  # fmt: skip
        values = wire.values(service, operation, body)
        validate(service.model, operation, values)
        answer = await handler(self._engine, values)
        return wire.answer(name, answer or {}, request_id)


def _unknown(name: str) -> NoSuchOperation:
    return NoSuchOperation(
        f'operation "{name[:100]}"', "no service here has it", "See docs/aws-compatibility.md.",
        aws_message=f"Unknown operation {name[:100]}",
    )  # fmt: skip


async def _body(receive: Receive) -> bytes:
    body = await read_body(receive, BODY_BYTES_MAX)
    if body is None:
        raise PayloadTooLarge(
            "request", f"above {BODY_BYTES_MAX:,} bytes", "Ask for less.", aws_message="Request size exceeds the limit."
        )
    return body
