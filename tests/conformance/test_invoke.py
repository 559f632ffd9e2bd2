"""Invoke.

Source: AWS Lambda API Reference, Invoke; Developer Guide, "Using Lambda with the AWS SDK"; recorded errors.
"""

from __future__ import annotations

import base64
import json
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.conftest import Functions, Keys

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"


def test_a_call_answers_status_version_and_request_id(client: Any, function: str) -> None:
    answer = client.invoke(FunctionName=function, Payload=b'{"a": [1, null]}')
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert len(answer["ResponseMetadata"]["RequestId"]) == 36
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/json"
    assert json.loads(answer["Payload"].read()) == {"a": [1, None]}
    assert "FunctionError" not in answer


def test_the_log_tail_is_the_last_four_kilobytes(client: Any, functions: Functions) -> None:
    name = functions.create("def handler(event, context):\n    print('x' * 10_000)\n    print('last')\n")
    answer = client.invoke(FunctionName=name, LogType="Tail")
    tail = base64.b64decode(answer["LogResult"])
    assert len(tail) <= 4096
    assert b"last\nEND RequestId: " in tail
    assert b"\tMax Memory Used: " in tail


def test_an_exception_is_a_function_error(client: Any, functions: Functions) -> None:
    name = functions.create("def handler(event, context):\n    raise ValueError('boom')\n")
    answer = client.invoke(FunctionName=name)
    error = json.loads(answer["Payload"].read())
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "boom")
    assert error["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert any("raise ValueError('boom')" in line for line in error["stackTrace"])


def test_a_timeout_reads_as_lambdas(client: Any, functions: Functions) -> None:
    name = functions.create("import threading\ndef handler(event, context):\n    threading.Event().wait()\n", Timeout=1)
    answer = client.invoke(FunctionName=name)
    error = json.loads(answer["Payload"].read())
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert error == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request_id} Error: Task timed out after 1.00 seconds",
    }


def test_dry_run_runs_nothing(client: Any, function: str, refused: Callable[..., Any]) -> None:
    assert client.invoke(FunctionName=function, InvocationType="DryRun")["StatusCode"] == 204
    assert refused(client.invoke, FunctionName="none-such", InvocationType="DryRun").status == 404


def test_an_event_is_accepted_at_once(client: Any, function: str) -> None:
    answer = client.invoke(FunctionName=function, InvocationType="Event", Payload=b"1")
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")


def test_the_client_context_arrives(client: Any, functions: Functions, refused: Callable[..., Any]) -> None:
    name = functions.create("def handler(event, context):\n    return context.client_context.custom['a']\n")
    context = base64.b64encode(b'{"custom": {"a": "b"}}').decode()
    assert client.invoke(FunctionName=name, ClientContext=context)["Payload"].read() == b'"b"'
    error = refused(client.invoke, FunctionName=name, ClientContext="not base64!")
    assert error.code == "InvalidRequestContentException"


def test_what_the_context_says(client: Any, functions: Functions) -> None:
    name = functions.create(
        "def handler(event, context):\n"
        "    return [context.invoked_function_arn, context.memory_limit_in_mb, context.log_group_name, context.aws_request_id]\n"
    )
    answer = client.invoke(FunctionName=name, Qualifier="$LATEST")
    arn, memory, group, request_id = json.loads(answer["Payload"].read())
    assert arn == f"arn:aws:lambda:us-east-1:000000000000:function:{name}:$LATEST"
    assert (memory, group) == ("128", f"/aws/lambda/{name}")
    assert request_id == answer["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize(
    ("values", "code", "status", "message"),
    [
        ({"Payload": b"{"}, "InvalidRequestContentException", 400, "Could not parse request body into json"),
        (
            {"Payload": b'"' + b"x" * 6_291_456 + b'"'}, "RequestTooLargeException", 413,
            "payload is too large for the RequestResponse invocation type (limit 6291456 bytes)",
        ),
        (
            {"Payload": b'"' + b"x" * 1_048_576 + b'"', "InvocationType": "Event"}, "RequestTooLargeException", 413,
            "payload is too large for the Event invocation type (limit 1048576 bytes)",
        ),
        (
            {"Payload": b'"' + b"x" * 9_000_000 + b'"'}, "RequestTooLargeException", 413,
            "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
        ),
        (
            {"InvocationType": "Later"}, "ValidationException", 400,
            "1 validation error detected: Value 'Later' at 'invocationType' failed to satisfy constraint: Member must satisfy enum "
            "value set: [Event, RequestResponse, DryRun]",
        ),
        ({"Qualifier": "9"}, "ResourceNotFoundException", 404, f"Function not found: {ARN}{{name}}:9"),
        ({"Qualifier": "none"}, "ResourceNotFoundException", 404, f"Function not found: {ARN}{{name}}:none"),
    ],
)  # fmt: skip
def test_calls_that_aws_refuses(
    client: Any, function: str, refused: Callable[..., Any], values: dict[str, Any], code: str, status: int, message: str
) -> None:
    error = refused(client.invoke, FunctionName=function, **values)
    assert (error.code, error.status) == (code, status)
    assert message.format(name=function) in error.message


