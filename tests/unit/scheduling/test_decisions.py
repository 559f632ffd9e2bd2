"""Concurrency, budget, routing, retries: tables of (state, event) → decision, and properties over many draws."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lambda.model.function import Alias
from jupyter_lambda.model.invocation import Status
from jupyter_lambda.scheduling.budget import Fit, Holding, Wait, fit
from jupyter_lambda.scheduling.concurrency import admit
from jupyter_lambda.scheduling.retries import Again, Done, GivenUp, RetryPolicy, after_attempt
from jupyter_lambda.scheduling.routing import route


@pytest.mark.parametrize(
    ("reserved", "running", "unreserved_running", "reason"),
    [
        (None, 0, 0, None),
        (None, 5, 6, None),
        (None, 7, 7, "ConcurrentInvocationLimitExceeded"),  # 10 − 3 reserved for others
        (2, 1, 7, None),  # a reservation is a guarantee
        (2, 2, 0, "ReservedFunctionConcurrentInvocationLimitExceeded"),
        (0, 0, 0, "ReservedFunctionConcurrentInvocationLimitExceeded"),
    ],
)
def test_admission(reserved: int | None, running: int, unreserved_running: int, reason: str | None) -> None:
    refusal = admit(account_limit=10, reserved_total=3, reserved=reserved, running=running, unreserved_running=unreserved_running)

    assert (refusal.reason if refusal else None) == reason


IDLE = (Holding("old", 100, 1.0), Holding("new", 100, 2.0))


@pytest.mark.parametrize(
    ("used", "need", "decision"),
    [
        (0, 500, Fit()),
        (500, 500, Fit()),
        (600, 500, Fit(("old",))),
        (700, 500, Fit(("old", "new"))),
        (800, 500, Wait(100)),
        (0, 5_000, Fit()),  # larger than the budget: runs alone
        (200, 5_000, Fit(("old", "new"))),
        (300, 5_000, Wait(100)),
    ],
)
def test_budget(used: int, need: int, decision: Fit | Wait) -> None:
    assert fit(1_000, used, need, reversed(IDLE)) == decision


@given(st.integers(0, 2_000), st.integers(1, 2_000), st.lists(st.integers(1, 300), max_size=8))
def test_what_fits_stays_below_the_budget(used: int, need: int, held: list[int]) -> None:
    idle = [Holding(str(i), mib, float(i)) for i, mib in enumerate(held)]
    used = max(used, sum(held))

    decision = fit(1_000, used, need, idle)

    if isinstance(decision, Fit):
        freed = sum(held[int(name)] for name in decision.reclaim)
        assert used - freed + min(need, 1_000) <= 1_000


def test_weights_hold_over_many_draws() -> None:
    alias = Alias(function_name="f", name="prod", version="3", additional_version="4", additional_weight=0.1)
    draw = random.Random(7)

    fourth = sum(route(alias, draw.random()) == "4" for _ in range(20_000))

    assert 0.09 < fourth / 20_000 < 0.11


@pytest.mark.parametrize(("weight", "version"), [(0.0, "3"), (1.0, "4")])
def test_a_whole_weight_is_whole(weight: float, version: str) -> None:
    alias = Alias(function_name="f", name="prod", version="3", additional_version="4", additional_weight=weight)

    assert {route(alias, d) for d in (0.0, 0.5, 0.999999)} == {version}


POLICY = RetryPolicy(retries=2, base_seconds=60.0, maximum_age_seconds=1_000.0)


@pytest.mark.parametrize(
    ("status", "attempts", "throttles", "accepted", "verdict"),
    [
        (Status.SUCCEEDED, 1, 0, 0.0, Done()),
        (Status.CANCELLED, 1, 0, 0.0, Done()),
        (Status.FAILED, 1, 0, 500.0, Again(560.0, counts=True)),
        (Status.TIMED_OUT, 2, 0, 500.0, Again(620.0, counts=True)),
        (Status.FAILED, 3, 0, 500.0, GivenUp("RetriesExhausted")),
        (Status.THROTTLED, 0, 1, 500.0, Again(501.0, counts=False)),
        (Status.THROTTLED, 0, 4, 500.0, Again(508.0, counts=False)),
        (Status.LOST, 0, 20, 400.0, Again(800.0, counts=False)),  # never later than five minutes
        (Status.FAILED, 1, 0, -450.0, GivenUp("EventAgeExceeded")),
    ],
)
def test_what_follows_an_attempt(
    status: Status, attempts: int, throttles: int, accepted: float, verdict: Done | Again | GivenUp
) -> None:
    assert after_attempt(POLICY, status=status, attempts=attempts, throttles=throttles, accepted=accepted, now=500.0) == verdict
