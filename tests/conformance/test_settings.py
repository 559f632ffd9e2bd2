"""What belongs to a function beside its versions: reserved concurrency, tags, permissions, event handling.

Source: AWS Lambda API Reference; recorded errors.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"


def test_reserved_concurrency(client: Any, function: str, refused: Callable[..., Any]) -> None:
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName=function)
    assert (
        client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=5)["ReservedConcurrentExecutions"]
        == 5
    )
    assert client.get_function_concurrency(FunctionName=function)["ReservedConcurrentExecutions"] == 5
    assert client.get_function(FunctionName=function)["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    assert client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 995
    error = refused(client.put_function_concurrency, FunctionName=function, ReservedConcurrentExecutions=901)
    assert (error.code, error.members) == ("InvalidParameterValueException", {})
    assert error.message == (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum "
        "value of [100]."
    )
    error = refused(client.put_function_concurrency, FunctionName=function, ReservedConcurrentExecutions=1001)
    assert error.message == "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000]."
    error = refused(client.put_function_concurrency, FunctionName=f"{function}:1", ReservedConcurrentExecutions=1)
    assert error.status in (400, 404)
    assert client.delete_function_concurrency(FunctionName=function)["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_tags(client: Any, function: str, refused: Callable[..., Any]) -> None:
    arn = ARN + function
    answer = client.tag_resource(Resource=arn, Tags={"a": "1", "b": "ü ö", "c/d": "x"})
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    client.untag_resource(Resource=arn, TagKeys=["a", "c/d", "none"])
    assert client.list_tags(Resource=arn)["Tags"] == {"b": "ü ö"}
    assert client.get_function(FunctionName=function)["Tags"] == {"b": "ü ö"}
    error = refused(client.tag_resource, Resource=arn, Tags={str(n): "" for n in range(50)})
    assert error.message == "Number of tags exceeds resource tag limit."
    error = refused(client.tag_resource, Resource=f"{arn}:$LATEST", Tags={"a": "1"})
    assert error.message == "Tags on function aliases and versions are not supported. Please specify a function ARN."
    error = refused(client.list_tags, Resource=f"{arn}-none")
    assert (error.code, error.message) == ("ResourceNotFoundException", f"Function not found: {arn}-none")
    error = refused(client.untag_resource, Resource=arn, TagKeys=[])
    assert (
        error.message
        == "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null"
    )


def test_permissions(client: Any, function: str, refused: Callable[..., Any]) -> None:
    added = client.add_permission(
        FunctionName=function, StatementId="s1", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::bucket", SourceAccount="000000000000",
    )  # fmt: skip
    assert added["ResponseMetadata"]["HTTPStatusCode"] == 201
    statement = json.loads(added["Statement"])
    assert statement == {
        "Sid": "s1", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction",
        "Resource": ARN + function,
        "Condition": {"StringEquals": {"AWS:SourceAccount": "000000000000"}, "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"}},
    }  # fmt: skip
    got = client.get_policy(FunctionName=function)
    assert json.loads(got["Policy"]) == {"Version": "2012-10-17", "Id": "default", "Statement": [statement]}

    def add(**values: Any) -> dict[str, Any]:
        defaults = {"FunctionName": function, "StatementId": "s2", "Action": "lambda:InvokeFunction", "Principal": "*"}
        return {**defaults, **values}

    error = refused(client.add_permission, **add(StatementId="s1"))
    assert (error.code, error.message) == (
        "ResourceConflictException",
        "The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing statement.",
    )
    error = refused(client.add_permission, **add(Principal="someone"))
    assert error.message == "The provided principal was invalid. Please check the principal and try again."
    error = refused(client.add_permission, **add(Qualifier="$LATEST"))
    assert error.message == "We currently do not support adding policies for $LATEST."
    error = refused(client.add_permission, **add(RevisionId="none"))
    assert (error.code, error.status) == ("PreconditionFailedException", 412)
    error = refused(client.remove_permission, FunctionName=function, StatementId="non-existent")
    assert error.message == "Statement non-existent is not found in resource policy."
    error = refused(client.remove_permission, FunctionName="doesnotexist", StatementId="s")
    assert error.message == f"No policy found for: {ARN}doesnotexist"
    assert client.remove_permission(FunctionName=function, StatementId="s1")["ResponseMetadata"]["HTTPStatusCode"] == 204
    error = refused(client.get_policy, FunctionName=function)
    assert (error.code, error.message) == ("ResourceNotFoundException", "The resource you requested does not exist.")
    error = refused(client.remove_permission, FunctionName=function, StatementId="s1")
    assert error.message == "No policy is associated with the given resource."


def test_event_handling(client: Any, function: str, functions: Any, refused: Callable[..., Any]) -> None:
    target = ARN + functions.create()
    error = refused(client.get_function_event_invoke_config, FunctionName=function)
    assert error.message == f"The function {ARN}{function}:$LATEST doesn't have an EventInvokeConfig"
    put = client.put_function_event_invoke_config(
        FunctionName=function,
        MaximumRetryAttempts=0,
        MaximumEventAgeInSeconds=60,
        DestinationConfig={"OnSuccess": {"Destination": target}},
    )
    del put["ResponseMetadata"], put["LastModified"]
    assert put == {
        "FunctionArn": f"{ARN}{function}:$LATEST", "MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60,
        "DestinationConfig": {"OnSuccess": {"Destination": target}, "OnFailure": {}},
    }  # fmt: skip
    changed = client.update_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=1)
    assert (changed["MaximumRetryAttempts"], changed["MaximumEventAgeInSeconds"]) == (1, 60)
    replaced = client.put_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=2)
    assert "MaximumEventAgeInSeconds" not in replaced
    listed = client.list_function_event_invoke_configs(FunctionName=function)["FunctionEventInvokeConfigs"]
    assert [config["MaximumRetryAttempts"] for config in listed] == [2]
    client.delete_function_event_invoke_config(FunctionName=function)
    assert client.list_function_event_invoke_configs(FunctionName=function)["FunctionEventInvokeConfigs"] == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "You must specify at least one of error handling or destination setting."),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": "{self}"}}},
            "You can't specify the function as a destination for itself.",
        ),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": ARN + "doesnotexist"}}},
            f"The destination ARN {ARN}doesnotexist is invalid.",
        ),
        (
            {"DestinationConfig": {"OnSuccess": {"Destination": "arn:aws:iam:us-east-1:000000000000:function:f"}}},
            "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=arn:aws:iam:us-east-1:000000000000:"
            "function:f), onFailure=null) is invalid.",
        ),
    ],
)
def test_event_handling_that_aws_refuses(
    client: Any, function: str, refused: Callable[..., Any], values: dict[str, Any], message: str
) -> None:
    text = json.dumps(values).replace("{self}", ARN + function)
    error = refused(client.put_function_event_invoke_config, FunctionName=function, **json.loads(text))
    assert (error.code, error.message) == ("InvalidParameterValueException", message)


def test_event_handling_of_a_function_that_is_not_there(client: Any, refused: Callable[..., Any]) -> None:
    error = refused(client.get_function_event_invoke_config, FunctionName="doesnotexist")
    assert (error.code, error.status, error.message) == ("ResourceNotFoundException", 404, "The function doesn't exist.")
