"""Provisioned concurrency.

Source: AWS Lambda API Reference; Developer Guide, "Configuring provisioned concurrency"; recorded errors.
"""

from __future__ import annotations

import base64
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.conftest import Functions

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
SOURCE = "import os\ndef handler(event, context):\n    return [os.environ['AWS_LAMBDA_INITIALIZATION_TYPE'], os.getpid()]\n"


def until_settled(client: Any, name: str, qualifier: str) -> Any:
    """Look until nothing is in progress."""
    waiting = threading.Event()
    for _ in range(200):
        look = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
        if look["Status"] != "IN_PROGRESS":
            return look
        waiting.wait(0.05)
    pytest.fail("still in progress after ten seconds")


@pytest.fixture
def published(client: Any, functions: Functions) -> str:
    name = functions.create(SOURCE)
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return name


def test_environments_are_ready_before_the_first_call(client: Any, published: str) -> None:
    put = client.put_provisioned_concurrency_config(FunctionName=published, Qualifier="live", ProvisionedConcurrentExecutions=2)
    assert put["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (put["Status"], put["RequestedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 2)
    look = until_settled(client, published, "live")
    assert (
        look["Status"],
        look["AvailableProvisionedConcurrentExecutions"],
        look["AllocatedProvisionedConcurrentExecutions"],
    ) == ("READY", 2, 2)
    answer = client.invoke(FunctionName=published, Qualifier="live", LogType="Tail")
    assert json.loads(answer["Payload"].read())[0] == "provisioned-concurrency"
    assert b"Init Duration" not in base64.b64decode(answer["LogResult"])
    listed = client.list_provisioned_concurrency_configs(FunctionName=published)["ProvisionedConcurrencyConfigs"]
    assert [(one["FunctionArn"], one["Status"]) for one in listed] == [(f"{ARN}{published}:live", "READY")]
    client.delete_provisioned_concurrency_config(FunctionName=published, Qualifier="live")
    assert client.list_provisioned_concurrency_configs(FunctionName=published)["ProvisionedConcurrencyConfigs"] == []


def test_a_function_that_can_not_be_initialised_fails(client: Any, functions: Functions) -> None:
    name = functions.create("raise ValueError('no')\n")
    client.publish_version(FunctionName=name)
    client.put_provisioned_concurrency_config(FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=1)
    look = until_settled(client, name, "1")
    assert (look["Status"], look["StatusReason"]) == ("FAILED", "FUNCTION_ERROR_INIT_FAILURE")


def test_what_aws_refuses(client: Any, published: str, refused: Callable[..., Any]) -> None:
    def put(qualifier: str, count: int, name: str = published) -> Any:
        return refused(
            client.put_provisioned_concurrency_config,
            FunctionName=name,
            Qualifier=qualifier,
            ProvisionedConcurrentExecutions=count,
        )

    assert put("$LATEST", 1).message == "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
    assert put("9", 1).message == f"Function not found: {ARN}{published}:9"
    assert (
        put("1", 1001).message
        == "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000]."
    )
    error = put("1", 901)
    assert (error.message, error.members) == (
        "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
        {},
    )  # fmt: skip
    error = refused(client.get_provisioned_concurrency_config, FunctionName=published, Qualifier="1")
    assert (error.code, error.status, error.message) == (
        "ProvisionedConcurrencyConfigNotFoundException", 404, "No Provisioned Concurrency Config found for this function",
    )  # fmt: skip
    client.put_provisioned_concurrency_config(FunctionName=published, Qualifier="live", ProvisionedConcurrentExecutions=2)
    error = put("1", 1)
    assert (error.code, error.message) == ("ResourceConflictException", "Version is pointed by a Provisioned Concurrency alias")
    client.create_alias(FunctionName=published, Name="other", FunctionVersion="1")
    message = "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
    assert put("other", 1).message == message
    error = refused(client.put_function_concurrency, FunctionName=published, ReservedConcurrentExecutions=1)
    assert (
        error.message == " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency [2]."
    )
    client.put_function_concurrency(FunctionName=published, ReservedConcurrentExecutions=2)
    message = "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
    assert put("live", 3).message == message
