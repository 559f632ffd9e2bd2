"""How fast a function gets new environments (scheduling/scaling.py)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lambda.scheduling.placement import Idle, Pool, needs_start
from jupyter_lambda.scheduling.scaling import PERIOD_SECONDS, Bucket, left, refusal, seconds_until_one, take


@pytest.mark.parametrize(
    ("bucket", "now", "expected"),
    [
        (None, 0.0, 1_000.0),
        (Bucket(0.0, 5.0), 5.0, 0.0),
        (Bucket(0.0, 5.0), 6.0, 100.0),  # it refills steadily, not every ten seconds at once
        (Bucket(0.0, 5.0), 15.0, 1_000.0),
        (Bucket(0.0, 5.0), 500.0, 1_000.0),  # and saves nothing up
    ],
)
def test_what_is_left(bucket: Bucket | None, now: float, expected: float) -> None:
    assert left(bucket, 1_000, now) == pytest.approx(expected)


def test_a_burst_takes_all_and_then_waits_for_the_next_one() -> None:
    bucket = None
    for _ in range(4):
        assert seconds_until_one(bucket, 4, 7.0) == 0
        bucket = take(bucket, 4, 7.0)
    assert seconds_until_one(bucket, 4, 7.0) == pytest.approx(2.5)
    assert seconds_until_one(bucket, 4, 9.5) == pytest.approx(0)
    assert take(bucket, 4, 7.0) == bucket  # a debt is not kept


@given(st.integers(1, 50), st.lists(st.floats(0, 3), max_size=200))
def test_no_stretch_has_more_than_a_full_bucket_and_its_refill(rate: int, pauses: list[float]) -> None:
    now, bucket, made = 0.0, None, list[float]()
    for pause in pauses:
        now += pause
        if left(bucket, rate, now) >= 1:
            bucket = take(bucket, rate, now)
            made.append(now)
    for first in range(len(made)):
        for last in range(first, len(made)):
            assert last - first + 1 <= rate + (made[last] - made[first]) * rate / PERIOD_SECONDS + 1e-6


@pytest.mark.parametrize(
    ("pool", "needed"),
    [
        (Pool(), True),
        (Pool(idle=(Idle("e", 0.0),)), False),
        (Pool(starting=1), False),
        (Pool(starting=1, waiting=("i",)), True),
        (Pool(finishing=("e",)), False),
        (Pool(busy={"e": "i"}), True),
    ],
)
def test_who_needs_a_new_environment(pool: Pool, needed: bool) -> None:
    assert needs_start(pool) is needed


def test_the_reason_names_the_functions_rate() -> None:
    assert refusal(1_000, reserved=False).reason == "FunctionInvocationRateLimitExceeded"
    assert refusal(1_000, reserved=True).reason == "ReservedFunctionInvocationRateLimitExceeded"
