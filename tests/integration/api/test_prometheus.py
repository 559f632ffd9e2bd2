"""`/metrics` is what Prometheus' own parser reads, and counts what happened (api/prometheus.py, telemetry/counters.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from jupyter_lambda.testing.sandbox import FakeSandbox, HandlerRaisedError, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.api.conftest import Served

pytestmark = pytest.mark.asyncio
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(families: Any) -> Samples:
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(told: Samples, name: str, **labels: str) -> float | None:
    return told.get((f"jupyter_lambda_{name}", frozenset(labels.items())))


async def scrape(served: Served) -> Samples:
    reply = await served.ask("GET", "/metrics")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain")
    return samples(text_string_to_metric_families(reply.body.decode()))


@pytest_asyncio.fixture
async def worked(serve_engine: Callable[..., Any]) -> Served:
    async def answer(turn: Turn) -> bytes:
        if turn.event == b"2":
            raise HandlerRaisedError("ValueError", "no")
        return turn.event

    served: Served = await serve_engine(sandbox=FakeSandbox(answer))
    for event in (b"1", b"2", b"3"):
        await served.invoke(event)
    return served


async def test_what_happened_is_counted(worked: Served) -> None:
    told = await scrape(worked)
    assert value(told, "invocations_total", function="f", version="$LATEST", status="succeeded") == 2
    assert value(told, "invocations_total", function="f", version="$LATEST", status="failed") == 1
    assert value(told, "errors_total", function="f") == 1
    assert value(told, "throttles_total", function="f") == 0
    assert value(told, "cold_starts_total", function="f") == 1
    assert value(told, "invocation_duration_seconds_count", function="f") == 3
    assert value(told, "invocation_duration_seconds_bucket", function="f", le="+Inf") == 3
    total = value(told, "invocation_duration_seconds_sum", function="f")
    assert total is not None
    assert 0 < total < 5
    assert value(told, "init_duration_seconds_count", function="f") == 1
    billed = value(told, "billed_seconds_total", function="f")
    assert billed == (await worked.bench.engine.store.metrics("f")).billed_ms / 1000


async def test_what_is_now_is_told(worked: Served) -> None:
    told = await scrape(worked)
    assert value(told, "functions") == 1
    assert value(told, "running_invocations", function="f") == 0
    assert value(told, "environments", function="f", state="idle") == 1
    assert value(told, "queued_events") == 0
    assert value(told, "concurrency_limit") == 1_000
    assert (value(told, "memory_charged_bytes") or 0) <= (value(told, "memory_budget_bytes") or 0)
    assert value(told, "engine_info", version="0", sandbox="process", region="us-east-1") == 1


async def test_counters_only_grow(worked: Served) -> None:
    before = await scrape(worked)
    await worked.invoke(b"1")
    after = await scrape(worked)
    for key, earlier in before.items():
        if key[0].endswith(("_total", "_bucket", "_count", "_sum")):
            assert after[key] >= earlier
    assert value(after, "invocation_duration_seconds_count", function="f") == 4


async def test_throttles_are_no_invocations(serve_engine: Callable[..., Any]) -> None:
    served: Served = await serve_engine(deploy={"reserved_concurrency": 0})
    assert (await served.invoke()).status == 429
    told = await scrape(served)
    assert value(told, "throttles_total", function="f") == 1
    assert not any(name == "jupyter_lambda_invocations_total" for name, _ in told)


async def test_a_function_that_is_gone_is_told_of_no_more(worked: Served) -> None:
    await worked.bench.engine.delete("f", None)
    assert not any(("function", "f") in labels for _, labels in await scrape(worked))


async def test_openmetrics_comes_where_it_is_asked_for(worked: Served) -> None:
    reply = await worked.ask("GET", "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert reply.headers["content-type"].startswith("application/openmetrics-text")
    told = samples(parse_openmetrics(reply.body.decode()))
    assert value(told, "errors_total", function="f") == 1


async def test_the_token_is_asked_for(worked: Served) -> None:
    assert (await worked.ask("GET", "/metrics", headers={"Authorization": "Bearer other"})).status == 403
