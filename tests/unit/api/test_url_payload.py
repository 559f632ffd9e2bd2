"""Payload format 2.0, both ways, and who may call a URL (api/url_payload.py, api/url_access.py)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from jupyter_lambda.api import url_access, url_payload
from jupyter_lambda.api.url_payload import UrlAnswer, UrlRequest
from jupyter_lambda.model.function_settings import FunctionUrl, Policy

JSON = ("content-type", "application/json")


def event(**values: Any) -> Any:
    defaults: dict[str, Any] = {
        "url_id": "abc", "method": "POST", "path": "/a/b", "query": "", "headers": (), "body": b"", "source_ip": "127.0.0.1",
        "request_id": "r", "now": 1_583_348_638.390, "domain": "abc.lambda-url.us-east-1.on.aws",
    }  # fmt: skip
    return json.loads(url_payload.event(UrlRequest(**{**defaults, **values})))


def test_a_request_becomes_an_event() -> None:
    headers = (
        ("host", "h"),
        ("x-a", "1"),
        ("x-a", "2"),
        ("cookie", "c1=1; c2=2"),
        ("user-agent", "ua"),
        ("content-type", "application/json"),
    )
    assert event(query="a=1&a=2&b=%C3%BC+x", headers=headers, body=b'{"x": 1}') == {
        "version": "2.0", "routeKey": "$default", "rawPath": "/a/b", "rawQueryString": "a=1&a=2&b=%C3%BC+x", "cookies": ["c1=1", "c2=2"],
        "headers": {"host": "h", "x-a": "1,2", "user-agent": "ua", "content-type": "application/json"},
        "queryStringParameters": {"a": "1,2", "b": "ü x"}, "body": '{"x": 1}', "isBase64Encoded": False,
        "requestContext": {
            "accountId": "anonymous", "apiId": "abc", "domainName": "abc.lambda-url.us-east-1.on.aws", "domainPrefix": "abc",
            "http": {"method": "POST", "path": "/a/b", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "ua"},
            "requestId": "r", "routeKey": "$default", "stage": "$default", "time": "04/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1_583_348_638_390,
        },
    }  # fmt: skip


@pytest.mark.parametrize(("content_type", "body"), [("image/png", b"\x89PNG"), ("", b"abc"), ("text/plain", b"\xff")])
def test_what_is_not_text_goes_as_base64(content_type: str, body: bytes) -> None:
    made = event(headers=(("content-type", content_type),), body=body)
    assert (made["body"], made["isBase64Encoded"]) == (base64.b64encode(body).decode(), True)


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        (b'{"a": 1}', UrlAnswer(200, (JSON,), b'{"a": 1}')),
        (b'"text"', UrlAnswer(200, (JSON,), b"text")),
        (b"null", UrlAnswer(200, (JSON,), b"null")),
        (b'{"statusCode": 201, "body": "x"}', UrlAnswer(201, (JSON,), b"x")),
        (b'{"statusCode": "404"}', UrlAnswer(404, (JSON,), b"")),
        (
            b'{"statusCode": 200, "headers": {"Content-Type": "text/html", "X-N": 1, "Content-Length": "9"}, "cookies": ["a=1", "b=2"]}',
            UrlAnswer(200, (("content-type", "text/html"), ("x-n", "1"), ("set-cookie", "a=1"), ("set-cookie", "b=2")), b""),
        ),
        (b'{"statusCode": 200, "body": "/w==", "isBase64Encoded": true}', UrlAnswer(200, (JSON,), b"\xff")),
        (b'{"statusCode": 200, "headers": {"a": "b\\r\\nc: d"}}', UrlAnswer(200, (("a", "b  c: d"), JSON), b"")),
        (b'{"statusCode": "abc"}', None),
        (b'{"statusCode": 99}', None),
        (b'{"statusCode": 200, "body": "%", "isBase64Encoded": true}', None),
    ],
)
def test_a_result_becomes_an_answer(result: bytes, answer: UrlAnswer | None) -> None:
    assert url_payload.answer(result) == answer


URL_STATEMENT = {
    "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
}  # fmt: skip
CALL_STATEMENT = {
    "Principal": "*", "Action": "lambda:InvokeFunction", "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
}  # fmt: skip


@pytest.mark.parametrize(
    ("statements", "public"),
    [
        ((), False),
        ((URL_STATEMENT,), False),
        ((CALL_STATEMENT,), False),
        ((URL_STATEMENT, CALL_STATEMENT), True),
        (({**URL_STATEMENT, "Principal": {"AWS": "1"}}, CALL_STATEMENT), False),
    ],
)
def test_everybody_may_call_with_both_permissions_only(statements: tuple[dict[str, Any], ...], public: bool) -> None:
    assert url_access.is_public(Policy(statements=statements, revision_id="r")) is public


def test_without_a_policy_nobody_may() -> None:
    assert not url_access.is_public(None)


def test_cors_names_what_is_allowed() -> None:
    cors = {
        "AllowOrigins": ["https://a"],
        "AllowMethods": ["GET"],
        "AllowHeaders": ["x-a"],
        "MaxAge": 5,
        "AllowCredentials": True,
    }
    url = FunctionUrl(url_id="u", auth_type="NONE", cors=cors)
    assert url_access.allows_origin(url, "https://a")
    assert not url_access.allows_origin(url, "https://b")
    assert not url_access.allows_origin(FunctionUrl(url_id="u", auth_type="NONE"), "https://a")
    assert dict(url_access.preflight_headers(url, "https://a")) == {
        "access-control-allow-origin": "https://a", "vary": "Origin", "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET", "access-control-allow-headers": "x-a", "access-control-max-age": "5",
    }  # fmt: skip
