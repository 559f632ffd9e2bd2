"""Errors that AWS was recorded to answer, provoked here: code, status, message and members of the body, word for word.

Source: AWS-validated snapshots of a public emulator's test suite, 2024 to 2026. Those of one subject stand in that subject's file.
`<name>` is the function's; `…` ends a message whose rest varies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.conftest import ROLE, RUNTIME, zipped

if TYPE_CHECKING:
    from collections.abc import Callable

USER = {"Type": "User"}
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
VALUE, SHAPE, MISSING = "InvalidParameterValueException", "ValidationException", "ResourceNotFoundException"
FAILED = "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: "
PATTERN = "Member must satisfy regular expression pattern: "
CREATE = {"FunctionName": "new", "Role": ROLE, "Runtime": RUNTIME, "Handler": "f.handler", "Code": {"ZipFile": zipped()}}
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/i:1"
LONG = "a" * 65


@dataclass
class Case:
    """One row."""

    operation: str
    values: dict[str, Any]
    code: str
    status: int
    message: str
    members: dict[str, Any]


CASES = [
    Case("create_function", {**CREATE, "FunctionName": LONG}, VALUE, 400,
         FAILED.format(LONG, "functionName") + "Member must have length less than or equal to 64", USER),
    Case("create_function", {**CREATE, "FunctionName": ARN + "b" * 120}, SHAPE, 400,
         FAILED.format(ARN + "b" * 120, "functionName") + "Member must have length less than or equal to 140", {}),
    Case("create_function", {**CREATE, "Code": {"ZipFile": b"no zip"}}, VALUE, 400,
         "Could not unzip uploaded file. Please check your file, then try to upload again.", USER),
    Case("create_function", {**CREATE, "Runtime": "PYTHON3.9"}, VALUE, 400,
         "Value PYTHON3.9 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: […", USER),
    Case("create_function", {**CREATE, "Runtime": "non-existent-runtime"}, VALUE, 400,
         "Value non-existent-runtime at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: […", USER),
    Case("create_function", {**CREATE, "Runtime": "dotnetcore3.1"}, VALUE, 400,
         "The runtime parameter of dotnetcore3.1 is no longer supported for creating or updating AWS Lambda functions. We recommend "
         "you use a supported runtime while creating or updating functions.", USER),
    Case("create_function", {**CREATE, "Environment": {"Variables": {"LARGE_VAR": "x" * 4096}}}, VALUE, 400,
         "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the "
         "4KB limit. String measured: {\"LARGE_VAR\":\"…", USER),
    Case("create_function", {**CREATE, "Code": {"S3Bucket": "bucket", "S3Key": "key"}}, VALUE, 400,
         "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist", USER),
    Case("create_function", {**CREATE, "Tags": {str(number): "" for number in range(51)}}, VALUE, 400,
         "Number of tags exceeds resource tag limit.", USER),
    Case("create_function", {**CREATE, "Architectures": ["X86_64"]}, SHAPE, 400,
         FAILED.format("[X86_64]", "architectures") + "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, "
         "arm64], Member must not be null]", {}),
    Case("create_function", {**CREATE, "Architectures": ["x86_64", "arm64"]}, SHAPE, 400,
         FAILED.format("[x86_64, arm64]", "architectures") + "Member must have length less than or equal to 1", {}),
    Case("create_function", {**CREATE, "VpcConfig": {"SecurityGroupIds": ["x"]}}, SHAPE, 400,
         FAILED.format("[x]", "vpcConfig.securityGroupIds") + "Member must satisfy constraint: [Member must have length less than or "
         f"equal to 1024, Member must have length greater than or equal to 0, {PATTERN}sg-[0-9a-zA-Z]*]", {}),
    Case("create_function", {**CREATE, "Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:x"]}, SHAPE, 400,
         FAILED.format("[arn:aws:lambda:us-east-1:000000000000:layer:x]", "layers") + "Member must satisfy constraint: [Member must have "
         f"length less than or equal to 2048, Member must have length greater than or equal to 1, {PATTERN}…", {}),
    Case("update_function_code", {"FunctionName": "<name>", "ImageUri": IMAGE}, VALUE, 400,
         "Please don't provide ImageUri when updating a function with packageType Zip.", USER),
    Case("put_function_concurrency", {"FunctionName": "<name>:1", "ReservedConcurrentExecutions": 1}, VALUE, 400,
         "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify "
         "either a function name or an unqualified function ARN.", USER),
    Case("get_function", {"FunctionName": "<name>-none"}, MISSING, 404, f"Function not found: {ARN}<name>-none", USER),
    Case("get_function", {"FunctionName": "<name>", "Qualifier": "1221"}, MISSING, 404, f"Function not found: {ARN}<name>:1221", USER),
    Case("get_function", {"FunctionName": "<name>", "Qualifier": "invalid-qualifier-with-?-char"}, SHAPE, 400,
         FAILED.format("invalid-qualifier-with-?-char", "qualifier") + PATTERN + r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+", {}),
    Case("get_function", {"FunctionName": "<name>:1", "Qualifier": "2"}, VALUE, 400,
         "The derived qualifier from the function name does not match the specified qualifier.", USER),
    Case("create_alias", {"FunctionName": "<name>", "Name": "2024", "FunctionVersion": "1"}, SHAPE, 400,
         FAILED.format("2024", "name") + PATTERN + "(?!^[0-9]+$)([a-zA-Z0-9-_]+)", {}),
    Case("update_alias", {"FunctionName": "<name>", "Name": "non-existent"}, MISSING, 404,
         f"Alias not found: {ARN}<name>:non-existent", USER),
    Case("get_alias", {"FunctionName": "<name>", "Name": "none"}, MISSING, 404, f"Cannot find alias arn: {ARN}<name>:none", USER),
    Case("add_permission",
         {"FunctionName": "<name>", "StatementId": "example.com", "Action": "lambda:InvokeFunction", "Principal": "*"}, SHAPE, 400,
         FAILED.format("example.com", "statementId") + PATTERN + "([a-zA-Z0-9-_]+)", {}),
    Case("put_function_recursion_config", {"FunctionName": "<name>", "RecursiveLoop": "InvalidValue"}, SHAPE, 400,
         FAILED.format("InvalidValue", "recursiveLoop") + "Member must satisfy enum value set: [Terminate, Allow]", {}),
    Case("put_provisioned_concurrency_config",
         {"FunctionName": "<name>", "Qualifier": "1", "ProvisionedConcurrentExecutions": 0}, SHAPE, 400,
         FAILED.format("0", "provisionedConcurrentExecutions") + "Member must have value greater than or equal to 1", {}),
    Case("get_function_event_invoke_config", {"FunctionName": "<name>"}, MISSING, 404,
         f"The function {ARN}<name>:$LATEST doesn't have an EventInvokeConfig", USER),
    Case("put_function_event_invoke_config",
         {"FunctionName": "<name>", "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:_-/!lambda:us-east-1:1:function:f"}}},
         SHAPE, 400,
         FAILED.format("arn:aws:_-/!lambda:us-east-1:1:function:f", "destinationConfig.onFailure.destination") + PATTERN + "…", {}),
    Case("list_layers", {"CompatibleRuntime": "runtimedoesnotexist"}, SHAPE, 400,
         FAILED.format("runtimedoesnotexist", "compatibleRuntime") + "Member must satisfy enum value set: […", {}),
    Case("list_tags", {"Resource": "arn:aws:lambda:us-east-1:000000000000:capacity-provider:x:alias"}, SHAPE, 400,
         FAILED.format("arn:aws:lambda:us-east-1:000000000000:capacity-provider:x:alias", "resource") + PATTERN + "…", {}),
    Case("get_layer_version_by_arn", {"Arn": "arn:aws:lambda:us-east-1:000000000000:layer:x"}, SHAPE, 400,
         FAILED.format("arn:aws:lambda:us-east-1:000000000000:layer:x", "arn") + PATTERN + "…", {}),
]  # fmt: skip


def named(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: named(one, name) for key, one in value.items()}
    return value.replace("<name>", name) if isinstance(value, str) else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.operation}: {case.message[:60]}")
def test_recorded(client: Any, function: str, refused: Callable[..., Any], case: Case) -> None:
    error = refused(getattr(client, case.operation), **named(case.values, function))
    expected = named(case.message, function)
    assert (error.code, error.status, error.members) == (case.code, case.status, case.members), error.message
    if expected.endswith("…"):
        assert error.message.startswith(expected[:-1])
    else:
        assert error.message == expected


def test_constraints_of_two_lists_are_told_together(client: Any, refused: Callable[..., Any]) -> None:
    error = refused(
        client.publish_layer_version, LayerName="x", Content={"ZipFile": zipped()}, CompatibleRuntimes=["invalidruntime"],
        CompatibleArchitectures=["invalidarch"],
    )  # fmt: skip
    assert error.message.startswith("2 validation errors detected: ")
    assert (
        "Value '[invalidruntime]' at 'compatibleRuntimes' failed to satisfy constraint: Member must satisfy enum value set: ["
        in (error.message)
    )
    assert (
        "Value '[invalidarch]' at 'compatibleArchitectures' failed to satisfy constraint: Member must satisfy constraint: ["
        in (error.message)
    )