def test_qualifiers_that_contradict_each_other(client: Any, function: str, refused: Callable[..., Any]) -> None:
    error = refused(client.invoke, FunctionName=f"{function}:1", Qualifier="2")
    assert error.message == "The derived qualifier from the function name does not match the specified qualifier."


def test_reserved_concurrency_throttles(client: Any, functions: Functions, refused: Callable[..., Any]) -> None:
    name = functions.create("def handler(event, context):\n    return 1\n")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    error = refused(client.invoke, FunctionName=name)
    assert (error.code, error.status, error.message) == ("TooManyRequestsException", 429, "Rate Exceeded.")
    assert error.members.pop("retryAfterSeconds") == "1"
    assert error.members == {"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User"}
    client.delete_function_concurrency(FunctionName=name)
    assert client.invoke(FunctionName=name)["StatusCode"] == 200


def test_calls_run_side_by_side(keys: Keys, functions: Functions) -> None:
    name = functions.create("import os\ndef handler(event, context):\n    return os.getpid()\n", Timeout=10)
    answers: list[Any] = []

    def call() -> None:
        client = keys.client()
        answers.append(client.invoke(FunctionName=name)["Payload"].read())
        client.close()

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 8


def test_a_function_invokes_another_with_plain_boto3(client: Any, functions: Functions) -> None:
    """Its environment's own port takes what it signs with its scoped credentials."""
    inner = functions.create("def handler(event, context):\n    return event + 1\n")
    source = f"""
import boto3
def handler(event, context):
    lambdas = boto3.client("lambda")
    name = lambdas.get_function_configuration(FunctionName="{inner}")["FunctionName"]
    answer = int(lambdas.invoke(FunctionName=name, Payload=b"1")["Payload"].read())
    try:
        lambdas.delete_function(FunctionName="{inner}")
    except lambdas.exceptions.ClientError as error:
        return [answer, error.response["Error"]["Code"]]
"""
    outer = functions.create(source, Timeout=30, MemorySize=512)
    assert client.invoke(FunctionName=outer)["Payload"].read() == b'[2, "AccessDeniedException"]'


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"secret": "wrong"}, "InvalidSignatureException"),
        ({"key_id": "AKIAWRONG"}, "UnrecognizedClientException"),
        ({"region_name": "eu-west-1"}, "InvalidSignatureException"),
    ],
)
def test_other_credentials_open_nothing(keys: Keys, function: str, options: dict[str, str], code: str) -> None:
    stranger = keys.client(**options)
    for operation in (stranger.invoke, stranger.get_function):
        with pytest.raises(ClientError) as caught:
            operation(FunctionName=function)
        assert caught.value.response["Error"]["Code"] == code
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    stranger.close()


def test_a_presigned_url_opens_what_it_was_signed_for(client: Any, function: str) -> None:
    url = client.generate_presigned_url("get_function_configuration", Params={"FunctionName": function}, ExpiresIn=60)
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert json.load(answer)["FunctionName"] == function
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url.replace("/configuration", ""), timeout=10)
    assert caught.value.code == 403
    caught.value.close()
