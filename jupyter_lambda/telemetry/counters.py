"""What was counted since the engine's start: one tally for each function, as Prometheus wants counters.

Counting stands on the way of every invocation: it is a few additions, and whoever reads makes the rest of it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Final

from jupyter_lambda.telemetry.outcome import is_error, is_invocation
from jupyter_lambda.telemetry.prices import gb_seconds

if TYPE_CHECKING:
    from collections.abc import Container

    from jupyter_lambda.model.invocation import InvocationRecord, Status

BOUNDS_MS: Final = (
    0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0, 30_000.0, 60_000.0, 300_000.0,
    900_000.0,
)  # fmt: skip


class Histogram:
    """How many values lie below which bound, and their sum."""

    __slots__ = ("counts", "total_ms")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_MS) + 1)
        self.total_ms = 0.0

    def add(self, milliseconds: float) -> None:
        """Count a value."""
        self.counts[bisect_left(BOUNDS_MS, milliseconds)] += 1
        self.total_ms += milliseconds

    def buckets(self) -> list[tuple[str, float]]:
        """Bounds in seconds with the values up to each, as Prometheus has them."""
        told, below = [], 0
        for bound, count in zip((*BOUNDS_MS, None), self.counts, strict=True):
            below += count
            told.append(("+Inf" if bound is None else f"{bound / 1000:g}", float(below)))
        return told


class Tally:
    """A function's counters."""

    __slots__ = (
        "billed_mib_ms",
        "billed_ms",
        "cold_starts",
        "duration",
        "errors",
        "init",
        "most_memory_mib",
        "outcomes",
        "throttles",
    )

    def __init__(self) -> None:
        self.outcomes: Counter[tuple[str, Status]] = Counter()  # by version and status, throttles not among them
        self.errors = 0
        self.throttles = 0
        self.cold_starts = 0
        self.billed_ms = 0
        self.billed_mib_ms = 0
        self.most_memory_mib = 0
        self.duration = Histogram()
        self.init = Histogram()

    @property
    def gb_seconds(self) -> float:
        """Billed memory times time."""
        return gb_seconds(self.billed_mib_ms, 1)


class Counters:
    """The tallies of all functions."""

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}

    def count(self, record: InvocationRecord) -> None:
        """Count how an invocation ended."""
        tally = self._tallies.get(record.function_name)
        if tally is None:
            tally = self._tallies[record.function_name] = Tally()
        status = record.status
        if not is_invocation(status):
            tally.throttles += 1
            return
        tally.outcomes[record.version, status] += 1
        tally.errors += is_error(status)
        tally.duration.add(record.duration_ms)
        if record.cold:
            tally.cold_starts += 1
            tally.init.add(record.init_ms)
        tally.billed_ms += record.billed_ms
        tally.billed_mib_ms += record.billed_ms * record.memory_mib
        tally.most_memory_mib = max(tally.most_memory_mib, record.max_memory_mib)

    def of(self, functions: Container[str]) -> dict[str, Tally]:
        """The tallies of the functions that there are; others are forgotten."""
        self._tallies = {name: tally for name, tally in self._tallies.items() if name in functions}
        return self._tallies
