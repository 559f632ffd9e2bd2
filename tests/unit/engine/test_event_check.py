"""What is taken for an event: UTF-8 JSON of a bounded size, whatever numbers and texts are in it."""

from __future__ import annotations

import pytest

from jupyter_lambda.engine.invocations import check_event
from jupyter_lambda.errors import InvalidRequestContent, PayloadTooLarge


@pytest.mark.parametrize(
    "payload",
    [b"null", b"1180591620717411303424", b"1e400", b'"\\ud800"', b'{"a": 1, "a": 2}', b"[" * 500 + b"]" * 500],
    ids=["null", "70 bits", "beyond a double", "half a pair", "a name twice", "deep"],
)
def test_takes_what_lambda_takes(payload):
    check_event(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"{bad",
        b"NaN",
        b"Infinity",
        b"007",
        b"\xff",
        b"\xef\xbb\xbf1",
        b"[" * 50_000 + b"]" * 50_000,
        b'["\\ud800",' + b"[" * 50_000,
    ],
    ids=["cut off", "nan", "infinity", "octal", "not utf-8", "a mark", "too deep", "too deep, half a pair"],
)
def test_refuses_what_is_no_json(payload):
    with pytest.raises(InvalidRequestContent, match="it is not JSON"):
        check_event(payload)


def test_refuses_what_is_too_large():
    with pytest.raises(PayloadTooLarge, match="6,291,457 bytes, and Lambda takes 6,291,456"):
        check_event(b" " * 6_291_456 + b"1")
