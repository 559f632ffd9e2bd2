"""Samples and what is told of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Row:
    """One subject's samples of one measure, in milliseconds unless it says otherwise."""

    measure: str
    subject: str
    samples_ms: tuple[float, ...]
    aim_ms: float | None = None
    note: str = ""
    unit: str = "ms"

    def percentile(self, percent: int) -> float:
        """By nearest rank: with fewer than a hundred samples the 99th is the longest."""
        ordered = sorted(self.samples_ms)
        return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]

    def as_json(self) -> dict[str, object]:
        return {
            "measure": self.measure,
            "subject": self.subject,
            "samples": len(self.samples_ms),
            "p50_ms": round(self.percentile(50), 4),
            "p99_ms": round(self.percentile(99), 4),
            "aim_ms": self.aim_ms,
            "note": self.note,
            **({"unit": self.unit} if self.unit != "ms" else {}),
        }


def timed(call: Callable[[], object]) -> float:
    """How long a call takes, in milliseconds."""
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) * 1_000


def repeat(call: Callable[[], object], samples: int, warm_up: int = 0) -> tuple[float, ...]:
    """Times of so many calls, after some that are not counted."""
    for _ in range(warm_up):
        call()
    return tuple(timed(call) for _ in range(samples))
