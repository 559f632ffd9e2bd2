"""What the figures mean: which records count as invocations, which as errors, and the sums over them.

`summarise` is the definition, over records in memory; the SQLite store counts the same in SQL, and the store's contract suite holds
the two to each other.

Source: AWS Lambda Developer Guide, "Types of metrics": Duration is without init.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from jupyter_lambda.model.engine_api import Metrics
from jupyter_lambda.model.invocation import InvocationRecord, Status
from jupyter_lambda.telemetry.outcome import is_error, is_invocation
from jupyter_lambda.telemetry.percentiles import percentile
from jupyter_lambda.telemetry.prices import cost_usd, gb_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable


def summarise(function_name: str, records: Iterable[InvocationRecord], *, since: float = 0.0) -> Metrics:
    """A function's figures over its records from `since` (epoch seconds) on."""
    mine = [r for r in records if r.function_name == function_name and r.arrived >= since]
    counted = [r for r in mine if is_invocation(r.status)]
    durations = [r.duration_ms for r in counted]
    used_gb_seconds = gb_seconds(sum(r.billed_ms * r.memory_mib for r in counted), 1)
    return Metrics(
        function_name=function_name,
        since=since,
        invocations=len(counted),
        errors=sum(is_error(r.status) for r in counted),
        throttles=sum(r.status is Status.THROTTLED for r in mine),
        cold_starts=sum(r.cold for r in counted),
        duration_p50_ms=percentile(durations, 50),
        duration_p99_ms=percentile(durations, 99),
        duration_max_ms=max(durations, default=None),
        init_p50_ms=percentile((r.init_ms for r in counted if r.cold), 50),
        billed_ms=sum(r.billed_ms for r in counted),
        gb_seconds=used_gb_seconds,
        cost_usd=cost_usd(len(counted), used_gb_seconds),
        max_memory_mib=max((r.max_memory_mib for r in counted), default=0),
        versions=dict(Counter(r.version for r in counted)),
    )
