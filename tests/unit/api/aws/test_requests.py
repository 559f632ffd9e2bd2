"""Requests become values of the model's types, and what breaks a shape is told in AWS's words (request_values.py, validation.py)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_lambda.api.aws.request_values import input_values
from jupyter_lambda.api.aws.service_model import service_model
from jupyter_lambda.api.aws.validation import validate
from jupyter_lambda.errors import InvalidRequestContent, Unparsable, ValidationError

MODEL = service_model()


def read(
    operation: str, body: Any = None, *, query: str = "", headers: dict[bytes, bytes] | None = None, **uri: str
) -> dict[str, Any]:
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return input_values(MODEL, MODEL.operations[operation], uri, query, headers or {}, content)


def told(operation: str, values: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        validate(MODEL, MODEL.operations[operation], values)
    assert caught.value.aws_message is not None
    return caught.value.aws_message


def test_path_query_headers_and_body_are_read() -> None:
    values = read("Invoke", b"[1]", query="Qualifier=%24LATEST", headers={b"x-amz-log-type": b"Tail"}, FunctionName="f")
    assert values == {"FunctionName": "f", "Qualifier": "$LATEST", "LogType": "Tail", "Payload": b"[1]"}


def test_types_follow_the_model() -> None:
    assert read("ListFunctions", query="MaxItems=3&Marker=a+b") == {"MaxItems": 3, "Marker": "a b"}
    assert read("UntagResource", query="tagKeys=a&tagKeys=b%20c", Resource="r") == {"Resource": "r", "TagKeys": ["a", "b c"]}
    values = read("CreateFunction", {"Code": {"ZipFile": "eA=="}, "Publish": True, "Unknown": 1, "Description": None})
    assert values == {"Code": {"ZipFile": b"x"}, "Publish": True}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"Timeout": "3"}, "STRING_VALUE can not be converted to Integer"),
        ({"Timeout": True}, "TRUE_VALUE can not be converted to Integer"),
        ({"Timeout": 1.5}, "NUMBER_VALUE can not be converted to Integer"),
        ({"Description": 1}, "NUMBER_VALUE can not be converted to String"),
        ({"Environment": []}, "START_ARRAY can not be converted to a structure"),
        ({"Environment": {"Variables": [1]}}, "START_ARRAY can not be converted to a map"),
        ({"Layers": "x"}, "STRING_VALUE can not be converted to a list"),
        ({"Code": {"ZipFile": "%"}}, "Invalid base64 at 'Code.ZipFile'"),
    ],
)
def test_values_of_other_types_are_refused(body: Any, message: str) -> None:
    with pytest.raises(Unparsable) as caught:
        read("CreateFunction", body)
    assert caught.value.aws_message == message


@pytest.mark.parametrize("body", [b"{", b"\xff", b"NaN"])
def test_a_body_that_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequestContent):
        read("CreateFunction", body)


def test_a_query_that_is_no_number_is_refused() -> None:
    with pytest.raises(Unparsable):
        read("ListFunctions", query="MaxItems=many")


def test_everything_that_breaks_a_shape_is_told_at_once() -> None:
    message = told("CreateFunction", {"FunctionName": "", "Role": "r", "Timeout": 0, "Code": {}})
    assert message.startswith(
        "4 validation errors detected: Value '' at 'functionName' failed to satisfy constraint: Member must have "
    )
    assert "; Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1" in message


ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
PATTERN = "Member must satisfy regular expression pattern: "
PERMISSION = {"FunctionName": "f", "StatementId": "example.com", "Action": "lambda:InvokeFunction", "Principal": "*"}


# Recorded from AWS: operation, input; value, path and constraint of the message.
@pytest.mark.parametrize(
    ("operation", "values", "value", "path", "constraint"),
    [
        ("UntagResource", {"Resource": ARN}, "null", "tagKeys", "Member must not be null"),
        (
            "CreateAlias", {"FunctionName": "f", "Name": "2024", "FunctionVersion": "1"},
            "'2024'", "name", f"{PATTERN}(?!^[0-9]+$)([a-zA-Z0-9-_]+)",
        ),
        (
            "GetFunction", {"FunctionName": "f", "Qualifier": "invalid-qualifier-with-?-char"},
            "'invalid-qualifier-with-?-char'", "qualifier", rf"{PATTERN}\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+",
        ),
        (
            "PutFunctionRecursionConfig", {"FunctionName": "f", "RecursiveLoop": "InvalidValue"},
            "'InvalidValue'", "recursiveLoop", "Member must satisfy enum value set: [Terminate, Allow]",
        ),
        (
            "UpdateFunctionCode", {"FunctionName": "f", "Architectures": ["X86_64"]}, "'[X86_64]'", "architectures",
            "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
        ),
        (
            "UpdateFunctionCode", {"FunctionName": "f", "Architectures": ["x86_64", "arm64"]},
            "'[x86_64, arm64]'", "architectures", "Member must have length less than or equal to 1",
        ),
        ("AddPermission", PERMISSION, "'example.com'", "statementId", f"{PATTERN}([a-zA-Z0-9-_]+)"),
        (
            "PutProvisionedConcurrencyConfig", {"FunctionName": "f", "Qualifier": "1", "ProvisionedConcurrentExecutions": 0},
            "'0'", "provisionedConcurrentExecutions", "Member must have value greater than or equal to 1",
        ),
    ],
)  # fmt: skip
def test_messages_are_those_that_aws_answered(
    operation: str, values: dict[str, Any], value: str, path: str, constraint: str
) -> None:
    expected = f"1 validation error detected: Value {value} at '{path}' failed to satisfy constraint: {constraint}"
    assert told(operation, values) == expected


def test_members_of_lists_and_tags_are_checked() -> None:
    message = told("TagResource", {"Resource": ARN, "Tags": {"a;b": "x"}})
    assert "at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [" in message
    validate(
        MODEL,
        MODEL.operations["TagResource"],
        {"Resource": ARN, "Tags": {"ä ö/1": "ü"}},
    )
