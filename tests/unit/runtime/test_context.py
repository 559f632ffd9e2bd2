"""The `context` argument: complete, and its time counts down."""

from __future__ import annotations

import time

import pytest

from jupyter_lambda.runtime.context import LambdaContext


def context(deadline_ms=None, client_context=None, identity=None):
    ends = int(time.time() * 1000) + 3_000 if deadline_ms is None else deadline_ms  # noqa: TID251 - the runtime has no Clock either
    return LambdaContext("id", ends, "arn:f", client_context, identity, "tenant")


def test_has_every_member(monkeypatch):
    for name, value in {
        "FUNCTION_NAME": "f",
        "FUNCTION_VERSION": "3",
        "FUNCTION_MEMORY_SIZE": "512",
        "LOG_GROUP_NAME": "/aws/lambda/f",
    }.items():
        monkeypatch.setenv(f"AWS_LAMBDA_{name}", value)
    made = context()
    assert (made.function_name, made.function_version, made.memory_limit_in_mb) == ("f", "3", "512")
    assert (made.log_group_name, made.aws_request_id, made.invoked_function_arn, made.tenant_id) == (
        "/aws/lambda/f",
        "id",
        "arn:f",
        "tenant",
    )
    assert made.client_context is None
    assert made.identity.cognito_identity_id is None
    assert "aws_request_id=id" in repr(made)


def test_counts_down_and_never_below_zero():
    made = context()
    first = made.get_remaining_time_in_millis()
    assert 2_000 < first <= 3_000
    while made.get_remaining_time_in_millis() == first:
        pass
    assert made.get_remaining_time_in_millis() < first
    assert context(deadline_ms=0).get_remaining_time_in_millis() == 0


def test_takes_client_context_and_identity_apart():
    given = {
        "client": {"app_title": "t"},
        "custom": {"a": 1},
        "env": {"e": 2},
        "w3c": {"traceparent": "00", "other": "x", "baggage": 3},
    }
    made = context(client_context=given, identity={"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"})
    assert (made.client_context.client.app_title, made.client_context.custom, made.client_context.env) == (
        "t",
        {"a": 1},
        {"e": 2},
    )
    assert made.client_context.client.installation_id is None
    assert (made.identity.cognito_identity_id, made.identity.cognito_identity_pool_id) == ("i", "p")
    assert made.w3c() == {"traceparent": "00"}


def test_log_adds_no_newline(capsys):
    context().log("a")
    context().log(1)
    assert capsys.readouterr().out == "a1"


def test_reads_like_amazons():
    amazons = pytest.importorskip("awslambdaric.lambda_context").LambdaContext("id", None, None, 0)
    public = {name for name in dir(amazons) if not name.startswith("_")}
    assert public <= {name for name in dir(context()) if not name.startswith("_")}
