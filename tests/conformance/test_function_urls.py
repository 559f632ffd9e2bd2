"""Function URLs, called by plain HTTP.

Source: AWS Lambda Developer Guide, "Invoking Lambda function URLs", "Control access", "CORS"; recorded answers for refusals.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.conformance.conftest import zipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.conftest import Functions, Keys

ORIGIN = "https://page.example"


@dataclass
class Reply:
    """An answer, read whole."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


def ask(url: str, method: str = "GET", path: str = "", body: bytes | None = None, headers: dict[str, str] | None = None) -> Reply:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    connection.request(method, parts.path + path, body, headers or {})
    answer = connection.getresponse()
    reply = Reply(answer.status, answer.headers, answer.read())
    connection.close()
    return reply


def opened(client: Any, name: str, **options: Any) -> str:
    """A URL that everybody may call."""
    client.add_permission(
        FunctionName=name, StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE"
    )
    client.add_permission(
        FunctionName=name, StatementId="call", Action="lambda:InvokeFunction", Principal="*", InvokedViaFunctionUrl=True
    )
    url: str = client.create_function_url_config(FunctionName=name, AuthType="NONE", **options)["FunctionUrl"]
    return url


def test_a_request_goes_in_and_an_answer_comes_out(client: Any, function: str) -> None:
    url = opened(client, function)
    reply = ask(url, "POST", "a%20b/c?x=1&x=2", b'{"k": 1}', {"Content-Type": "application/json", "Cookie": "s=1", "X-Two": "t"})
    event = json.loads(reply.body)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert (event["rawPath"], event["rawQueryString"], event["queryStringParameters"]) == ("/a b/c", "x=1&x=2", {"x": "1,2"})
    assert (event["body"], event["isBase64Encoded"], event["cookies"], event["headers"]["x-two"]) == (
        '{"k": 1}',
        False,
        ["s=1"],
        "t",
    )
    assert event["requestContext"]["requestId"] == reply.headers["x-amzn-requestid"]


def test_status_headers_and_cookies_are_the_handlers(client: Any, functions: Functions) -> None:
    source = (
        "def handler(event, context):\n"
        "    return {'statusCode': 418, 'headers': {'X-Tea': 'pot'}, 'cookies': ['a=1', 'b=2'], 'body': 'short'}\n"
    )
    reply = ask(opened(client, functions.create(source)))
    assert (reply.status, reply.headers["x-tea"], reply.body) == (418, "pot", b"short")
    assert reply.headers.get_all("set-cookie") == ["a=1", "b=2"]


def test_a_functions_error_is_502_and_a_throttle_429(client: Any, functions: Functions) -> None:
    name = functions.create("def handler(event, context):\n    raise ValueError\n")
    url = opened(client, name)
    reply = ask(url)
    assert (reply.status, reply.body) == (502, b"Internal Server Error")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert ask(url).status == 429


def test_without_both_permissions_nobody_may_call(client: Any, function: str) -> None:
    url = client.create_function_url_config(FunctionName=function, AuthType="NONE")["FunctionUrl"]
    reply = ask(url)
    assert (reply.status, reply.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
    assert json.loads(reply.body)["Message"].startswith("Forbidden.")
    assert ask(f"{url}none").status == 403
    assert ask(url.replace("/url/", "/url/0")).status == 404


def test_a_signature_opens_an_iam_url(client: Any, keys: Keys, function: str) -> None:
    url = client.create_function_url_config(FunctionName=function, AuthType="AWS_IAM")["FunctionUrl"]
    assert ask(url).status == 403
    request = AWSRequest("POST", url, data=b"{}", headers={"Content-Type": "application/json"})
    SigV4Auth(Credentials(keys.key_id, keys.secret), "lambda", keys.region).add_auth(request)
    reply = ask(url, "POST", "", b"{}", dict(request.headers))
    assert json.loads(reply.body)["requestContext"]["authorizer"]["iam"]["accountId"] == "000000000000"


def test_a_web_page_may_call_what_cors_allows(client: Any, functions: Functions) -> None:
    closed = opened(client, functions.create())
    assert ask(closed, headers={"Origin": ORIGIN}).status == 403
    assert ask(closed, headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert ask(closed, headers={"Host": "rebound.example"}).status == 403
    cors = {"AllowOrigins": [ORIGIN], "AllowMethods": ["GET"], "AllowHeaders": ["x-a"], "MaxAge": 60}
    url = opened(client, functions.create(), Cors=cors)
    reply = ask(url, headers={"Origin": ORIGIN})
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, ORIGIN)
    assert ask(url, headers={"Origin": "https://other.example"}).status == 403
    preflight = ask(url, "OPTIONS", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "GET"})
    assert (preflight.status, preflight.headers["access-control-allow-methods"], preflight.body) == (200, "GET", b"")


def test_the_id_may_stand_in_the_host(client: Any, function: str) -> None:
    url = urlsplit(opened(client, function))
    url_id = url.path.split("/")[2]
    reply = ask(f"http://{url.netloc}/", path="p", headers={"Host": f"{url_id}.lambda-url.localhost:{url.port}"})
    assert json.loads(reply.body)["rawPath"] == "/p"


def test_a_large_body_is_refused_with_an_answer(client: Any, function: str) -> None:
    reply = ask(opened(client, function), "POST", body=b"x" * 7_000_000)
    assert reply.status == 413


STREAMING = """#!/usr/bin/env python3
import http.client, json, os
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
while True:
    connection = http.client.HTTPConnection(api)
    connection.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = connection.getresponse()
    request_id, event = answer.getheader("Lambda-Runtime-Aws-Request-Id"), json.load(answer)
    connection = http.client.HTTPConnection(api)
    prelude = json.dumps({"statusCode": 203, "headers": {"Content-Type": "text/plain"}, "cookies": ["a=1"]}).encode() + bytes(8)
    pieces = iter([prelude[:5], prelude[5:] + b"one ", b"two"])
    connection.request(
        "POST", f"/2018-06-01/runtime/invocation/{request_id}/response", pieces,
        {"Lambda-Runtime-Function-Response-Mode": "streaming", "Transfer-Encoding": "chunked",
         "Content-Type": "application/vnd.awslambda.http-integration-response"}, encode_chunked=True,
    )
    connection.getresponse().read()
"""


def test_a_streamed_answer_begins_with_its_prelude(client: Any, functions: Functions) -> None:
    name = functions.create(Runtime="provided.al2023", Handler="x", Code={"ZipFile": zipped(bootstrap=STREAMING)}, Timeout=20)
    reply = ask(opened(client, name, InvokeMode="RESPONSE_STREAM"))
    assert (reply.status, reply.headers["content-type"], reply.body) == (203, "text/plain", b"one two")
    assert reply.headers["set-cookie"] == "a=1"


@pytest.mark.parametrize("values", [{"Qualifier": "1"}, {"Qualifier": "$LATEST"}])
def test_urls_are_for_functions_and_aliases(
    client: Any, function: str, refused: Callable[..., Any], values: dict[str, str]
) -> None:
    assert refused(client.create_function_url_config, FunctionName=function, AuthType="NONE", **values).status == 400
