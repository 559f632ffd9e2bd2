"""Percentiles by nearest rank: always a value that was measured, never one between two."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def rank(count: int, percent: float) -> int:
    """Where the percentile stands among `count` (at least one) sorted values, from 0: the ⌈percent/100 · count⌉-th of them."""
    return max(0, math.ceil(Fraction(str(percent)) * count / 100) - 1)  # exact: 99.9 % of 1,000 is 999


def percentile(values: Iterable[float], percent: float) -> float | None:
    """The smallest value that at least `percent` % of the values don't exceed; None without values."""
    ordered = sorted(values)
    return ordered[rank(len(ordered), percent)] if ordered else None
