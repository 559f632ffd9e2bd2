"""The metrics of the namespace AWS/Lambda: which there are, and their samples from invocations and points.

What counts as an invocation and as an error is `telemetry.outcome`'s, as everywhere. A sample stands at the full minute in which an
invocation arrived: Lambda's metrics have a resolution of one minute.

Source: AWS Lambda Developer Guide, "Types of metrics for Lambda functions" and "Viewing metrics": dimensions are none, FunctionName,
FunctionName and Resource, and for an alias these and ExecutedVersion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jupyter_lambda.model.invocation import Status
from jupyter_lambda.model.metrics import CountedInvocation
from jupyter_lambda.model.names import LATEST
from jupyter_lambda.telemetry.concurrency import Span, readings, span_of
from jupyter_lambda.telemetry.outcome import is_error, is_invocation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jupyter_lambda.model.metrics import MetricFacts, MetricPoint

NAMESPACE: Final = "AWS/Lambda"
LONGEST_SECONDS: Final = 1_000.0  # how long before a span something can have begun that runs in it
Sample = tuple[float, float]  # (epoch seconds of a full minute, value)
Dimensions = tuple[tuple[str, str], ...]  # (name, value), by name


@dataclass(frozen=True, slots=True)
class Situation:
    """What the present configuration says, for metrics of the account.

    Attributes:
        claimed: Concurrency that is reserved, or provisioned for functions without a reservation.
        running: When what runs now began: function, version, qualifier, and whether it counts against a reservation.
    """

    claimed: int = 0
    running: tuple[CountedInvocation, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        unit: CloudWatch's.
        value: Its value for an invocation, None where it has none; None: not counted from invocations.
        counts_spans: Which invocations it tells the concurrency of; None: it tells none.
        point: Whether it is counted from points.
        account_only: It has no dimensions.
    """

    unit: str = "Count"
    value: Callable[[CountedInvocation], float | None] | None = None
    counts_spans: Callable[[CountedInvocation], bool] | None = None
    point: bool = False
    account_only: bool = False


def _provisioned(invocation: CountedInvocation) -> bool:
    return is_invocation(invocation.status) and invocation.provisioned > 0 and not invocation.spilled


METRICS: Final[Mapping[str, Metric]] = {
    "Invocations": Metric(value=lambda i: 1.0 if is_invocation(i.status) else None),
    "Errors": Metric(value=lambda i: float(is_error(i.status)) if is_invocation(i.status) else None),
    "Throttles": Metric(value=lambda i: float(i.status is Status.THROTTLED)),
    "Duration": Metric("Milliseconds", value=lambda i: i.duration_ms if is_invocation(i.status) else None),
    "ConcurrentExecutions": Metric(counts_spans=lambda i: is_invocation(i.status)),
    "UnreservedConcurrentExecutions": Metric(
        counts_spans=lambda i: is_invocation(i.status) and not i.reserved, account_only=True
    ),
    "ClaimedAccountConcurrency": Metric(counts_spans=lambda i: is_invocation(i.status) and not i.reserved, account_only=True),
    "ProvisionedConcurrentExecutions": Metric(counts_spans=_provisioned),
    "ProvisionedConcurrencyUtilization": Metric("None", counts_spans=_provisioned),
    "ProvisionedConcurrencyInvocations": Metric(value=lambda i: 1.0 if _provisioned(i) else None),
    "ProvisionedConcurrencySpilloverInvocations": Metric(value=lambda i: 1.0 if i.spilled else None),
    "AsyncEventsReceived": Metric(point=True),
    "AsyncEventAge": Metric("Milliseconds", point=True),
    "AsyncEventsDropped": Metric(point=True),
    "DeadLetterErrors": Metric(point=True),
    "DestinationDeliveryFailures": Metric(point=True),
    "IteratorAge": Metric("Milliseconds", point=True),
    "RecursiveInvocationsDropped": Metric(point=True),
}


