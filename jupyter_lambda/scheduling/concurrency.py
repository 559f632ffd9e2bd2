"""Whether one more invocation may run now: account, reserved and unreserved concurrency.

Source: AWS Lambda Developer Guide, "Lambda function scaling". Reserved concurrency is both a function's guarantee and its limit;
functions without one share what the reservations leave over.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an invocation is throttled; `reason` is AWS's word."""

    reason: str
    what: str
    suggestion: str


def admit(
    *, account_limit: int, reserved_total: int, reserved: int | None, running: int, unreserved_running: int
) -> Refusal | None:
    """Return why an invocation can't run now, None when it can.

    Args:
        account_limit: Concurrent invocations of all functions together.
        reserved_total: The sum of all functions' reserved concurrency.
        reserved: This function's, None without.
        running: This function's invocations in flight.
        unreserved_running: Invocations in flight of all functions without reserved concurrency.
    """
    if reserved is not None:
        if running < reserved:
            return None
        return Refusal(
            "ReservedFunctionConcurrentInvocationLimitExceeded",
            "its reserved concurrency is 0, so nothing runs"
            if reserved == 0
            else f"its reserved concurrency of {reserved} is in use",
            "Raise it with --reserved, or try again when a call has ended.",
        )
    if unreserved_running < account_limit - reserved_total:
        return None
    return Refusal(
        "ConcurrentInvocationLimitExceeded",
        f"all {account_limit - reserved_total} concurrent invocations are in use",
        "Try again when one has ended, or start the engine with --set concurrency=N.",
    )
