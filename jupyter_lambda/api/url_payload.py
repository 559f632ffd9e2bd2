"""Payload format 2.0 of function URLs: a request as an event, and a handler's result as an answer. Pure.

Source: AWS Lambda Developer Guide, "Invoking Lambda function URLs", request and response payloads.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote_plus

import msgspec

_TEXT: Final = ("application/json", "application/xml", "application/javascript", "application/ecmascript", "application/graphql")
_NOT_PASSED_ON: Final = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive", "upgrade"})


class UrlRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a function URL."""

    url_id: str
    method: str
    path: str  # below the URL, decoded
    query: str
    headers: Sequence[tuple[str, str]]  # names in lower case
    body: bytes
    source_ip: str
    request_id: str
    now: float  # epoch seconds
    domain: str
    account_id: str = "anonymous"
    authorizer: dict[str, Any] | None = None


class UrlAnswer(msgspec.Struct, frozen=True):
    """What goes back to the caller."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def event(request: UrlRequest) -> bytes:
    """The event that the handler gets, as JSON."""
    headers = _joined(request.headers)
    cookies = [part.strip() for part in headers.pop("cookie", "").split(";") if part.strip()]
    moment = datetime.fromtimestamp(request.now, UTC)
    context: dict[str, Any] = {
        "accountId": request.account_id, "apiId": request.url_id, "domainName": request.domain,
        "domainPrefix": request.domain.split(".")[0],
        "http": {
            "method": request.method, "path": request.path, "protocol": "HTTP/1.1", "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request.request_id, "routeKey": "$default", "stage": "$default",
        "time": moment.strftime("%d/%b/%Y:%H:%M:%S +0000"), "timeEpoch": int(request.now * 1000),
    }  # fmt: skip
    if request.authorizer is not None:
        context["authorizer"] = request.authorizer
    made: dict[str, Any] = {
        "version": "2.0", "routeKey": "$default", "rawPath": request.path, "rawQueryString": request.query, "headers": headers,
        "requestContext": context, "isBase64Encoded": False,
    }  # fmt: skip
    if cookies:
        made["cookies"] = cookies
    if request.query:
        made["queryStringParameters"] = _joined(
            (unquote_plus(name), unquote_plus(value))
            for name, _, value in (pair.partition("=") for pair in request.query.split("&"))
        )
    if request.body:
        made["body"], made["isBase64Encoded"] = _text_or_base64(request.body, headers.get("content-type", ""))
    return json.dumps(made).encode()


def _joined(pairs: Any) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _text_or_base64(body: bytes, content_type: str) -> tuple[str, bool]:
    kind = content_type.split(";")[0].strip().lower()
    if kind.startswith("text/") or kind in _TEXT or kind.endswith(("+json", "+xml")):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass  # it says that it is text, and is none
    return base64.b64encode(body).decode(), True


def answer(payload: bytes) -> UrlAnswer | None:
    """The answer that a handler's result means; None where it means none (502).

    A result without `statusCode` is the body of a 200.
    """
    try:
        result = json.loads(payload)
    except ValueError:
        return UrlAnswer(200, (("content-type", "application/json"),), payload)
    if not isinstance(result, dict) or "statusCode" not in result:
        body = result.encode("utf-8", "surrogatepass") if isinstance(result, str) else payload
        return UrlAnswer(200, (("content-type", "application/json"),), body)
    return _formed(result)


def head(document: dict[str, Any]) -> UrlAnswer | None:
    """Status and headers of a streamed answer, from its prelude."""
    return _formed({"statusCode": 200, **document, "body": ""}, default_type="application/octet-stream")


def _formed(result: dict[str, Any], default_type: str = "application/json") -> UrlAnswer | None:
    try:
        status = int(result["statusCode"])
        body = _body(result.get("body"), is_base64=bool(result.get("isBase64Encoded")))
    except (TypeError, ValueError, binascii.Error):
        return None
    given = result.get("headers") or {}
    if not 100 <= status <= 599 or not isinstance(given, Mapping):
        return None
    headers = [(str(name).lower(), _value(value)) for name, value in given.items() if str(name).lower() not in _NOT_PASSED_ON]
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", default_type))
    headers += [("set-cookie", _value(cookie)) for cookie in result.get("cookies") or ()]
    return UrlAnswer(status, tuple(headers), body)


def _body(given: Any, *, is_base64: bool) -> bytes:
    if given is None:
        return b""
    text = given if isinstance(given, str) else json.dumps(given)
    return base64.b64decode(text, validate=True) if is_base64 else text.encode("utf-8", "surrogatepass")


def _value(value: Any) -> str:
    """A header's value: no line may end in it."""
    return str(value).replace("\r", " ").replace("\n", " ")
