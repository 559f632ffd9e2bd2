"""InvokeWithResponseStream and InvokeAsync.

Source: AWS Lambda API Reference; Developer Guide, "Response streaming" and "Building a custom runtime" (response streaming).
"""

from __future__ import annotations

import base64
import http.client
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from jupyter_lambda.clock import pause
from tests.conformance.conftest import zipped
from tests.conformance.test_function_urls import opened

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.conftest import Functions, Keys

# A runtime that sends its result in pieces: as many as the event says, the second one only after a pause; a negative event breaks.
STREAMING = """#!/usr/bin/env python3
import base64, http.client, json, os, select
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
while True:
    connection = http.client.HTTPConnection(api)
    connection.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = connection.getresponse()
    request_id, event = answer.getheader("Lambda-Runtime-Aws-Request-Id"), json.load(answer)
    connection = http.client.HTTPConnection(api)
    connection.putrequest("POST", f"/2018-06-01/runtime/invocation/{request_id}/response")
    connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.putheader("Trailer", "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body")
    connection.endheaders()
    for number in range(abs(event)):
        piece = f"piece {number};".encode()
        connection.send(b"%x\\r\\n%b\\r\\n" % (len(piece), piece))
        if number == 0:
            select.select([], [], [], 0.5)
    trailer = b""
    if event < 0:
        error = base64.b64encode(json.dumps({"errorType": "Broken", "errorMessage": "midway"}).encode())
        trailer = b"Lambda-Runtime-Function-Error-Type: Broken\\r\\nLambda-Runtime-Function-Error-Body: " + error + b"\\r\\n"
    connection.send(b"0\\r\\n" + trailer + b"\\r\\n")
    connection.getresponse().read()
"""

# One whose result is as many megabytes as the event says; a function URL's event is no number, and gets what is too much for any buffer.
LARGE = (
    STREAMING.partition("    for number in")[0]
    + """
    for number in range(4 * event if isinstance(event, int) else 600):
        piece = b"%08d" % number + b"." * (2**18 - 8)
        connection.send(b"%x\\r\\n%b\\r\\n" % (len(piece), piece))
    connection.send(b"0\\r\\n\\r\\n")
    connection.getresponse().read()
"""
)
BUFFERS = 48 * 2**20  # what the engine holds, and what the kernel holds of four sockets at most


@pytest.fixture
def streaming(functions: Functions) -> str:
    """A function that streams."""
    code = {"ZipFile": zipped(bootstrap=STREAMING)}
    return functions.create(Runtime="provided.al2023", Handler="x", Code=code, Timeout=20)


def events(client: Any, name: str, event: Any, **options: Any) -> tuple[Any, list[tuple[str, Any]]]:
    answer = client.invoke_with_response_stream(FunctionName=name, Payload=json.dumps(event), **options)
    return answer, [next(iter(one.items())) for one in answer["EventStream"]]


def test_pieces_arrive_while_the_handler_runs(client: Any, streaming: str) -> None:
    answer = client.invoke_with_response_stream(FunctionName=streaming, Payload=b"3")
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    stream = iter(answer["EventStream"])
    assert next(stream)["PayloadChunk"]["Payload"] == b"piece 0;"
    began = time.monotonic()
    rest = list(stream)
    assert time.monotonic() - began > 0.25  # the handler pauses for half a second after the first piece
    assert b"".join(one["PayloadChunk"]["Payload"] for one in rest[:-1]) == b"piece 1;piece 2;"
    assert rest[-1] == {"InvokeComplete": {}}


def test_an_error_midway_is_told_at_the_end(client: Any, streaming: str) -> None:
    _, got = events(client, streaming, -2, LogType="Tail")
    assert [kind for kind, _ in got][-1] == "InvokeComplete"
    complete = got[-1][1]
    assert complete["ErrorCode"] == "Unhandled"
    assert json.loads(complete["ErrorDetails"]) == {"errorType": "Broken", "errorMessage": "midway"}
    assert b"REPORT RequestId" in base64.b64decode(complete["LogResult"])


def test_a_streamed_result_comes_whole_to_invoke(client: Any, streaming: str) -> None:
    assert client.invoke(FunctionName=streaming, Payload=b"2")["Payload"].read() == b"piece 0;piece 1;"
    answer = client.invoke(FunctionName=streaming, Payload=b"-2")
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read()) == {"errorType": "Broken", "errorMessage": "midway"}


