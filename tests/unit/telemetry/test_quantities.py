"""How numbers are written, kind by kind, with the borders between units."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lambda.telemetry import quantities as q

MIB = 1024**2


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (q.duration, 0, "0.0 ms"),
        (q.duration, 38.24, "38.2 ms"),
        (q.duration, 999.94, "999.9 ms"),
        (q.duration, 999.96, "1.00 s"),
        (q.duration, 4120, "4.12 s"),
        (q.duration, 59_994, "59.99 s"),
        (q.duration, 59_996, "1 min 00 s"),
        (q.duration, 125_000, "2 min 05 s"),
        (q.duration, 3_599_400, "59 min 59 s"),
        (q.duration, 3_599_600, "1 h 00 min"),
        (q.duration, 3_720_000, "1 h 02 min"),
        (q.duration, -5, "−5.0 ms"),
        (q.seconds, 4.12, "4.12 s"),
        (q.memory, 143, "143 MB"),
        (q.memory, 10_240, "10,240 MB"),
        (q.size, 0, "0 B"),
        (q.size, 1023, "1023 B"),
        (q.size, 1024, "1.0 kB"),
        (q.size, 86_118, "84.1 kB"),
        (q.size, 102_390, "100 kB"),
        (q.size, 1023.7 * 1024, "1.0 MB"),
        (q.size, 2.3 * MIB, "2.3 MB"),
        (q.size, 143 * MIB, "143 MB"),
        (q.size, 2.1 * 1024 * MIB, "2.1 GB"),
        (q.size, 5000 * 1024 * 1024 * MIB, "5,000 TB"),
        (q.cost, 0, "$0"),
        (q.cost, 0.00044, "$0.00044"),
        (q.cost, 0.000000208, "$0.00000021"),
        (q.cost, 0.0996, "$0.10"),
        (q.cost, 0.994, "$0.99"),
        (q.cost, 0.996, "$1.00"),
        (q.cost, 1234.5, "$1,234.50"),
        (q.cost, -0.5, "−$0.50"),
        (q.count, 1204, "1,204"),
        (q.count, -1204, "−1,204"),
        (q.share, 0.021, "2.1 %"),
        (q.share, 0, "0 %"),
        (q.share, 1, "100 %"),
        (q.share, 0.0001, "< 0.1 %"),
        (q.share, 0.99999, "> 99.9 %"),
        (q.rate, 305, "305 /s"),
        (q.rate, 2.5, "2.5 /s"),
        (q.rate, 9.96, "10 /s"),
        (q.rate, 0, "0 /s"),
        (q.gb_seconds, 0.125, "0.125 GB-s"),
        (q.gb_seconds, 11.7, "11.7 GB-s"),
        (q.gb_seconds, 1204.2, "1,204 GB-s"),
    ],
)
def test_writes(write, value, text):
    assert write(value) == text


@pytest.mark.parametrize(
    "write", [q.duration, q.seconds, q.memory, q.size, q.cost, q.count, q.share, q.rate, q.gb_seconds, q.local_time, q.utc_time]
)
@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_not_known_is_a_dash(write, value):
    assert write(value) == "–"


def test_times():
    assert q.utc_time(1_795_608_271.402) == "2026-11-25 12:04:31.402 UTC"
    assert re.fullmatch(r"\d\d:\d\d:31\.402", q.local_time(1_795_608_271.402))


def test_nouns():
    assert q.plural(1, "invocation") == "1 invocation"
    assert q.plural(1204, "invocation") == "1,204 invocations"
    assert q.plural(0, "retry", "retries") == "0 retries"


@given(st.floats(min_value=1e-12, max_value=0.99))
def test_small_money_has_two_digits_that_count(usd):
    text = q.cost(usd)
    assert "e" not in text
    assert len(text.removeprefix("$0.").lstrip("0")) == 2
    assert float(text.removeprefix("$")) == pytest.approx(usd, rel=0.06)
