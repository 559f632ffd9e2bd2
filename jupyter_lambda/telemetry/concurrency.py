"""How many invocations ran at once: a reading at each beginning, and one at each full minute while any ran."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_lambda.model.metrics import CountedInvocation


class Span(NamedTuple):
    """When something ran; epoch seconds."""

    begin: float
    end: float


class Reading(NamedTuple):
    """How many ran at a moment."""

    moment: float
    running: int


def span_of(invocation: CountedInvocation) -> Span:
    """When an invocation took up concurrency: from the start of its environment, where it waited for one, to its end."""
    began = invocation.arrived + invocation.queued_ms / 1000.0
    waited = (invocation.start_ms + invocation.init_ms) / 1000.0 if invocation.cold else 0.0
    return Span(max(invocation.arrived, began - waited), began + invocation.duration_ms / 1000.0)


def readings(spans: Iterable[Span], start: float, end: float) -> list[Reading]:
    """Readings from `start` to before `end`, in order."""
    told: list[Reading] = []
    running: list[float] = []  # a heap of ends
    minute = start - start % 60.0
    for span in sorted(spans):
        minute = _minutes(told, running, minute, min(span.begin, end), start)
        while running and running[0] <= span.begin:
            heapq.heappop(running)
        heapq.heappush(running, span.end)
        if start <= span.begin < end:
            told.append(Reading(span.begin, len(running)))
    _minutes(told, running, minute, end, start)
    return told


def _minutes(told: list[Reading], running: list[float], minute: float, until: float, start: float) -> float:
    """Read at each full minute before `until` while anything runs; returns the next one."""
    while running and minute < until:
        while running and running[0] <= minute:
            heapq.heappop(running)
        if running and minute >= start:
            told.append(Reading(minute, len(running)))
        minute += 60.0
    return max(minute, until - until % 60.0 + (60.0 if until % 60.0 else 0.0))
