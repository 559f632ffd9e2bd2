"""Samples of a metric over a span of time, in periods, from the store and from what runs now.

Source: Amazon CloudWatch API Reference, GetMetricStatistics and GetMetricData: how times are rounded, which periods there are.
"""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jupyter_lambda.errors import RequestError
from jupyter_lambda.telemetry.metric_series import LONGEST_SECONDS, METRICS, NAMESPACE, Situation, samples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lambda.engine.engine import Engine
    from jupyter_lambda.telemetry.metric_series import Dimensions

SUB_MINUTE: Final = (1, 5, 10, 20, 30)
_EARLIEST: Final = 0.0
_LATEST: Final = 253_402_300_799.0  # the year 9999
_DAY: Final = 86_400.0


class Span(NamedTuple):
    """From when to when, in epoch seconds, and in periods of how many."""

    start: float
    end: float
    period: int

    @property
    def periods(self) -> int:
        """How many periods there are in it."""
        return math.ceil((self.end - self.start) / self.period)


def span_of(engine: Engine, start: float, end: float, period: int) -> Span:
    """The span that two times and a period mean (RequestError)."""
    if not (_EARLIEST <= start <= _LATEST and _EARLIEST <= end <= _LATEST):
        raise refused("The parameters StartTime and EndTime must be moments between 1970 and 9999.")
    if start >= end:
        raise refused("The parameter StartTime must be less than the parameter EndTime.")
    if period not in SUB_MINUTE and period % 60:
        raise refused("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
    age = engine.clock.epoch() - start
    coarse = 60.0 if age < 15 * _DAY else 300.0 if age < 63 * _DAY else 3_600.0
    return Span(start - start % coarse, end, period)


def dimensions_of(given: Sequence[Mapping[str, str]]) -> Dimensions:
    """Dimensions in the order in which series have them."""
    return tuple(sorted((one["Name"], one["Value"]) for one in given))


async def values_by_period(
    engine: Engine, namespace: str, metric: str, dimensions: Dimensions, span: Span, unit: str | None
) -> dict[datetime, list[float]]:
    """A metric's values in each period that has some, sorted; by the period's beginning."""
    known = METRICS.get(metric)
    if namespace != NAMESPACE or known is None or unit not in (None, known.unit):
        return {}
    end = min(span.end, engine.clock.epoch() + 60.0)
    whole = math.ceil(end / 60.0) * 60.0  # a minute that began within the span counts as a whole
    if span.start >= whole:
        return {}
    function_name = dict(dimensions).get("FunctionName")
    facts = await engine.store.metric_facts(function_name, span.start - LONGEST_SECONDS, whole)
    return await asyncio.to_thread(
        _in_periods, metric, dimensions, facts, Span(span.start, whole, span.period), situation(engine)
    )


def situation(engine: Engine) -> Situation:
    """What the present configuration says."""
    provisioned = sum(
        kept.count
        for entry in engine.catalog.entries()
        if entry.function.reserved_concurrency is None
        for kept in entry.function.settings.provisioned.values()
    )
    return Situation(engine.catalog.reserved_total + provisioned, engine.dispatcher.counted())


def _in_periods(metric: str, dimensions: Dimensions, facts: Any, span: Span, now: Situation) -> dict[datetime, list[float]]:
    periods: dict[float, list[float]] = {}
    for moment, value in samples(metric, dimensions, facts, span.start, span.end, now):
        periods.setdefault(moment - (moment - span.start) % span.period, []).append(value)
    return {datetime.fromtimestamp(begin, UTC): sorted(periods[begin]) for begin in sorted(periods)}


def refused(message: str) -> RequestError:
    """The error for a value that AWS would not take."""
    return RequestError("request", message.rstrip("."), "", aws_message=message)
