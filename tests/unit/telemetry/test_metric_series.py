"""Metrics have the samples that invocations make, their statistics are CloudWatch's, and `summarise` counts the same.

metric_series.py, concurrency.py, statistics.py, metrics.py. Source: AWS Lambda Developer Guide, "Types of metrics for Lambda functions".
"""

from __future__ import annotations

import random
import statistics as standard

import msgspec
import pytest

from jupyter_lambda.model.invocation import InvocationRecord, Status
from jupyter_lambda.model.metrics import CountedInvocation, MetricFacts, MetricPoint
from jupyter_lambda.telemetry.concurrency import Reading, Span, readings, span_of
from jupyter_lambda.telemetry.metric_series import METRICS, Situation, samples, series
from jupyter_lambda.telemetry.metrics import summarise
from jupyter_lambda.telemetry.percentiles import percentile
from jupyter_lambda.telemetry.statistics import statistic

F = (("FunctionName", "f"),)


def invocation(arrived=60.0, **members):
    return CountedInvocation(**{"function_name": "f", "version": "1", "arrived": arrived, "duration_ms": 10.0, **members})


def values(metric, *invocations, dimensions=F, points=(), situation=None, start=0.0, end=600.0):
    facts = MetricFacts(tuple(invocations), tuple(points))
    return samples(metric, dimensions, facts, start, end, situation or Situation())


def test_summarise_and_cloudwatch_count_the_same():
    chance = random.Random(5)
    ended = [status for status in Status if status not in (Status.QUEUED, Status.RUNNING)]
    records = [
        InvocationRecord(
            request_id=str(n), function_name="f", version="1", arrived=chance.uniform(0, 600), status=chance.choice(ended),
            duration_ms=chance.uniform(0, 900),
        )
        for n in range(400)
    ]  # fmt: skip
    counted = [msgspec.convert(msgspec.to_builtins(record), CountedInvocation) for record in records]
    figures = summarise("f", records)
    told = {name: [value for _, value in values(name, *counted)] for name in ("Invocations", "Errors", "Throttles", "Duration")}
    assert sum(told["Invocations"]) == figures.invocations
    assert sum(told["Errors"]) == figures.errors
    assert sum(told["Throttles"]) == figures.throttles
    assert (max(told["Duration"]), percentile(told["Duration"], 99)) == (figures.duration_max_ms, figures.duration_p99_ms)
    assert len(told["Errors"]) == len(told["Duration"]) == figures.invocations
    assert len(told["Throttles"]) == len(records)


def test_samples_stand_at_full_minutes():
    assert values("Invocations", invocation(61.5), invocation(119.9), invocation(120.0)) == [
        (60.0, 1.0),
        (60.0, 1.0),
        (120.0, 1.0),
    ]
    assert values("Invocations", invocation(61.5), invocation(700.0), start=120.0) == []


@pytest.mark.parametrize(
    ("qualifier", "dimensions"),
    [
        (None, [(), F, (*F, ("Resource", "f"))]),
        ("$LATEST", [(), F, (*F, ("Resource", "f"))]),
        ("1", [(), F, (*F, ("Resource", "f:1"))]),
        ("live", [(), F, (*F, ("Resource", "f:live")), (("ExecutedVersion", "1"), *F, ("Resource", "f:live"))]),
    ],
)
def test_an_invocation_counts_under_its_dimensions(qualifier, dimensions):
    one = invocation(qualifier=qualifier)
    assert [d for name, d in series(MetricFacts((one,), ())) if name == "Invocations"] == sorted(dimensions)
    assert all(values("Invocations", one, dimensions=d) == [(60.0, 1.0)] for d in dimensions)
    assert values("Invocations", one, dimensions=(("FunctionName", "g"),)) == []
    assert values("Invocations", one, dimensions=(("Resource", "f"),)) == []


def test_points_are_told_as_they_are():
    point = MetricPoint(function_name="f", metric="AsyncEventAge", moment=70.0, value=12.0, qualifier="live")
    assert values("AsyncEventAge", points=[point]) == [(60.0, 12.0)]
    assert values("AsyncEventAge", points=[point], dimensions=(*F, ("Resource", "f:live"))) == [(60.0, 12.0)]
    assert values("AsyncEventAge", points=[point], dimensions=(*F, ("Resource", "f"))) == []
    assert values("AsyncEventAge", points=[point], start=120.0) == []
    assert ("AsyncEventAge", ()) in set(series(MetricFacts((), (point,))))


