"""How many booted sandboxes to keep waiting: a forecast from when the last ones were asked for.

A sandbox takes `boot_seconds` to boot, so whoever asks during a boot must find one that was booted before: what is kept ready is what
has been asked for within one such stretch at most. The memory of a burst fades: it halves every minute, and after five minutes without
anybody asking nothing is kept. A stretch is at least a second, because people come in groups (a cell that maps over events).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

HORIZON_SECONDS: Final = 300.0
HALF_LIFE_SECONDS: Final = 60.0
STRETCH_SECONDS_MIN: Final = 1.0


def wanted_ready(asked: Sequence[float], now: float, boot_seconds: float, ceiling: int) -> int:
    """How many booted sandboxes should wait now.

    Args:
        asked: When one was asked for, in seconds, oldest first.
        now: The same clock.
        boot_seconds: How long a boot takes.
        ceiling: What memory allows.

    Returns:
        A number from 0 to `ceiling`: 0 when nobody asked within the horizon, else at least 1.
    """
    recent = [when for when in asked if now - when <= HORIZON_SECONDS]
    if not recent or ceiling <= 0:
        return 0
    stretch = max(STRETCH_SECONDS_MIN, boot_seconds)
    faded = max(count * math.pow(0.5, (now - end) / HALF_LIFE_SECONDS) for end, count in _groups(recent, stretch))
    return max(1, min(ceiling, math.ceil(faded - 1e-9)))


def _groups(asked: Sequence[float], stretch: float) -> list[tuple[float, int]]:
    """For each request, its time and how many came within the stretch that ends with it."""
    found = []
    first = 0
    for last, when in enumerate(asked):
        while when - asked[first] > stretch:
            first += 1
        found.append((when, last - first + 1))
    return found
