"""Billing, prices, percentiles and the sums over records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lambda.model.invocation import InvocationRecord, Status
from jupyter_lambda.telemetry.billing import billed_ms
from jupyter_lambda.telemetry.metrics import summarise
from jupyter_lambda.telemetry.percentiles import percentile, rank
from jupyter_lambda.telemetry.prices import ARM64, X86_64, cost_usd, gb_seconds, invocation_cost_usd


@pytest.mark.parametrize(
    ("duration", "init", "billed"),
    [
        (12.34, 0.0, 13),
        (12.0, 0.0, 12),
        (0.0, 0.0, 0),
        (0.01, 0.0, 1),
        (12.34, 101.20, 114),  # init is billed since August 2025
        (1.1, 1.9, 3),  # 3.0000000000000004 in binary
        (2.999, 0.0, 3),
        (3.001, 0.0, 3),  # printed as 3.00 ms
        (3000.0, 0.0, 3000),
    ],
)
def test_billed_duration(duration, init, billed):
    assert billed_ms(duration, init) == billed


def test_gb_seconds():
    assert gb_seconds(1000, 1024) == 1.0
    assert gb_seconds(100, 128) == 0.0125


def test_cost():
    # AWS's own example: 3 million requests of 120 ms with 1,536 MB, before the free tier
    assert cost_usd(3_000_000, gb_seconds(3_000_000 * 120, 1536)) == pytest.approx(9.00 + 0.60, abs=0.01)
    assert cost_usd(1_000_000, 0) == pytest.approx(0.20)
    assert cost_usd(0, 1, prices=ARM64) == 0.0000133334
    assert cost_usd(0, 1, prices=X86_64) == 0.0000166667
    assert cost_usd(0, 0, storage_gb_seconds=2) == pytest.approx(2 * 0.0000000309)


def record(**members):
    settings = {"request_id": "r", "function_name": "f", "version": "1", "arrived": 1.0, "billed_ms": 1000, "memory_mib": 1024}
    return InvocationRecord(**{**settings, **members})


def test_cost_of_an_invocation():
    assert invocation_cost_usd(record()) == pytest.approx(0.0000166667 + 0.0000002)
    assert invocation_cost_usd(record(), ephemeral_mib=1536) == pytest.approx(0.0000166667 + 0.0000002 + 0.0000000309)
    assert invocation_cost_usd(record(status=Status.THROTTLED)) == 0.0
    assert invocation_cost_usd(record(status=Status.TIMED_OUT)) > 0.0


@pytest.mark.parametrize(
    ("values", "percent", "found"),
    [
        ([], 50, None),
        ([7.0], 50, 7.0),
        ([7.0], 99, 7.0),
        ([2, 1], 50, 1),
        ([3, 1, 2], 50, 2),
        (range(1, 101), 99, 99),
        (range(1, 201), 99, 198),
    ],
)
def test_percentiles(values, percent, found):
    assert percentile(values, percent) == found


@given(st.lists(st.floats(0, 1e9), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_enough_others_do_not_exceed(values, percent):
    found = percentile(values, percent)
    enough = percent / 100 * len(values)
    assert sum(value <= found for value in values) >= enough - 1e-9
    assert sum(value < found for value in values) < enough
    assert 0 <= rank(len(values), percent) < len(values)


def test_sums_over_records():
    records = [
        record(duration_ms=10.0, cold=True, init_ms=100.0, max_memory_mib=40),
        record(duration_ms=20.0, status=Status.FAILED, version="2", max_memory_mib=60),
        record(duration_ms=30.0, status=Status.CANCELLED),
        record(duration_ms=40.0, status=Status.LOST),
        record(status=Status.THROTTLED),
        record(arrived=0.5),
        record(function_name="other"),
    ]

    found = summarise("f", records, since=1.0)

    assert (found.invocations, found.errors, found.throttles, found.cold_starts) == (4, 2, 1, 1)
    assert (found.duration_p50_ms, found.duration_p99_ms, found.duration_max_ms, found.init_p50_ms) == (20.0, 40.0, 40.0, 100.0)
    assert (found.billed_ms, found.gb_seconds, found.max_memory_mib) == (4000, 4.0, 60)
    assert found.cost_usd == pytest.approx(4 * 0.0000166667 + 4 * 0.0000002)
    assert found.versions == {"1": 3, "2": 1}


def test_nothing_is_unknown_rather_than_zero():
    found = summarise("f", [])
    assert (found.invocations, found.duration_p50_ms, found.duration_max_ms, found.init_p50_ms) == (0, None, None, None)
