from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lambda.client.json_boundary import EventTypeError, decode_result, encode_event, to_json_event
from jupyter_lambda.errors import InvalidRequestContent, PayloadTooLarge
from jupyter_lambda.model import limits

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(plain)
def test_what_goes_out_comes_back(value):
    assert decode_result(encode_event(value)) == value


def test_nan_comes_in_and_does_not_go_out():
    assert math.isnan(decode_result(b"NaN"))
    with pytest.raises(InvalidRequestContent, match=r'event\["b"\]: it is -inf, and JSON has no such number'):
        encode_event({"a": 1.5, "b": -math.inf})


def test_large_integers_and_lone_surrogates_are_unchanged():
    value = {"n": 2**70 + 1, "s": "\ud800 \U0001f600"}

    assert encode_event(value) == b'{"n": 1180591620717411303425, "s": "\\ud800 \\ud83d\\ude00"}'
    assert decode_result(encode_event(value)) == value


def test_no_payload_is_none():
    assert decode_result(b"") is None


class Thing:
    pass


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            {"img": np.zeros(3)},
            'event["img"] is a NumPy array, which has no JSON form: use .tolist(), or jl.to_json_event(event).',
        ),
        (
            [{"n": np.int64(3)}],
            'event[0]["n"] is a numpy int64, which has no JSON form: use .tolist(), or jl.to_json_event(event).',
        ),
        (
            {"f": [pd.DataFrame({"a": [1]})]},
            'event["f"][0] is a pandas data frame, which has no JSON form: use .to_dict("records"), or',
        ),
        ({"s": pd.Series([1])}, 'event["s"] is a pandas series, which has no JSON form: use .tolist()'),
        (
            {"t": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)},
            'event["t"] is a datetime.datetime, which has no JSON form: use .isoformat().',
        ),
        ({"b": b"x"}, 'event["b"] is a bytes, which has no JSON form: use base64.b64encode(value).decode().'),
        ({"s": {1}}, 'event["s"] is a set, which has no JSON form: use sorted(value) or list(value).'),
        ({"d": Decimal(1)}, 'event["d"] is a decimal.Decimal, which has no JSON form: use dicts, lists, strings'),
        (Thing(), "event is a "),
        ({"a": {(1, 2): 3}}, 'event["a"] has a key that is a tuple: JSON has strings as keys. Use str(key).'),
    ],
)
def test_names_the_place_of_what_json_has_no_form_for(event, words):
    with pytest.raises(EventTypeError) as raised:
        encode_event(event)
    assert str(raised.value).startswith(words)


def test_a_container_inside_itself():
    event: dict = {"a": []}
    event["a"].append(event)

    with pytest.raises(EventTypeError, match=r'event\["a"\]\[0\] contains itself'):
        encode_event(event)


def test_too_deep():
    event: list = []
    for _ in range(100_000):
        event = [event]
    with pytest.raises(EventTypeError):
        encode_event(event)


def test_lambdas_limit_holds_to_the_byte():
    fits = "x" * (limits.REQUEST_BYTES_MAX - 2)
    assert len(encode_event(fits)) == limits.REQUEST_BYTES_MAX

    with pytest.raises(PayloadTooLarge) as raised:
        encode_event(fits + "x", name="events[3]")
    assert str(raised.value).startswith("events[3]: 6,291,457 bytes of JSON, and Lambda takes 6,291,456.")
    assert "6291457 byte payload is too large for the RequestResponse invocation type" in raised.value.aws_message


def test_converts_on_request():
    frame = pd.DataFrame({"a": [1, 2], "when": pd.to_datetime(["2026-01-01", None])})
    value = {
        "array": np.arange(4).reshape(2, 2),
        "scalar": np.float32(0.5),
        "flag": np.bool_(True),
        "when": np.array(["2026-01-01"], dtype="datetime64[D]"),
        "series": pd.Series([1.5, None]),
        "frame": frame,
        "index": pd.Index(["x"]),
        "missing": pd.NA,
        "stamp": pd.Timestamp("2026-01-01"),
        "tuple": (1, {2}),
        np.int64(7): "key",
        "plain": [None, True, "s", 1.5],
        "day": dt.date(2026, 1, 1),
    }

    converted = to_json_event(value)

    assert json.loads(encode_event(converted)) == {
        "array": [[0, 1], [2, 3]],
        "scalar": 0.5,
        "flag": True,
        "when": ["2026-01-01"],
        "series": [1.5, None],
        "frame": [{"a": 1, "when": "2026-01-01T00:00:00"}, {"a": 2, "when": None}],
        "index": ["x"],
        "missing": None,
        "stamp": "2026-01-01T00:00:00",
        "tuple": [1, [2]],
        "7": "key",
        "plain": [None, True, "s", 1.5],
        "day": "2026-01-01",
    }
    assert isinstance(value["array"], np.ndarray)  # the original is as it was


def test_leaves_what_it_does_not_know_for_the_error_to_name():
    with pytest.raises(EventTypeError, match="Thing"):
        encode_event(to_json_event({"a": Thing()}))