def test_a_result_that_is_not_streamed_is_one_piece(client: Any, functions: Functions) -> None:
    name = functions.create("def handler(event, context):\n    return event * 2\n")
    _, got = events(client, name, "a")
    assert got == [("PayloadChunk", {"Payload": b'"aa"'}), ("InvokeComplete", {})]
    name = functions.create("def handler(event, context):\n    raise ValueError('boom')\n")
    _, got = events(client, name, 1)
    assert [kind for kind, _ in got] == ["InvokeComplete"]
    assert json.loads(got[0][1]["ErrorDetails"])["errorType"] == "ValueError"


def large(functions: Functions, seconds: int) -> str:
    code = {"ZipFile": zipped(bootstrap=LARGE)}
    return functions.create(Runtime="provided.al2023", Handler="x", Code=code, Timeout=seconds)


def until_reported(keys: Keys, name: str, reports: int = 1) -> None:
    """Wait until so many invocations of a function ended."""
    logs = keys.client("logs")
    deadline = time.monotonic() + 20
    while True:
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="REPORT")["events"]
        except logs.exceptions.ResourceNotFoundException:
            found = []
        if len(found) >= reports:
            break
        assert time.monotonic() < deadline
        pause(0.05)
    logs.close()


def test_a_reader_who_stops_makes_the_function_wait(keys: Keys, functions: Functions) -> None:
    name = large(functions, 3)
    client = keys.client()
    stream = iter(client.invoke_with_response_stream(FunctionName=name, Payload=b"150")["EventStream"])
    got = len(next(stream)["PayloadChunk"]["Payload"])
    until_reported(keys, name)  # it could not send more, and its time was up
    for event in stream:
        got += len(event.get("PayloadChunk", {}).get("Payload", b""))
    assert got < BUFFERS
    assert "timed out after 3.00 seconds" in event["InvokeComplete"]["ErrorDetails"]
    client.close()


def test_a_reader_of_a_function_url_who_stops_does_too(client: Any, keys: Keys, functions: Functions) -> None:
    name = large(functions, 3)
    url = urlsplit(opened(client, name, InvokeMode="RESPONSE_STREAM"))
    connection = http.client.HTTPConnection(url.netloc, timeout=20)
    connection.request("GET", url.path)
    answer = connection.getresponse()
    got = len(answer.read(8))
    until_reported(keys, name)
    assert got + len(answer.read()) < BUFFERS
    connection.close()


def test_a_reader_who_goes_on_gets_all_of_it(client: Any, functions: Functions) -> None:
    whole = b""
    for event in client.invoke_with_response_stream(FunctionName=large(functions, 60), Payload=b"8")["EventStream"]:
        whole += event.get("PayloadChunk", {}).get("Payload", b"")
    assert [int(whole[start : start + 8]) for start in range(0, len(whole), 2**18)] == list(range(32))
    assert event == {"InvokeComplete": {}}


def test_a_reader_who_stops_and_leaves_ends_the_invocation(keys: Keys, functions: Functions) -> None:
    name = large(functions, 600)
    leaving = keys.client()
    stream = leaving.invoke_with_response_stream(FunctionName=name, Payload=b"150")["EventStream"]
    assert next(iter(stream))["PayloadChunk"]["Payload"].startswith(b"00000000")
    stream.close()
    leaving.close()
    until_reported(keys, name)


def test_what_can_not_run_is_an_error_and_no_stream(client: Any, function: str, refused: Callable[..., Any]) -> None:
    assert refused(client.invoke_with_response_stream, FunctionName="doesnotexist").code == "ResourceNotFoundException"
    assert (
        refused(client.invoke_with_response_stream, FunctionName=function, Payload=b"{").code == "InvalidRequestContentException"
    )
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    assert refused(client.invoke_with_response_stream, FunctionName=function).code == "TooManyRequestsException"


def test_the_deprecated_asynchronous_call(client: Any, function: str, refused: Callable[..., Any]) -> None:
    assert client.invoke_async(FunctionName=function, InvokeArgs=b"{}")["Status"] == 202
    assert refused(client.invoke_async, FunctionName="doesnotexist", InvokeArgs=b"{}").status == 404
