"""Functions in Node, run by AWS's own runtime interface client as npm gives it.

Source: AWS Lambda Developer Guide, "Define Lambda function handler in Node.js", "AWS Lambda function errors in Node.js" and "Response
streaming for Lambda functions"; aws-lambda-ric 4.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.conftest import zipped
from tests.runtime_programs import NEEDS_NODE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.conftest import Functions

pytestmark = NEEDS_NODE

HANDLERS = """
let calls = 0;
exports.promise = async (event, context) => {
  console.log("side", event.side);
  if (event.fail) throw new TypeError(event.fail);
  if (event.exit) process.exit(3);
  return { side: event.side / 2, calls: ++calls, name: context.functionName, id: context.awsRequestId,
           left: context.getRemainingTimeInMillis(), node: process.version, nothing: undefined };
};
exports.plain = (event) => ({ plain: event });
exports.callback = (event, context, callback) => callback(null, event);
"""
MODULE = """
import { readFile } from "node:fs/promises";
const own = await readFile(new URL(import.meta.url), "utf8");
export const handler = async (event) => ({ module: own.length > 0, event });
export const streamed = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType("text/plain");
  for (const word of event.words) {
    stream.write(word);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  if (event.fail) throw new Error(event.fail);
  stream.end();
});
"""


@pytest.fixture(scope="module")
def node(client: Any) -> Iterator[Any]:
    """Makes functions of one package and calls them; one function serves all tests that name the same handler."""
    package = zipped("", **{"index.js": HANDLERS, "app.mjs": MODULE})
    made: dict[str, str] = {}

    def name_of(handler: str, runtime: str = "nodejs24.x") -> str:
        name = f"node-{handler.replace('.', '-')}-{runtime[6:8]}"
        if name not in made:
            client.create_function(
                FunctionName=name, Runtime=runtime, Handler=handler, Role="arn:aws:iam::000000000000:role/r", MemorySize=512,
                Timeout=20, Code={"ZipFile": package},
            )  # fmt: skip
            made[name] = name
        return name

    yield name_of
    for name in made:
        client.delete_function(FunctionName=name)


def call(client: Any, name: str, event: Any) -> tuple[Any, Any, str]:
    """Result, FunctionError and log of an invocation."""
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode()
    return json.loads(answer["Payload"].read()), answer.get("FunctionError"), log


def test_an_async_handler(client: Any, node: Any) -> None:
    name = node("index.promise")
    look = client.get_function_configuration(FunctionName=name)
    assert (look["State"], look["Runtime"]) == ("Active", "nodejs24.x")

    result, error, log = call(client, name, {"side": 640})
    assert error is None
    assert result.pop("node").startswith("v24.")
    assert 10_000 < result.pop("left") <= 20_000
    request_id = result.pop("id")
    assert result == {"side": 320, "calls": 1, "name": name}
    assert f"\t{request_id}\tINFO\tside 640\n" in log
    assert f"START RequestId: {request_id} Version: $LATEST\n" in log
    assert "INIT_START Runtime Version: nodejs:24." in log
    assert call(client, name, {"side": 2})[0]["calls"] == 2


def test_an_error_has_nodes_shape(client: Any, node: Any) -> None:
    result, error, log = call(client, node("index.promise"), {"fail": "not a side"})
    assert error == "Unhandled"
    assert (result["errorType"], result["errorMessage"]) == ("TypeError", "not a side")
    assert result["trace"][0] == "TypeError: not a side"
    assert "exports.promise " in result["trace"][1]
    assert "ERROR\tInvoke Error" in log


def test_a_process_that_exits_is_the_platforms_error(client: Any, node: Any) -> None:
    name = node("index.promise")
    result, error, log = call(client, name, {"exit": True})
    assert (error, result["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert "exit status 3" in result["errorMessage"]
    assert "Status: error\tError Type: Runtime.ExitError" in log
    assert call(client, name, {"side": 4})[0]["calls"] == 1


def test_an_ecmascript_module_with_top_level_await_in_an_older_runtimes_name(client: Any, node: Any) -> None:
    assert call(client, node("app.handler", "nodejs22.x"), [1])[0] == {"module": True, "event": [1]}


def test_a_handler_that_returns_no_promise(client: Any, node: Any) -> None:
    assert call(client, node("index.plain"), {"a": [1]})[0] == {"plain": {"a": [1]}}


def test_a_callback_handler_is_refused_by_the_client_itself(client: Any, node: Any) -> None:
    result, error, _ = call(client, node("index.callback"), 1)
    assert (error, result["errorType"]) == ("Unhandled", "Runtime.CallbackHandlerDeprecated")
    assert "callback-based function handlers" in result["errorMessage"]


def test_a_handler_that_is_not_there(client: Any, node: Any) -> None:
    result, error, log = call(client, node("index.absent"), 1)
    assert (error, result["errorType"]) == ("Unhandled", "Runtime.HandlerNotFound")
    assert "index.absent is undefined or not exported" in result["errorMessage"]
    assert "Error Type: Runtime.HandlerNotFound" in log


def test_a_streamed_response(client: Any, node: Any) -> None:
    name = node("app.streamed")
    answer = client.invoke_with_response_stream(FunctionName=name, Payload=json.dumps({"words": ["one ", "two ", "three"]}))
    events = list(answer["EventStream"])
    pieces = [event["PayloadChunk"]["Payload"] for event in events if "PayloadChunk" in event]
    assert b"".join(pieces) == b"one two three"
    assert len(pieces) > 1
    assert "ErrorCode" not in events[-1]["InvokeComplete"]

    broken = client.invoke_with_response_stream(FunctionName=name, Payload=json.dumps({"words": ["one"], "fail": "half way"}))
    events = list(broken["EventStream"])
    assert b"".join(event["PayloadChunk"]["Payload"] for event in events[:-1]) == b"one"
    assert "half way" in events[-1]["InvokeComplete"]["ErrorDetails"]


def test_its_log_is_json_from_the_chosen_level_on(client: Any, functions: Functions) -> None:
    source = "exports.handler = async () => { console.log('quiet'); console.warn('loud', 7); };"
    name = functions.create(
        Runtime="nodejs24.x", Handler="index.handler", MemorySize=512, Code={"ZipFile": zipped("", **{"index.js": source})},
        LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "WARN"},
    )  # fmt: skip
    result, error, log = call(client, name, 1)
    assert (result, error) == (None, None)
    (line,) = [json.loads(line) for line in log.splitlines()]
    assert (line["level"], line["message"]) == ("WARN", "loud 7")
    assert line["requestId"]
