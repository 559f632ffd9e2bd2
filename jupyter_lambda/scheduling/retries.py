"""What follows the end of an asynchronous invocation: done, again later, or given up.

Source: AWS Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation": function errors are tried
twice more, after one and after two minutes; throttles and system errors are returned to the queue with a back-off from 1 second to
5 minutes, for up to the maximum age.
"""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_lambda.model.invocation import Status

BACK_OFF_MIN_SECONDS = 1.0
BACK_OFF_MAX_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, how late and how long."""

    retries: int = 2
    base_seconds: float = 60.0
    maximum_age_seconds: float = 21_600.0
    nothing_may_run: bool = False  # the function's reserved concurrency is 0


@dataclass(frozen=True, slots=True)
class Done:
    """It succeeded, or was cancelled."""


@dataclass(frozen=True, slots=True)
class Again:
    """Try again at `due` (epoch seconds); `counts` says whether this attempt used up a retry."""

    due: float
    counts: bool


@dataclass(frozen=True, slots=True)
class GivenUp:
    """It goes to OnFailure; `condition` is AWS's word."""

    condition: str


Verdict = Done | Again | GivenUp


def after_attempt(policy: RetryPolicy, *, status: Status, attempts: int, throttles: int, accepted: float, now: float) -> Verdict:
    """Decide what follows an attempt.

    Args:
        policy: The function's.
        status: How the attempt ended.
        attempts: Invocations that really ran, this one included.
        throttles: Attempts in a row that never ran, this one included.
        accepted: When the event was accepted, epoch seconds.
        now: Epoch seconds.
    """
    if status in (Status.SUCCEEDED, Status.CANCELLED):
        return Done()
    if status is Status.THROTTLED and policy.nothing_may_run:
        return GivenUp("ZeroReservedConcurrency")
    if status in (Status.THROTTLED, Status.LOST):
        due = now + min(BACK_OFF_MAX_SECONDS, BACK_OFF_MIN_SECONDS * 2 ** max(0, throttles - 1))
        counts = False
    elif attempts > policy.retries:
        return GivenUp("RetriesExhausted")
    else:
        due = now + policy.base_seconds * attempts
        counts = True
    if due - accepted > policy.maximum_age_seconds:
        return GivenUp("EventAgeExceeded")
    return Again(due, counts)
