"""Functions and their code.

Source: AWS Lambda API Reference (CreateFunction … DeleteFunction); recorded answers of AWS for states, defaults and errors.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import urllib.request
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.conftest import ECHO, ROLE, RUNTIME, zipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.conftest import Functions

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"


def call(client: Any, name: str, event: Any = 1, **options: Any) -> Any:
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event), **options)
    return json.loads(answer["Payload"].read())


def test_a_new_function_is_pending_and_active_at_the_first_look(client: Any, functions: Functions) -> None:
    name, code = functions.name(), zipped()

    made = client.create_function(FunctionName=name, Runtime=RUNTIME, Role=ROLE, Handler="f.handler", Code={"ZipFile": code})

    assert made.pop("ResponseMetadata")["HTTPStatusCode"] == 201
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    last_modified, revision = made.pop("LastModified"), made.pop("RevisionId")
    assert last_modified.endswith("+0000")
    assert len(revision) == 36
    assert made.pop("RuntimeVersionConfig")["RuntimeVersionArn"].startswith("arn:aws:lambda:us-east-1::runtime:")
    assert made == {
        "FunctionName": name, "FunctionArn": arn, "Runtime": RUNTIME, "Role": ROLE, "Handler": "f.handler",
        "CodeSize": len(code), "Description": "", "Timeout": 3, "MemorySize": 128, "Version": "$LATEST",
        "CodeSha256": base64.b64encode(hashlib.sha256(code).digest()).decode(), "TracingConfig": {"Mode": "PassThrough"},
        "State": "Pending", "StateReason": "The function is being created.", "StateReasonCode": "Creating",
        "PackageType": "Zip", "Architectures": ["x86_64"], "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
    }  # fmt: skip
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"MaxAttempts": 1})
    look = client.get_function_configuration(FunctionName=name)
    assert (look["State"], look["LastUpdateStatus"]) == ("Active", "Successful")
    assert "StateReason" not in look
    assert call(client, name, {"a": 1}) == {"a": 1}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"Code": {"ImageUri": "nobody/nothing:1"}}, "Source image nobody/nothing:1 does not exist. Provide a valid source image."),
        ({"Code": {"ZipFile": b"x"}}, "Please provide ImageUri when creating a function with packageType Image."),
        ({"Code": {"ImageUri": "i:1"}, "PackageType": "Zip"},
         "Please don't provide ImageUri when creating a function with packageType Zip."),
        ({"Code": {"ImageUri": "i:1"}, "Handler": "f.h"},
         "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."),
    ],
)  # fmt: skip
def test_an_image_that_can_not_be_had_or_does_not_fit_is_refused(
    client: Any, functions: Functions, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(client.exceptions.InvalidParameterValueException) as refused:
        client.create_function(**{"FunctionName": functions.name(), "Role": ROLE, "PackageType": "Image", **values})
    assert refused.value.response["message"].startswith(message)


def test_every_option_comes_back(client: Any, functions: Functions) -> None:
    options = {
        "Description": "d", "Timeout": 7, "MemorySize": 256, "Environment": {"Variables": {"MODE": "x"}}, "Tags": {"team": "a"},
        "EphemeralStorage": {"Size": 1024}, "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:q"},
        "TracingConfig": {"Mode": "Active"}, "Architectures": ["x86_64"],
        "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG"},
        "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    }  # fmt: skip
    name = functions.create("import os\ndef handler(event, context):\n    return os.environ['MODE']\n", **options)

    function = client.get_function(FunctionName=name)

    configuration = function["Configuration"]
    assert function["Tags"] == {"team": "a"}
    for member in (
        "Description",
        "Timeout",
        "MemorySize",
        "Environment",
        "EphemeralStorage",
        "DeadLetterConfig",
        "TracingConfig",
    ):
        assert configuration[member] == options[member], member
    assert configuration["VpcConfig"]["SubnetIds"] == ["subnet-1"]
    assert configuration["LoggingConfig"]["SystemLogLevel"] == "INFO"
    assert call(client, name) == "x"


def test_code_can_be_downloaded_without_credentials(client: Any, function: str) -> None:
    location = client.get_function(FunctionName=function)["Code"]["Location"]
    with urllib.request.urlopen(location, timeout=10) as answer:
        package = zipfile.ZipFile(io.BytesIO(answer.read()))
    assert package.read("f.py").decode() == ECHO


def test_publish_at_creation_answers_version_1(client: Any, functions: Functions) -> None:
    name = functions.name()
    made = client.create_function(
        FunctionName=name, Runtime=RUNTIME, Role=ROLE, Handler="f.handler", Code={"ZipFile": zipped()}, Publish=True
    )
    assert (made["Version"], made["FunctionArn"].rsplit(":", 1)[1]) == ("1", "1")
    client.get_waiter("published_version_active").wait(FunctionName=name, Qualifier="1", WaiterConfig={"MaxAttempts": 1})


def test_new_code_runs_at_the_next_call(client: Any, function: str) -> None:
    before = client.get_function_configuration(FunctionName=function)
    assert call(client, function) == 1

    code = zipped("def handler(event, context):\n    return 'new'\n")
    answer = client.update_function_code(FunctionName=function, ZipFile=code)

    assert (answer["State"], answer["LastUpdateStatus"]) == ("Active", "InProgress")
    assert answer["RevisionId"] != before["RevisionId"]
    client.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"MaxAttempts": 1})
    assert call(client, function) == "new"


def test_a_dry_run_changes_nothing(client: Any, function: str) -> None:
    before = client.get_function_configuration(FunctionName=function)
    answer = client.update_function_code(FunctionName=function, ZipFile=zipped("x = 1\n"), DryRun=True)
    assert answer["CodeSha256"] != before["CodeSha256"]
    after = client.get_function_configuration(FunctionName=function)
    assert (after["CodeSha256"], after["RevisionId"]) == (before["CodeSha256"], before["RevisionId"])


def test_update_with_publish_answers_the_version(client: Any, function: str) -> None:
    answer = client.update_function_code(FunctionName=function, ZipFile=zipped("x = 1\n"), Publish=True)
    assert answer["Version"] == "1"
    assert answer["FunctionArn"].endswith(":1")


def test_an_old_revision_changes_nothing(client: Any, function: str, refused: Callable[..., Any]) -> None:
    revision = client.get_function_configuration(FunctionName=function)["RevisionId"]
    client.update_function_configuration(FunctionName=function, Timeout=5, RevisionId=revision)
    message = (
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest "
        "Revision Id"
    )
    for operation, values in (
        (client.update_function_configuration, {"Timeout": 6}),
        (client.update_function_code, {"ZipFile": zipped()}),
        (client.publish_version, {}),
    ):
        error = refused(operation, FunctionName=function, RevisionId=revision, **values)
        assert (error.code, error.status, error.message) == ("PreconditionFailedException", 412, message)
        assert error.members == {"Type": "User"}
    assert client.get_function_configuration(FunctionName=function)["Timeout"] == 5


def test_configuration_changes_only_where_it_is_given(client: Any, functions: Functions) -> None:
    name = functions.create(Environment={"Variables": {"AB": "1"}}, Description="d")
    client.update_function_configuration(FunctionName=name, MemorySize=512)
    look = client.get_function_configuration(FunctionName=name)
    assert (look["MemorySize"], look["Description"], look["Environment"]["Variables"]) == (512, "d", {"AB": "1"})
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {}})
    assert "Environment" not in client.get_function_configuration(FunctionName=name)


def test_lists_go_in_pages_and_say_no_state(client: Any, functions: Functions) -> None:
    names = {functions.create() for _ in range(3)}
    pages = list(client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}))
    listed = [f for page in pages for f in page["Functions"]]
    assert all(len(page["Functions"]) <= 2 for page in pages)
    assert names <= {f["FunctionName"] for f in listed}
    assert len(listed) == len({f["FunctionArn"] for f in listed})
    assert not any("State" in f or "LastUpdateStatus" in f for f in listed)


def test_all_versions_can_be_listed(client: Any, functions: Functions) -> None:
    name = functions.create()
    client.publish_version(FunctionName=name)
    listed = client.get_paginator("list_functions").paginate(FunctionVersion="ALL").build_full_result()["Functions"]
    assert [f["Version"] for f in listed if f["FunctionName"] == name] == ["$LATEST", "1"]


@pytest.mark.parametrize("form", ["{name}", "function:{name}", "000000000000:function:{name}", f"{ARN}{{name}}"])
def test_a_name_may_be_an_arn_or_part_of_one(client: Any, function: str, form: str) -> None:
    given = form.format(name=function)
    assert client.get_function_configuration(FunctionName=given)["FunctionName"] == function
    assert call(client, given) == 1
    assert client.get_function_configuration(FunctionName=f"{given}:$LATEST")["FunctionArn"].endswith(":$LATEST")


def test_another_region_and_account_are_not_reachable(client: Any, function: str, refused: Callable[..., Any]) -> None:
    error = refused(client.get_function, FunctionName=f"arn:aws:lambda:eu-west-1:000000000000:function:{function}")
    message = "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"
    assert (error.code, error.status, error.message) == ("ResourceNotFoundException", 404, message)
    error = refused(client.invoke, FunctionName=f"arn:aws:lambda:us-east-1:111111111111:function:{function}")
    assert (error.code, error.status) == ("AccessDeniedException", 403)


def test_deleting_a_function_and_a_version(client: Any, functions: Functions, refused: Callable[..., Any]) -> None:
    name = functions.create()
    client.publish_version(FunctionName=name)
    assert client.delete_function(FunctionName=name, Qualifier="1")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert client.delete_function(FunctionName=name, Qualifier="7")["ResponseMetadata"]["HTTPStatusCode"] == 204
    error = refused(client.delete_function, FunctionName=name, Qualifier="$LATEST")
    assert (error.code, error.message) == (
        "InvalidParameterValueException", "$LATEST version cannot be deleted without deleting the function.",
    )  # fmt: skip
    client.delete_function(FunctionName=name)
    error = refused(client.delete_function, FunctionName=name)
    assert error.message == f"Function not found: arn:aws:lambda:us-east-1:000000000000:function:{name}"


def test_a_function_that_is_there_is_not_made_again(
    client: Any, function: str, functions: Functions, refused: Callable[..., Any]
) -> None:
    error = refused(functions.create, FunctionName=function)
    assert (error.code, error.status, error.message) == ("ResourceConflictException", 409, f"Function already exist: {function}")


def test_a_runtime_that_the_machine_lacks_is_a_failed_function(
    client: Any, functions: Functions, refused: Callable[..., Any]
) -> None:
    name = functions.create(Runtime="python3.15")
    look = client.get_function_configuration(FunctionName=name)
    assert (look["State"], look["StateReasonCode"]) == ("Failed", "InvalidRuntime")
    assert "3.15" in look["StateReason"]
    error = refused(client.invoke, FunctionName=name)
    assert (error.code, error.status) == ("InvalidRuntimeException", 502)


def test_a_bootstrap_is_a_runtime(client: Any, functions: Functions) -> None:
    bootstrap = """#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
  headers=$(mktemp)
  event=$(curl -sS -D "$headers" "$api/next")
  id=$(grep -i Lambda-Runtime-Aws-Request-Id "$headers" | tr -d '[:space:]' | cut -d: -f2)
  curl -sS -X POST "$api/$id/response" -d "{\\"echo\\": $event}" > /dev/null
done
"""
    name = functions.create(Runtime="provided.al2023", Handler="x", Code={"ZipFile": zipped(bootstrap=bootstrap)}, Timeout=10)
    assert call(client, name, [1]) == {"echo": [1]}


def test_account_settings_tell_what_is_used(client: Any, function: str) -> None:
    settings = client.get_account_settings()
    assert settings["AccountLimit"]["ConcurrentExecutions"] == 1000
    assert settings["AccountLimit"]["UnreservedConcurrentExecutions"] == 1000
    assert settings["AccountUsage"]["FunctionCount"] >= 1
    assert settings["AccountUsage"]["TotalCodeSize"] >= len(zipped())
