"""Recursion, runtime management, function URL configurations, and what is refused.

Source: AWS Lambda API Reference; Developer Guide, "Use Lambda recursive loop detection"; recorded errors.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

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


CREATING: Final[list[dict[str, Any]]] = [
    {"TenancyConfig": {"TenantIsolationMode": "PER_TENANT"}},
    {"DurableConfig": {"ExecutionTimeout": 60, "RetentionPeriodInDays": 1}},
    {"PublishTo": "LATEST_PUBLISHED", "Publish": True},
]


@pytest.mark.parametrize("values", CREATING)
def test_a_function_of_an_area_that_is_not_here_is_not_made(
    client: Any, functions: Functions, refused: Callable[..., Any], values: dict[str, Any]
) -> None:
    """Dropping the member would be worse: somebody would count on tenants that are kept apart."""
    error = refused(functions.create, FunctionName="area", **values)
    assert (error.code, error.status) == ("InvalidParameterValueException", 400)
    assert error.message.endswith(" are not supported by this endpoint.")
    assert refused(client.get_function, FunctionName="area").status == 404


def test_a_call_of_such_an_area_does_not_run(client: Any, function: str, refused: Callable[..., Any]) -> None:
    for operation, values in (
        (client.invoke, {"TenantId": "t"}),
        (client.invoke, {"DurableExecutionName": "d"}),
        (client.invoke_with_response_stream, {"TenantId": "t"}),
    ):
        error = refused(operation, FunctionName=function, **values)
        assert (error.code, error.status) == ("InvalidParameterValueException", 400)


EXECUTION: Final = "arn:aws:lambda:us-east-1:000000000000:function:f:1/durable-execution/a/b"
POLICY: Final = {"ResourceArn": "arn:aws:lambda:us-east-1:000000000000:function:f"}
REFUSED: Final[list[tuple[str, dict[str, Any], int]]] = [
    *((operation, {"DurableExecutionArn": EXECUTION}, 404) for operation in (
        "get_durable_execution", "get_durable_execution_history", "stop_durable_execution", "delete_durable_execution",
        "pause_durable_execution", "resume_durable_execution",
    )),
    *((operation, {"DurableExecutionArn": EXECUTION, "CheckpointToken": "dG9rZW4="}, 404) for operation in (
        "get_durable_execution_state", "checkpoint_durable_execution",
    )),
    *((f"send_durable_execution_callback_{what}", {"CallbackId": "dG9rZW4="}, 404) for what in ("success", "failure", "heartbeat")),
    ("create_capacity_provider", {
        "CapacityProviderName": "c", "VpcConfig": {"SubnetIds": ["subnet-12345678"], "SecurityGroupIds": ["sg-12345678"]},
        "PermissionsConfig": {"CapacityProviderOperatorRoleArn": "arn:aws:iam::000000000000:role/r"},
    }, 400),
    *((operation, {"CapacityProviderName": "c"}, 404) for operation in (
        "update_capacity_provider", "delete_capacity_provider", "list_function_versions_by_capacity_provider",
    )),
    ("put_function_scaling_config", {"FunctionName": "f", "Qualifier": "$LATEST.PUBLISHED"}, 400),
    ("get_resource_policy", POLICY, 404),
    ("delete_resource_policy", POLICY, 404),
    ("put_resource_policy", {**POLICY, "Policy": "{}"}, 400),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "values", "status"), REFUSED, ids=[operation for operation, *_ in REFUSED])
def test_every_other_refused_operation(
    client: Any, refused: Callable[..., Any], operation: str, values: dict[str, Any], status: int
) -> None:
    error = refused(getattr(client, operation), **values)
    print(operation, error)
    assert error.status == status


def test_there_are_no_durable_executions(client: Any, function: str) -> None:
    assert client.list_durable_executions_by_function(FunctionName=function)["DurableExecutions"] == []