def test_concurrency_is_what_ran_at_each_beginning():
    overlapping = [invocation(61.0, duration_ms=500), invocation(61.2, duration_ms=500), invocation(61.6, duration_ms=500)]
    assert [value for _, value in values("ConcurrentExecutions", *overlapping)] == [1.0, 2.0, 2.0]
    long = invocation(50.0, duration_ms=200_000.0)
    assert values("ConcurrentExecutions", long) == [(0.0, 1.0), (60.0, 1.0), (120.0, 1.0), (180.0, 1.0), (240.0, 1.0)]
    assert values("ConcurrentExecutions", long, start=120.0) == [(120.0, 1.0), (180.0, 1.0), (240.0, 1.0)]
    running = Situation(running=(invocation(130.0),))
    assert values("ConcurrentExecutions", situation=running, end=200.0) == [(120.0, 1.0), (180.0, 1.0)]


def test_concurrency_begins_with_the_environments_start():
    waited = invocation(60.0, queued_ms=5_000, cold=True, start_ms=300, init_ms=700, duration_ms=1_000)
    assert span_of(waited) == Span(64.0, 66.0)
    assert span_of(invocation(60.0, queued_ms=2_000)) == Span(62.0, 62.01)


def test_readings_are_those_of_counting_one_by_one():
    chance = random.Random(11)
    spans = [Span(begin := chance.uniform(0, 900), begin + chance.choice([0.5, 30.0, 300.0])) for _ in range(200)]
    told = readings(spans, 120.0, 777.0)
    moments = sorted([span.begin for span in spans if 120.0 <= span.begin < 777.0] + [60.0 * n for n in range(2, 13)])
    expected = [Reading(m, sum(s.begin <= m < s.end for s in spans)) for m in moments]
    assert told == [reading for reading in expected if reading.running]


def test_metrics_of_the_account_have_no_dimensions():
    reserved, free = invocation(61.0, reserved=True), invocation(61.0)
    assert values("UnreservedConcurrentExecutions", reserved, free, dimensions=()) == [(60.0, 1.0)]
    assert values("UnreservedConcurrentExecutions", free) == []
    claimed = values("ClaimedAccountConcurrency", reserved, free, dimensions=(), situation=Situation(claimed=30))
    assert claimed == [(60.0, 31.0)]
    assert all(d == () for name, d in series(MetricFacts((free,), ())) if METRICS[name].account_only)


def test_provisioned_concurrency_is_used_first_and_the_rest_spills_over():
    warm = [invocation(61.0, provisioned=2, duration_ms=900), invocation(61.1, provisioned=2, duration_ms=900)]
    spilled = invocation(61.2, provisioned=2, spilled=True)
    assert len(values("ProvisionedConcurrencyInvocations", *warm, spilled)) == 2
    assert len(values("ProvisionedConcurrencySpilloverInvocations", *warm, spilled)) == 1
    assert [value for _, value in values("ProvisionedConcurrentExecutions", *warm, spilled)] == [1.0, 2.0]
    assert [value for _, value in values("ProvisionedConcurrencyUtilization", *warm, spilled)] == [0.5, 1.0]


VALUES = sorted(random.Random(2).uniform(0, 100) for _ in range(1_000))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SampleCount", 1_000.0), ("Sum", sum(VALUES)), ("Average", sum(VALUES) / 1_000), ("Minimum", VALUES[0]),
        ("Maximum", VALUES[-1]), ("p50", VALUES[499]), ("p99.9", VALUES[998]), ("p100", VALUES[-1]), ("p0", VALUES[0]),
        ("tm90", standard.fmean(VALUES[:900])), ("TM(10%:90%)", standard.fmean(VALUES[100:900])), ("IQM", standard.fmean(VALUES[250:750])),
        ("tc90", 900.0), ("ts90", sum(VALUES[:900])), ("TC(10:20)", float(sum(10 <= v <= 20 for v in VALUES))),
        ("PR(:50)", sum(v <= 50 for v in VALUES) / 10), ("wm100", standard.fmean(VALUES)),
        ("WM(:90%)", (sum(VALUES[:900]) + 100 * VALUES[899]) / 1_000),
    ],
)  # fmt: skip
def test_statistics(name, expected):
    function = statistic(name)
    assert function is not None
    assert function(VALUES) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["p101", "p", "x50", "sum", "TM()", "TM(:)", "TM(90%:10%)", "PR(10%:20%)", "p50.", "tm-1", ""])
def test_what_is_no_statistic(name):
    assert statistic(name) is None


@pytest.mark.parametrize("name", ["Average", "p50", "tm10", "IQM", "wm50", "PR(0:1)", "TM(5:6)", "TS(5:6)"])
def test_one_value_has_every_statistic(name):
    function = statistic(name)
    assert function is not None
    assert function([7.0]) in (7.0, 0.0)
