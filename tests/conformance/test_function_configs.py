"""Recursion, runtime management, function URL configurations, and what is refused.

Source: AWS Lambda API Reference; Developer Guide, "Use Lambda recursive loop detection"; recorded errors.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.conftest import Functions

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
# What boto3 does inside Lambda, without the cost of importing it sixteen times: it passes the trace header on.
CIRCLE = """
import http.client, json, os
def handler(event, context):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    headers = {"Authorization": "Bearer " + os.environ["AWS_SESSION_TOKEN"], "X-Amzn-Trace-Id": os.environ["_X_AMZN_TRACE_ID"]}
    connection.request("POST", f"/2015-03-31/functions/{context.function_name}/invocations", json.dumps(event + 1), headers)
    answer = connection.getresponse()
    code, body = answer.getheader("x-amzn-ErrorType"), json.load(answer)
    return body if code is None else [event, code, body["Message"]]
"""


def test_recursion_is_ended_at_the_sixteenth_call(client: Any, functions: Functions) -> None:
    name = functions.create(CIRCLE, Timeout=60, MemorySize=256)
    assert client.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Terminate"
    depth, code, message = json.loads(client.invoke(FunctionName=name, Payload=b"1")["Payload"].read())
    assert 15 <= depth <= 17
    assert code == "RecursiveInvocationException"
    assert "recursive loop" in message


def test_recursion_can_be_allowed(client: Any, function: str) -> None:
    assert client.put_function_recursion_config(FunctionName=function, RecursiveLoop="Allow")["RecursiveLoop"] == "Allow"
    assert client.get_function_recursion_config(FunctionName=function)["RecursiveLoop"] == "Allow"


def test_runtime_management(client: Any, function: str, refused: Callable[..., Any]) -> None:
    look = client.get_runtime_management_config(FunctionName=function)
    assert (look["UpdateRuntimeOn"], look["FunctionArn"]) == ("Auto", f"{ARN}{function}:$LATEST")
    arn = "arn:aws:lambda:us-east-1::runtime:" + "a" * 64
    client.put_runtime_management_config(FunctionName=function, UpdateRuntimeOn="Manual", RuntimeVersionArn=arn)
    assert client.get_runtime_management_config(FunctionName=function)["RuntimeVersionArn"] == arn
    assert refused(client.put_runtime_management_config, FunctionName=function, UpdateRuntimeOn="Manual").status == 400


def test_a_function_url_lives(client: Any, function: str, refused: Callable[..., Any]) -> None:
    made = client.create_function_url_config(FunctionName=function, AuthType="NONE", Cors={"AllowOrigins": ["*"]})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["FunctionUrl"].startswith("http://127.0.0.1:")
    assert (made["FunctionArn"], made["AuthType"], made["InvokeMode"]) == (ARN + function, "NONE", "BUFFERED")
    error = refused(client.create_function_url_config, FunctionName=function, AuthType="NONE")
    assert (error.code, error.message) == (
        "ResourceConflictException",
        f"Failed to create function url config for [functionArn = {ARN}{function}]. Error message:  FunctionUrlConfig exists for "
        "this Lambda function",
    )  # fmt: skip
    changed = client.update_function_url_config(FunctionName=function, AuthType="AWS_IAM")
    assert (changed["AuthType"], changed["Cors"], changed["FunctionUrl"]) == (
        "AWS_IAM",
        {"AllowOrigins": ["*"]},
        made["FunctionUrl"],
    )
    assert [u["FunctionUrl"] for u in client.list_function_url_configs(FunctionName=function)["FunctionUrlConfigs"]] == [
        made["FunctionUrl"]
    ]
    assert client.delete_function_url_config(FunctionName=function)["ResponseMetadata"]["HTTPStatusCode"] == 204
    error = refused(client.get_function_url_config, FunctionName=function)
    assert (error.code, error.message) == ("ResourceNotFoundException", "The resource you requested does not exist.")
    error = refused(client.create_function_url_config, FunctionName="doesnotexist", AuthType="NONE")
    assert (error.code, error.message) == ("ResourceNotFoundException", "Function does not exist")


def test_what_is_refused_says_so(client: Any, function: str, refused: Callable[..., Any]) -> None:
    assert client.list_capacity_providers()["CapacityProviders"] == []
    error = refused(client.get_capacity_provider, CapacityProviderName="none")
    assert (error.code, error.message) == (
        "ResourceNotFoundException", "Capacity provider not found: arn:aws:lambda:us-east-1:000000000000:capacity-provider:none",
    )  # fmt: skip
    error = refused(client.get_function_scaling_config, FunctionName=function, Qualifier="$LATEST.PUBLISHED")
    assert error.code == "InvalidParameterValueException"
