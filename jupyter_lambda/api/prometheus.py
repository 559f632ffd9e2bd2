"""`/metrics`: the engine's counters, histograms and gauges in Prometheus' text format, or OpenMetrics where a scraper asks for it.

Counters begin anew with the engine, as Prometheus expects of a process; what lasts is in the engine API and in CloudWatch's.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from jupyter_lambda.engine.engine import Engine
    from jupyter_lambda.model.engine_api import EngineStatus
    from jupyter_lambda.telemetry.counters import Tally

_PREFIX = "jupyter_lambda_"
_MIB = 1_048_576


def exposition(engine: Engine, status: EngineStatus, accept: str) -> tuple[bytes, str]:
    """The page, and its content type, for what a scraper accepts."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Engine(engine, status))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Engine(Collector):
    """Reads an engine."""

    def __init__(self, engine: Engine, status: EngineStatus) -> None:
        self._engine = engine
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        names = {entry.function.name for entry in self._engine.catalog.entries()}
        tallies = dict(sorted(self._engine.counters.of(names).items()))
        yield from _of_functions(tallies)
        yield from self._now(names)
        yield from self._of_engine()

    def _now(self, names: set[str]) -> Iterator[Metric]:
        running = Counter(invocation.function_name for invocation in self._engine.dispatcher.counted())
        gauge = _gauge("running_invocations", "Invocations that run, or wait for an environment that starts.", ["function"])
        for name in sorted(names):
            gauge.add_metric([name], running[name])
        yield gauge
        environments = Counter((v.function_name, v.state.value) for v in self._engine.dispatcher.views() if v.ended is None)
        gauge = _gauge("environments", "Execution environments by their state.", ["function", "state"])
        for (name, state), count in sorted(environments.items()):
            gauge.add_metric([name, state], count)
        yield gauge

    def _of_engine(self) -> Iterator[Metric]:
        engine, ledger = self._engine, self._engine.dispatcher.ledger
        told = {"version": self._status.version, "sandbox": self._status.sandbox, "region": engine.settings.region}
        yield InfoMetricFamily(f"{_PREFIX}engine", "The engine.", value=told)
        for name, text, value in (
            ("engine_start_time_seconds", "When the engine started, in seconds since 1970.", engine.started),
            ("functions", "Functions.", len(list(engine.catalog.entries()))),
            ("queued_events", "Asynchronous events that were accepted and have not ended.", len(engine.queue)),
            (
                "pending_deliveries",
                "Messages for destinations and dead-letter targets that nobody has yet.",
                len(engine.deliveries),
            ),
            ("concurrency_limit", "Invocations that may run at once.", engine.settings.concurrency),
            ("memory_budget_bytes", "Memory that all environments may hold.", ledger.budget_mib * _MIB),
            ("memory_charged_bytes", "Memory that is charged to environments.", ledger.used_mib * _MIB),
        ):
            yield GaugeMetricFamily(_PREFIX + name, text, value=value)


def _of_functions(tallies: dict[str, Tally]) -> Iterator[Metric]:
    invocations = CounterMetricFamily(
        f"{_PREFIX}invocations", "Invocations that ended; throttles are not among them.", labels=["function", "version", "status"]
    )
    for name, tally in tallies.items():
        for (version, status), count in sorted(tally.outcomes.items()):
            invocations.add_metric([name, version, status.value], count)
    yield invocations
    yield _counter("errors", "Invocations that failed.", {n: t.errors for n, t in tallies.items()})
    yield _counter(
        "throttles",
        "Invocations that were refused for want of concurrency or memory.",
        {n: t.throttles for n, t in tallies.items()},
    )
    yield _counter(
        "cold_starts", "Invocations that waited for a new environment.", {n: t.cold_starts for n, t in tallies.items()}
    )
    yield _counter("billed_seconds", "Billed duration.", {n: t.billed_ms / 1000.0 for n, t in tallies.items()})
    yield _counter("gb_seconds", "Billed memory times time.", {n: t.gb_seconds for n, t in tallies.items()})
    for metric, text, part in (
        ("invocation_duration_seconds", "Duration, without init.", "duration"),
        ("init_duration_seconds", "Duration of init on cold starts.", "init"),
    ):
        family = HistogramMetricFamily(_PREFIX + metric, text, labels=["function"])
        for name, tally in tallies.items():
            histogram: Any = getattr(tally, part)
            family.add_metric([name], histogram.buckets(), histogram.total_ms / 1000.0)
        yield family
    gauge = _gauge("max_memory_used_bytes", "The most memory that an environment held since the engine started.", ["function"])
    for name, tally in tallies.items():
        gauge.add_metric([name], tally.most_memory_mib * _MIB)
    yield gauge


def _counter(name: str, text: str, values: dict[str, float]) -> Metric:
    family = CounterMetricFamily(_PREFIX + name, text, labels=["function"])
    for function, value in values.items():
        family.add_metric([function], value)
    return family


def _gauge(name: str, text: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(_PREFIX + name, text, labels=labels)
