"""What is billed, in whole milliseconds.

Source: AWS Lambda pricing: duration is rounded up to 1 ms; since 2025-08-01 the init phase is billed with it, for every on-demand
function.
"""

from __future__ import annotations


def billed_ms(duration_ms: float, init_ms: float = 0.0) -> int:
    """`Billed Duration`: duration and init together, rounded up once.

    Both are taken to the hundredth of a millisecond first, as the REPORT line prints them, so that the line adds up.
    """
    hundredths = round(duration_ms * 100) + round(init_ms * 100)
    return -(-hundredths // 100)
