"""What the metrics of CloudWatch are counted from: the part of an invocation's record that they look at, and points of their own."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from jupyter_lambda.model.invocation import Status


class CountedInvocation(msgspec.Struct, frozen=True, kw_only=True):
    """The members of `InvocationRecord` that metrics are counted from; their meaning is told there."""

    function_name: str
    version: str
    qualifier: str | None = None
    status: Status = Status.SUCCEEDED
    arrived: float = 0.0
    queued_ms: float = 0.0
    cold: bool = False
    start_ms: float = 0.0
    init_ms: float = 0.0
    duration_ms: float = 0.0
    reserved: bool = False
    provisioned: int = 0
    spilled: bool = False


class MetricPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a metric that no invocation's record shows: of an asynchronous event, a stream, a destination."""

    function_name: str
    metric: str  # AWS's name
    moment: float  # epoch seconds
    value: float = 1.0
    qualifier: str | None = None


class MetricFacts(NamedTuple):
    """What a span of time's metrics are counted from."""

    invocations: tuple[CountedInvocation, ...]
    points: tuple[MetricPoint, ...]
