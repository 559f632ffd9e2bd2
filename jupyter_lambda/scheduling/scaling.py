"""How fast a function may get new execution environments: a bucket of permissions for each function, which refills steadily.

Source: AWS Lambda Developer Guide, "Lambda function scaling", concurrency scaling rate: 1,000 environments every 10 seconds for each
function, refilled continuously, and never more saved up than that.
"""

from __future__ import annotations

from typing import Final

import msgspec

from jupyter_lambda.scheduling.concurrency import Refusal

PERIOD_SECONDS: Final = 10.0


class Bucket(msgspec.Struct, frozen=True):
    """Permissions that are left, and when (clock reading) that was."""

    left: float
    since: float


def left(bucket: Bucket | None, rate: int, now: float) -> float:
    """How many environments may be made at this moment, fractions included.

    Args:
        bucket: None for a function that made none lately.
        rate: New environments per `PERIOD_SECONDS`.
        now: Clock reading.
    """
    if bucket is None:
        return float(rate)
    return min(float(rate), bucket.left + (now - bucket.since) * rate / PERIOD_SECONDS)


def take(bucket: Bucket | None, rate: int, now: float) -> Bucket:
    """One environment is made; a debt is never kept."""
    return Bucket(max(0.0, left(bucket, rate, now) - 1.0), now)


def seconds_until_one(bucket: Bucket | None, rate: int, now: float) -> float:
    """How long until the next environment may be made; 0 when it may be made now."""
    return max(0.0, 1.0 - left(bucket, rate, now)) * PERIOD_SECONDS / rate


def refusal(rate: int, *, reserved: bool) -> Refusal:
    """Why an invocation that needs a new environment is throttled."""
    return Refusal(
        "ReservedFunctionInvocationRateLimitExceeded" if reserved else "FunctionInvocationRateLimitExceeded",
        f"all its environments are busy, and it has got {rate:,} new ones in the last {PERIOD_SECONDS:g} seconds",
        "Try again in a moment, or start the engine with --set scaling_rate=N.",
    )
