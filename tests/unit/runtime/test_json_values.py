"""What a handler's result and event look like as JSON: Amazon's own runtime client is the judge."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lambda.runtime.failures import Fault
from jupyter_lambda.runtime.json_values import Encoder, read_event

Point = collections.namedtuple("Point", "x y")


class Colour(enum.IntEnum):
    RED = 1


class Text(str):
    __slots__ = ()


@pytest.fixture(params=["AWS_Lambda_python3.11", "AWS_Lambda_python3.13"])
def execution_environment(request, monkeypatch):
    monkeypatch.setenv("AWS_EXECUTION_ENV", request.param)
    return request.param


def amazons(value) -> bytes:
    marshaller = pytest.importorskip("awslambdaric.lambda_runtime_marshaller")
    try:
        result, _ = marshaller.LambdaMarshaller().marshal_response(value)
    except Exception as error:  # its own exception class does not derive from anything of ours
        return f"{error.exception_type}: {error.msg}".encode()
    return result if isinstance(result, bytes) else result.encode("utf-8", "backslashreplace")


def ours(value, execution_environment) -> bytes:
    try:
        return Encoder(execution_environment).result(value)[0]
    except Fault as error:
        return f"{error.error_type}: {error.message}".encode()


@pytest.mark.parametrize(
    "value",
    [
        None, True, 1, -0.0, 1e400, math.nan, [math.inf, -math.inf], "ü\u2028\x7f\"\\/", {"a": (1, 2)}, [], {}, [[], {}],
        2**70, {1: "int", 1.5: "float", None: "none"}, {True: "bool"}, {"1": 1, 1: 2}, b"raw \xff", {"nested": b"bytes"}, {b"key": 1},
        decimal.Decimal("1.10"), [decimal.Decimal("NaN"), decimal.Decimal("1E+5"), decimal.Decimal("-Infinity")],
        {"d": {"e": [decimal.Decimal(3), "x", decimal.Decimal("0.1")]}}, Point(1, Point("a", None)), [Point(1, 2)], {"p": Point(1, b"z")},
        Colour.RED, {Colour.RED: Colour.RED}, Text("own class"), collections.OrderedDict(b=1, a=2), collections.defaultdict(list, a=[1]),
        {1, 2}, object(), [object()], {"x": datetime.date(2020, 1, 1)}, {(1, 2): 3}, 1 + 2j, range(3), {"lone": "\ud800"}, {"\udfff": 1},
    ],
    ids=repr,
)  # fmt: skip
def test_a_result_is_written_as_amazons_runtime_writes_it(value, execution_environment):
    expected = amazons(value)
    if b"<object object at" in expected:
        expected = expected.split(b"<object")[0]
    assert ours(value, execution_environment) == expected


_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(max_size=3).filter(bytes.isascii),
    st.decimals(), st.builds(Point, st.integers(), st.text()),
)  # fmt: skip
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(value=_VALUES)
@pytest.mark.parametrize("environment", ["AWS_Lambda_python3.11", "AWS_Lambda_python3.13"])
def test_any_value_is_written_as_amazons_runtime_writes_it(value, environment):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_EXECUTION_ENV", environment)
        assert ours(value, environment) == amazons(value)


def test_a_circle_is_an_error_of_the_function(execution_environment):
    circle: list = []
    circle.append(circle)
    assert ours(circle, execution_environment) == b"Runtime.MarshalError: Unable to marshal response: Circular reference detected"
    assert ours([Point(circle, 1)], execution_environment) == ours(circle, execution_environment)


def test_a_failed_value_leaves_nothing_for_the_next():
    encoder = Encoder("AWS_Lambda_python3.11")
    with pytest.raises(Fault):
        encoder.result([decimal.Decimal("1.5"), {1}])
    assert encoder.result([decimal.Decimal("2.5")])[0] == b"[2.5]"


def test_half_of_a_surrogate_pair_survives_both_ways():
    assert read_event(b'"\\ud800"', "application/json") == "\ud800"
    for environment in ("AWS_Lambda_python3.11", "AWS_Lambda_python3.13"):
        assert json.loads(Encoder(environment).result({"\ud83d": "\udc00 ü"})[0]) == {"\ud83d": "\udc00 ü"}


def test_a_70_bit_integer_is_unchanged():
    number = 2**70 + 1
    assert Encoder(None).result(read_event(str(number).encode(), "application/json"))[0] == str(number).encode()


def test_an_event_that_is_not_json_is_handed_over_raw_or_refused():
    assert read_event(b"\x00\x01", "application/octet-stream") == b"\x00\x01"
    with pytest.raises(Fault, match="Unable to unmarshal input: Expecting value") as caught:
        read_event(b"nope", "application/json")
    assert caught.value.error_type == "Runtime.UnmarshalError"
