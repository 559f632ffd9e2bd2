"""Versions and aliases.

Source: AWS Lambda API Reference (PublishVersion, CreateAlias …); Developer Guide, "Lambda function versions"; recorded errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.conftest import zipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.conftest import Functions

VERSION = "def handler(event, context):\n    return context.function_version\n"


@pytest.fixture
def two_versions(client: Any, functions: Functions) -> str:
    """A function with versions 1 and 2."""
    name = functions.create(VERSION)
    client.publish_version(FunctionName=name, Description="one")
    client.update_function_configuration(FunctionName=name, MemorySize=256)
    client.publish_version(FunctionName=name)
    return name


def test_publishing_without_a_change_answers_the_last_version(client: Any, two_versions: str) -> None:
    answer = client.publish_version(FunctionName=two_versions)
    assert (answer["Version"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("2", 201)
    versions = client.list_versions_by_function(FunctionName=two_versions)["Versions"]
    assert [v["Version"] for v in versions] == ["$LATEST", "1", "2"]
    assert [v["MemorySize"] for v in versions] == [256, 128, 256]
    assert versions[0]["FunctionArn"].endswith(":$LATEST")
    assert versions[1]["Description"] == "one"


def test_a_deleted_number_is_not_used_again(client: Any, two_versions: str) -> None:
    client.delete_function(FunctionName=two_versions, Qualifier="2")
    client.update_function_configuration(FunctionName=two_versions, MemorySize=512)
    assert client.publish_version(FunctionName=two_versions)["Version"] == "3"


def test_versions_go_in_pages(client: Any, two_versions: str) -> None:
    pages = client.get_paginator("list_versions_by_function").paginate(
        FunctionName=two_versions, PaginationConfig={"PageSize": 1}
    )
    assert [v["Version"] for page in pages for v in page["Versions"]] == ["$LATEST", "1", "2"]


def test_publishing_other_code_than_was_seen_is_refused(client: Any, function: str, refused: Callable[..., Any]) -> None:
    current = client.get_function_configuration(FunctionName=function)["CodeSha256"]
    error = refused(client.publish_version, FunctionName=function, CodeSha256="a" * 43 + "=")
    assert error.code == "InvalidParameterValueException"
    assert error.message.startswith(f"CodeSHA256 ({'a' * 43}=) is different from current CodeSHA256 in $LATEST ({current}).")


def test_an_alias_lives(client: Any, two_versions: str, refused: Callable[..., Any]) -> None:
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{two_versions}:live"
    made = client.create_alias(FunctionName=two_versions, Name="live", FunctionVersion="1", Description="d")
    assert made.pop("ResponseMetadata")["HTTPStatusCode"] == 201
    revision = made.pop("RevisionId")
    assert made == {"AliasArn": arn, "Name": "live", "FunctionVersion": "1", "Description": "d"}
    assert client.get_function(FunctionName=two_versions, Qualifier="live")["Configuration"]["FunctionArn"] == arn
    assert client.invoke(FunctionName=two_versions, Qualifier="live")["ExecutedVersion"] == "1"

    error = refused(client.create_alias, FunctionName=two_versions, Name="live", FunctionVersion="1")
    assert (error.code, error.status, error.message) == ("ResourceConflictException", 409, f"Alias already exists: {arn}")
    changed = client.update_alias(FunctionName=two_versions, Name="live", FunctionVersion="2", RevisionId=revision)
    assert (changed["FunctionVersion"], changed["Description"]) == ("2", "d")
    assert refused(client.update_alias, FunctionName=two_versions, Name="live", RevisionId=revision).status == 412
    assert [a["Name"] for a in client.list_aliases(FunctionName=two_versions, FunctionVersion="2")["Aliases"]] == ["live"]
    assert client.list_aliases(FunctionName=two_versions, FunctionVersion="1")["Aliases"] == []

    assert refused(client.delete_function, FunctionName=two_versions, Qualifier="2").code == "ResourceConflictException"
    assert client.delete_alias(FunctionName=two_versions, Name="live")["ResponseMetadata"]["HTTPStatusCode"] == 204
    error = refused(client.get_alias, FunctionName=two_versions, Name="live")
    assert (error.code, error.message) == ("ResourceNotFoundException", f"Cannot find alias arn: {arn}")


def test_a_weighted_alias_shares_calls(client: Any, two_versions: str) -> None:
    client.create_alias(
        FunctionName=two_versions, Name="canary", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
    )
    seen = {client.invoke(FunctionName=f"{two_versions}:canary")["ExecutedVersion"] for _ in range(40)}
    assert seen == {"1", "2"}
    client.update_alias(FunctionName=two_versions, Name="canary", RoutingConfig={"AdditionalVersionWeights": {}})
    assert "RoutingConfig" not in client.get_alias(FunctionName=two_versions, Name="canary")


AT_WEIGHTS = "at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: "


@pytest.mark.parametrize(
    ("version", "weights", "message"),
    [
        ("$LATEST", {"1": 0.5}, "$LATEST is not supported for an alias pointing to more than 1 version"),
        (
            "1", {"1": 0.5},
            "Invalid function version 1. Function version 1 is already included in routing configuration.",
        ),
        ("1", {"1": 0.5, "2": 0.1}, "Number of items in AdditionalVersionWeights cannot be greater than 1"),
        (
            "1", {"2": -1.0},
            f"1 validation error detected: Value '{{2=-1.0}}' {AT_WEIGHTS}Map value must satisfy constraint: [Member must have value "
            "less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]",
        ),
        (
            "1", {"$LATEST": 0.5},
            f"1 validation error detected: Value '{{$LATEST=0.5}}' {AT_WEIGHTS}Map keys must satisfy constraint: [Member must have "
            "length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular "
            "expression pattern: [0-9]+]",
        ),
    ],
)  # fmt: skip
def test_routing_that_aws_refuses(
    client: Any, two_versions: str, refused: Callable[..., Any], version: str, weights: dict[str, float], message: str
) -> None:
    error = refused(
        client.create_alias, FunctionName=two_versions, Name="r", FunctionVersion=version,
        RoutingConfig={"AdditionalVersionWeights": weights},
    )  # fmt: skip
    code = "ValidationException" if "validation error" in message else "InvalidParameterValueException"
    assert (error.code, error.message) == (code, message)


def test_an_alias_of_a_version_that_is_not_there(client: Any, function: str, refused: Callable[..., Any]) -> None:
    error = refused(client.create_alias, FunctionName=function, Name="live", FunctionVersion="9")
    assert (error.code, error.message) == (
        "ResourceNotFoundException", f"Function not found: arn:aws:lambda:us-east-1:000000000000:function:{function}:9",
    )  # fmt: skip


def test_a_version_never_changes(client: Any, functions: Functions) -> None:
    name = functions.create("def handler(event, context):\n    return 1\n")
    client.publish_version(FunctionName=name)
    client.update_function_code(FunctionName=name, ZipFile=zipped("def handler(event, context):\n    return 2\n"))
    payloads = [client.invoke(FunctionName=name, Qualifier=q)["Payload"].read() for q in ("1", "$LATEST")]
    assert payloads == [b"1", b"2"]
