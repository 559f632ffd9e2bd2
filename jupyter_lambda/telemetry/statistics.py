"""CloudWatch's statistics over the values of a period.

Source: Amazon CloudWatch User Guide, "CloudWatch statistics definitions". Percentiles are those of `telemetry.percentiles` everywhere.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final

from jupyter_lambda.telemetry.percentiles import percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SIMPLE: Final[dict[str, Callable[[Sequence[float]], float]]] = {
    "SampleCount": lambda values: float(len(values)),
    "Average": lambda values: math.fsum(values) / len(values),
    "Sum": math.fsum,
    "Minimum": min,
    "Maximum": max,
}
_SHORT: Final = re.compile(r"(?P<kind>p|tm|wm|tc|ts)(?P<upper>\d{1,3}(?:\.\d{1,10})?)", re.IGNORECASE)
_RANGE: Final = re.compile(
    r"(?P<kind>TM|WM|TC|TS|PR)\((?P<low>\d+(?:\.\d+)?)?(?P<lower_percent>%)?:(?P<high>\d+(?:\.\d+)?)?(?P<upper_percent>%)?\)",
    re.IGNORECASE,
)


def statistic(name: str) -> Callable[[Sequence[float]], float] | None:
    """The function of a statistic, from sorted values to a number; None where there is none of this name."""
    if name in SIMPLE:
        return SIMPLE[name]
    if name.upper() == "IQM":
        return lambda values: _mean(_between(values, 25.0, 75.0))
    short = _SHORT.fullmatch(name)
    if short is not None:
        upper = float(short["upper"])
        if upper > 100:
            return None
        if short["kind"] == "p":
            return lambda values: percentile(values, upper) or 0.0
        return _trimmed(short["kind"].lower(), 0.0, upper, percents=True)
    found = _RANGE.fullmatch(name)
    if found is None or (found["low"] is None and found["high"] is None):
        return None
    percents = bool(found["lower_percent"] or found["upper_percent"])
    low = float(found["low"]) if found["low"] else 0.0 if percents else -math.inf
    high = float(found["high"]) if found["high"] else 100.0 if percents else math.inf
    if low > high or (percents and high > 100):
        return None
    return _trimmed(found["kind"].lower(), low, high, percents=percents)


def _trimmed(kind: str, low: float, high: float, *, percents: bool) -> Callable[[Sequence[float]], float] | None:
    def within(values: Sequence[float]) -> Sequence[float]:
        if percents:
            return _between(values, low, high)
        return values[bisect_left(values, low) : bisect_right(values, high)]

    match kind:
        case "tm":
            return lambda values: _mean(within(values))
        case "tc":
            return lambda values: float(len(within(values)))
        case "ts":
            return lambda values: math.fsum(within(values))
        case "pr" if not percents:
            return lambda values: len(within(values)) / len(values) * 100.0
        case "wm":
            return lambda values: _winsorized(values, within(values))
    return None


def _between(values: Sequence[float], low: float, high: float) -> Sequence[float]:
    """The values from one percentile to another."""
    count = len(values)
    return values[math.floor(count * low / 100.0) : max(1, math.ceil(count * high / 100.0))]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def _winsorized(values: Sequence[float], kept: Sequence[float]) -> float:
    """The mean with what is outside moved to the edge of what is inside."""
    return _mean([min(max(value, kept[0]), kept[-1]) for value in values]) if kept else 0.0
