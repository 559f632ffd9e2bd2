"""Invoke over HTTP: AWS's headers and statuses, ours beside them (api/invoke_door.py, api/front_door.py)."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_lambda.testing.sandbox import FakeSandbox, HandlerRaisedError, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.api.conftest import Served

pytestmark = pytest.mark.asyncio


async def test_one_connection_serves_every_door_in_any_order(served: Served) -> None:
    assert (await served.ask("GET", "/health")).json == {"status": "ok"}
    assert (await served.invoke(b"1")).body == b"1"
    assert (await served.invoke(b"2")).body == b"2"
    assert (await served.ask("GET", "/engine/v1/hello")).json["protocol"] == 1
    assert (await served.ask("GET", "/engine/v1/environments")).json[0]["invocations"] == 2
    assert (await served.invoke(b"3")).body == b"3"
    assert served.server.connections == 1


async def test_answers_as_lambda_does(served: Served) -> None:
    reply = await served.invoke(b'{"a": 1}', {"X-Amz-Log-Type": "Tail"})

    assert reply.status == 200
    assert reply.body == b'{"a": 1}'
    assert reply.headers["x-amz-executed-version"] == "$LATEST"
    assert "x-amz-function-error" not in reply.headers
    tail = base64.b64decode(reply.headers["x-amz-log-result"]).decode()
    assert f"END RequestId: {reply.headers['x-amzn-requestid']}" in tail


async def test_telemetry_comes_behind_the_payload(served: Served) -> None:
    reply = await served.invoke(b"1", {"X-Jupyter-Lambda-Telemetry": "1", "X-Jupyter-Lambda-Request-Id": "r-1"})

    log_bytes = int(reply.headers["x-jupyter-lambda-log-bytes"])
    record = json.loads(reply.headers["x-jupyter-lambda-record"])
    assert reply.body[:-log_bytes] == b"1"
    assert reply.body[-log_bytes:].startswith(b"INIT_START")
    assert "status" not in record  # succeeded: members that equal their default are left out
    assert record["cold"] is True


async def test_a_request_id_that_would_break_the_log_is_refused(served: Served) -> None:
    assert (await served.invoke(b"1", {"X-Jupyter-Lambda-Request-Id": "r 1"})).status == 400


async def test_a_function_error_is_a_200_with_a_header(serve_engine: Callable[..., Any]) -> None:
    async def boom(_: Turn) -> bytes:
        raise HandlerRaisedError("ValueError", "ü")

    served: Served = await serve_engine(sandbox=FakeSandbox(boom))

    reply = await served.invoke(b"1", {"X-Jupyter-Lambda-Telemetry": "1"})

    assert (reply.status, reply.headers["x-amz-function-error"]) == (200, "Unhandled")
    assert json.loads(reply.headers["x-jupyter-lambda-record"])["error_message"] == "ü"


@pytest.mark.parametrize("event", [b"", b"{}", b"[]", b"null", b'"\xc3\xbc"', b"1180591620717411303424", b'"\\ud800"', b" 1 "])
async def test_an_event_is_passed_on_as_the_bytes_it_is(served: Served, event: bytes) -> None:
    assert (await served.invoke(event)).body == (event or b"{}")


@pytest.mark.parametrize("event", [b"{", b"NaN", b"[Infinity]", b"\xff", b"{'a': 1}", b"1 2"])
async def test_what_is_not_json_is_refused(served: Served, event: bytes) -> None:
    reply = await served.invoke(event)

    assert (reply.status, reply.headers["x-amzn-errortype"]) == (400, "InvalidRequestContentException")
    assert reply.json["Type"] == "User"


@pytest.mark.parametrize("size", [6_291_457, 9_000_000])
async def test_an_event_above_the_limit_is_413_and_the_connection_lives(served: Served, size: int) -> None:
    reply = await served.invoke(b'"' + b"x" * (size - 2) + b'"')

    assert (reply.status, reply.headers["x-amzn-errortype"]) == (413, "RequestTooLargeException")
    assert (await served.invoke(b"1")).body == b"1"


async def test_a_result_above_the_limit_is_lambdas_error(serve_engine: Callable[..., Any]) -> None:
    async def large(_: Turn) -> bytes:
        return b'"' + b"x" * 6_291_555 + b'"'

    served: Served = await serve_engine(sandbox=FakeSandbox(large))

    assert (await served.invoke()).json == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }


async def test_an_error_above_the_limit_is_told_as_too_large_too(serve_engine: Callable[..., Any]) -> None:
    async def shout(_: Turn) -> bytes:
        raise HandlerRaisedError("ValueError", "x" * 6_291_600)

    served: Served = await serve_engine(sandbox=FakeSandbox(shout))

    assert (await served.invoke()).json["errorType"] == "Function.ResponseSizeTooLarge"


async def test_types_of_invocation(served: Served) -> None:
    dry = await served.invoke(b"1", {"X-Amz-Invocation-Type": "DryRun"})
    event = await served.invoke(b"1", {"X-Amz-Invocation-Type": "Event"})
    wrong = await served.invoke(b"1", {"X-Amz-Invocation-Type": "Later"})

    assert (dry.status, dry.body) == (204, b"")
    assert (event.status, event.body) == (202, b"")
    assert wrong.status == 400


@pytest.mark.parametrize(
    ("name", "query", "version"),
    [
        ("f", "?Qualifier=1", "1"),
        ("f:1", "", "1"),
        ("arn:aws:lambda:us-east-1:000000000000:function:f:1", "", "1"),
        ("arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af", "?Qualifier=%24LATEST", "$LATEST"),
    ],
)
async def test_names_in_every_form(served: Served, name: str, query: str, version: str) -> None:
    assert (await served.invoke(name=name, query=query)).headers["x-amz-executed-version"] == version


async def test_a_qualifier_that_contradicts_the_name_is_refused(served: Served) -> None:
    reply = await served.invoke(name="f:1", query="?Qualifier=2")

    assert reply.json["message"] == "The derived qualifier from the function name does not match the specified qualifier."


async def test_no_such_function_is_awss_error_and_ours_for_our_client(served: Served) -> None:
    aws = await served.invoke(name="g")
    ours = await served.invoke(name="g", headers={"X-Jupyter-Lambda-Telemetry": "1"})

    assert (aws.status, aws.headers["x-amzn-errortype"]) == (404, "ResourceNotFoundException")
    assert aws.json["Message"] == "Function not found: arn:aws:lambda:us-east-1:000000000000:function:g"
    assert (ours.status, ours.json["kind"], ours.json["where"]) == (404, "FunctionNotFound", 'function "g"')


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer wrong", "Origin": "https://evil.example"},
        {"Authorization": "Bearer wrong", "Host": "evil.example"},
    ],
)
@pytest.mark.parametrize(
    "path", ["/2015-03-31/functions/f/invocations", "/engine/v1/functions/f/deploy", "/engine/v1/functions/f/batch"]
)
async def test_without_the_token_nothing_is_done(served: Served, headers: dict[str, str], path: str) -> None:
    reply = await served.ask("POST", path, b"1", headers)

    assert reply.status == 403
    assert not served.bench.sandbox.started


async def test_auth_any_opens_the_aws_apis_only_and_to_no_web_page(serve_engine: Callable[..., Any]) -> None:
    served: Served = await serve_engine(open_aws=True)
    served.headers = {}

    assert (await served.invoke()).status == 200
    assert (await served.invoke(headers={"Origin": "https://evil.example"})).status == 403
    assert (await served.invoke(headers={"Host": "evil.example"})).status == 403
    assert (await served.ask("GET", "/engine/v1/hello")).status == 403
