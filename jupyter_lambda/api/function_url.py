"""The door of function URLs: `/url/<id>/…` on the engine's address, and `<id>.lambda-url.localhost`.

What is refused, in this order: an id that there is none of (404), a web page of an origin that CORS does not allow (403), a caller
without signature or permission (403), a body above the limit (413). What the function does wrong is a 502, a throttle a 429.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from jupyter_lambda.api import url_access, url_payload
from jupyter_lambda.api.access import check_host
from jupyter_lambda.api.aws.request_body import read_body
from jupyter_lambda.api.error_body import aws_error
from jupyter_lambda.engine.invocations import InvokeRequest, check_event
from jupyter_lambda.engine.result_pieces import ResultPieces
from jupyter_lambda.errors import AccessDenied, JupyterLambdaError, NotFound, PayloadTooLarge
from jupyter_lambda.model import limits
from jupyter_lambda.model.invocation import InvocationResult

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from jupyter_lambda.api.access import Access
    from jupyter_lambda.engine.catalog import Entry
    from jupyter_lambda.engine.engine import Engine
    from jupyter_lambda.model.function_settings import FunctionUrl

log = logging.getLogger(__name__)

PREFIX: Final = "/url/"
TRUSTED_PREFIX: Final = "/engine/v1/urls/"
_HOST: Final = re.compile(r"([0-9a-z]+)\.lambda-url\.localhost(?::\d+)?")
_PRELUDE_END: Final = b"\0" * 8
_PRELUDE_BYTES_MAX: Final = 65_536


def url_id_of(scope: Scope) -> str | None:
    """The id of the function URL that a request is for, None if it is for none."""
    if scope["path"].startswith(PREFIX):
        found: str = scope["path"][len(PREFIX) :].split("/", 1)[0]
        return found
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    match = _HOST.fullmatch(host)
    return match[1] if match else None


class FunctionUrls:
    """Answers at function URLs."""

    def __init__(self, engine: Engine, access: Access) -> None:
        self._engine = engine
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of anybody."""
        await self._answer(scope, receive, send, url_id_of(scope) or "", trusted=False)

    async def answer_trusted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, `/engine/v1/urls/<id>/…`, of somebody who has the engine's token: origin and caller are theirs to check."""
        url_id = scope["path"].removeprefix(TRUSTED_PREFIX).partition("/")[0]
        await self._answer(scope, receive, send, url_id, trusted=True)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, url_id: str, *, trusted: bool) -> None:
        request_id = str(uuid.uuid4())
        cors: list[tuple[str, str]] = []
        try:
            entry, key, url = self._find(url_id)
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
            if trusted:
                headers = [(name, value) for name, value in headers if name != "authorization"]  # it is the engine's token
            origin = dict(headers).get("origin")
            cors = [] if trusted else self._check_origin(scope, url, origin)
            if scope["method"] == "OPTIONS" and url.cors and origin and "access-control-request-method" in dict(headers):
                await _send(send, 200, url_access.preflight_headers(url, origin), b"")
                return
            body = await read_body(receive, limits.REQUEST_BYTES_MAX)
            if body is None:
                raise PayloadTooLarge("request", f"above {limits.REQUEST_BYTES_MAX:,} bytes", "", aws_message="Request too large")
            request = self._request(scope, url, headers, body, request_id)
            if not trusted:
                self._check_caller(entry, key, url, scope, body)
            await self._run(entry, key, url, request, cors, send)
        except JupyterLambdaError as error:
            status, code, text = _refusal(error)
            named = [("content-type", "application/json"), ("x-amzn-errortype", code), ("x-amzn-requestid", request_id), *cors]
            await _send(send, status, named, text)
        except Exception:
            log.exception("request %s to a function URL failed", request_id)
            await _send(send, 500, [("x-amzn-requestid", request_id)], b"Internal Server Error")

    def _find(self, url_id: str) -> tuple[Entry, str, FunctionUrl]:
        for entry in self._engine.catalog.entries():
            for key, url in entry.function.settings.urls.items():
                if url.url_id == url_id:
                    return entry, key, url
        raise NotFound("function URL", "there is none of this id", "ListFunctionUrlConfigs shows them.", aws_message="Not Found")

    def _check_origin(self, scope: Scope, url: FunctionUrl, origin: str | None) -> list[tuple[str, str]]:
        """A page of another origin may call what CORS allows; returns the headers that tell it so."""
        headers = dict(scope["headers"])
        if url.auth_type == "NONE":
            check_host(headers)
        if origin is None:
            if headers.get(b"sec-fetch-site") in (b"cross-site", b"same-site"):
                raise _forbidden()  # an image or a form of a page, which a browser sends without saying from where
            return []
        if url_access.allows_origin(url, origin):
            return url_access.cors_headers(url, origin)
        host = headers.get(b"host", b"").decode("latin-1")
        if urlsplit(origin).netloc != host:
            raise _forbidden()
        return []

    def _check_caller(self, entry: Entry, key: str, url: FunctionUrl, scope: Scope, body: bytes) -> None:
        if url.auth_type == "NONE":
            if not url_access.is_public(entry.function.settings.policies.get(key)):
                raise _forbidden()
            return
        path, query = scope["raw_path"], scope["query_string"]
        try:
            self._access.check_aws(scope["method"], path + b"?" + query if query else path, dict(scope["headers"]), body)
        except AccessDenied as error:
            raise _forbidden() from error

    def _request(
        self, scope: Scope, url: FunctionUrl, headers: list[tuple[str, str]], body: bytes, request_id: str
    ) -> url_payload.UrlRequest:
        path: str = scope["path"]
        for prefix in (PREFIX, TRUSTED_PREFIX):
            if path.startswith(prefix):
                path = "/" + path[len(prefix) :].partition("/")[2]
                break
        iam = {"iam": {"accountId": self._engine.settings.account_id}} if url.auth_type == "AWS_IAM" else None
        return url_payload.UrlRequest(
            url_id=url.url_id, method=scope["method"], path=path, query=scope["query_string"].decode("latin-1"), headers=headers,
            body=body, source_ip=(scope.get("client") or ("127.0.0.1", 0))[0] or "127.0.0.1", request_id=request_id,
            now=self._engine.clock.epoch(), domain=f"{url.url_id}.lambda-url.{self._engine.settings.region}.on.aws",
            account_id=self._engine.settings.account_id if iam else "anonymous", authorizer=iam,
        )  # fmt: skip

    async def _run(
        self, entry: Entry, key: str, url: FunctionUrl, request: url_payload.UrlRequest, cors: list[tuple[str, str]], send: Send
    ) -> None:
        payload = url_payload.event(request)
        check_event(payload)
        name = entry.function.name
        invoke = InvokeRequest(function_name=name, qualifier=key or None, payload=payload, request_id=request.request_id)
        extra = [("x-amzn-requestid", request.request_id), *cors]
        if url.invoke_mode == "RESPONSE_STREAM":
            await self._stream(invoke, extra, send)
            return
        result = await self._engine.run(invoke)
        if not isinstance(result, InvocationResult):
            raise result
        answer = None if result.function_error else url_payload.answer(result.payload)
        if answer is None:
            await _send(send, 502, [("content-type", "application/json"), *extra], b"Internal Server Error")
            return
        await _send(send, answer.status, [*answer.headers, *extra], answer.body)

    async def _stream(self, invoke: InvokeRequest, extra: list[tuple[str, str]], send: Send) -> None:
        """Send pieces as they come; what begins with a JSON document and eight zero bytes says status and headers with it."""
        items = ResultPieces()
        self._engine.invoke(invoke, items.end, items.put)
        begun = b""
        item = await items.get()
        while (
            isinstance(item, bytes)
            and len(begun) < _PRELUDE_BYTES_MAX
            and _PRELUDE_END not in begun + item
            and (begun + item)[:1] == b"{"
        ):
            begun += item
            item = await items.get()
        if isinstance(item, bytes):
            begun += item
        elif not isinstance(item, InvocationResult):
            raise item
        elif not begun:
            begun = b"" if item.function_error else item.payload
            if item.function_error:
                await _send(send, 502, [("content-type", "application/json"), *extra], b"Internal Server Error")
                return
        status, headers, rest = _prelude(begun)
        await send({"type": "http.response.start", "status": status, "headers": _encoded([*headers, *extra])})
        await send({"type": "http.response.body", "body": rest, "more_body": True})
        while isinstance(item, bytes):
            item = await items.get()
            if isinstance(item, bytes):
                await send({"type": "http.response.body", "body": item, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def _prelude(begun: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    document, separator, rest = begun.partition(_PRELUDE_END)
    if separator:
        try:
            given: Any = json.loads(document)
        except ValueError:
            given = None
        answer = url_payload.head(given) if isinstance(given, dict) else None
        if answer is not None:
            return answer.status, list(answer.headers), rest
    return 200, [("content-type", "application/octet-stream")], begun


def _refusal(error: JupyterLambdaError) -> tuple[int, str, bytes]:
    status, code, body = aws_error(error)
    return status, code, body


def _forbidden() -> AccessDenied:
    return AccessDenied(
        "function URL", "the caller may not call it", "Sign the request, or allow everybody with AddPermission.",
        aws_message="Forbidden. For troubleshooting Function URL authorization issues, see: "
        "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
    )  # fmt: skip


def _encoded(headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in headers]


async def _send(send: Send, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    sized = _encoded([*headers, ("content-length", str(len(body)))])
    await send({"type": "http.response.start", "status": status, "headers": sized})
    await send({"type": "http.response.body", "body": body})