def samples(
    metric_name: str, dimensions: Dimensions, facts: MetricFacts, start: float, end: float, situation: Situation
) -> list[Sample]:
    """A metric's samples.

    Args:
        metric_name: A key of `METRICS`.
        dimensions: Exactly those of one series; another set of them has no samples.
        facts: Invocations and points from `LONGEST_SECONDS` before `start` on.
        start: A full minute, epoch seconds.
        end: Where the span ends; not included.
        situation: The present configuration.
    """
    metric = METRICS[metric_name]
    if metric.account_only and dimensions:
        return []
    if metric.point:
        points = (p for p in facts.points if p.metric == metric_name and start <= p.moment < end)
        return [(_minute(p.moment), p.value) for p in points if dimensions in ((), *_point_series(p))]
    invocations = [i for i in facts.invocations if dimensions in ((), *_series_of(i))]
    if metric.counts_spans is None:
        valued = ((i.arrived, metric.value(i)) for i in invocations if metric.value is not None and start <= i.arrived < end)
        return [(_minute(moment), value) for moment, value in valued if value is not None]
    return _concurrency(metric_name, metric.counts_spans, invocations, dimensions, (start, end), situation)


def _concurrency(
    metric_name: str, counts: Callable[[CountedInvocation], bool], ended: Sequence[CountedInvocation], dimensions: Dimensions,
    span: tuple[float, float], situation: Situation,
) -> list[Sample]:  # fmt: skip
    going = [i for i in situation.running if dimensions in ((), *_series_of(i)) and counts(i)]
    counted = [i for i in ended if counts(i)]
    spans = [*(span_of(i) for i in counted), *(Span(span_of(i).begin, float("inf")) for i in going)]
    told = [(_minute(moment), float(running)) for moment, running in readings(spans, *span)]
    if metric_name == "ClaimedAccountConcurrency":
        return [(moment, value + situation.claimed) for moment, value in told]
    if metric_name == "ProvisionedConcurrencyUtilization":
        available = {_minute(i.arrived): i.provisioned for i in (*counted, *going)}
        latest = max((i.provisioned for i in (*counted, *going)), default=1)
        return [(moment, value / available.get(moment, latest)) for moment, value in told]
    return told


def series(facts: MetricFacts) -> Iterator[tuple[str, Dimensions]]:
    """Every series that has samples among these facts, by name and dimensions."""
    found: set[tuple[str, Dimensions]] = set()
    kinds = {
        (i.function_name, i.version, i.qualifier, is_invocation(i.status), i.provisioned > 0, i.spilled, i.reserved): i
        for i in facts.invocations
    }
    for example in kinds.values():
        names = [
            name for name, metric in METRICS.items()
            if (metric.value is not None and metric.value(example) is not None)
            or (metric.counts_spans is not None and metric.counts_spans(example))
        ]  # fmt: skip
        for name in names:
            found.update((name, d) for d in ((),) if METRICS[name].account_only)
            found.update((name, d) for d in ((), *_series_of(example)) if not METRICS[name].account_only)
    for point in facts.points:
        found.update((point.metric, d) for d in ((), *_point_series(point)) if point.metric in METRICS)
    yield from sorted(found)


def _series_of(invocation: CountedInvocation) -> tuple[Dimensions, ...]:
    """The dimensions under which an invocation is counted, besides none."""
    name, qualifier = invocation.function_name, invocation.qualifier
    resource = name if qualifier in (None, LATEST) else f"{name}:{qualifier}"
    of_function, of_resource = ("FunctionName", name), ("Resource", resource)
    told: tuple[Dimensions, ...] = ((of_function,), (of_function, of_resource))
    if qualifier is None or qualifier == LATEST or qualifier.isdigit():
        return told
    return (*told, (("ExecutedVersion", invocation.version), of_function, of_resource))


def _point_series(point: MetricPoint) -> tuple[Dimensions, ...]:
    name = point.function_name
    resource = name if point.qualifier in (None, LATEST) else f"{name}:{point.qualifier}"
    return (("FunctionName", name),), (("FunctionName", name), ("Resource", resource))


def _minute(moment: float) -> float:
    return moment - moment % 60.0
