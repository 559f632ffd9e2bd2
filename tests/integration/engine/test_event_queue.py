"""Asynchronous invocation: kept, run, tried again, given up, taken up after a restart (engine/event_queue.py)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.engine.invocations import InvokeRequest
from jupyter_lambda.errors import PayloadTooLarge
from jupyter_lambda.model.invocation import InvocationRecord, Status
from jupyter_lambda.testing.sandbox import FakeSandbox, HandlerRaisedError, Turn

if TYPE_CHECKING:
    from tests.integration.engine.conftest import Bench, MakeEngine

pytestmark = pytest.mark.asyncio


async def fail(_: Turn) -> bytes:
    raise HandlerRaisedError("ValueError", "no")


def event(payload: bytes = b"{}") -> InvokeRequest:
    return InvokeRequest(function_name="f", payload=payload, request_id="r-1", invocation_type="Event")


async def records_until(bench: Bench, accept: InvokeRequest, count: int) -> list[InvocationRecord]:
    """Accept an event and wait until so many attempts were made and what follows the last is kept."""
    found: list[InvocationRecord] = []
    with bench.engine.live.watch() as watcher:
        await bench.engine.accept_event(accept)
        async with asyncio.timeout(5):
            async for change in watcher.changes():
                if isinstance(change.body, InvocationRecord):
                    found.append(change.body)
                elif change.kind == "event" and len(found) == count:
                    return found
    return found


async def test_an_accepted_event_runs(make: MakeEngine) -> None:
    bench = await make()

    (record,) = await records_until(bench, event(), 1)

    assert (record.request_id, record.invocation_type, record.status) == ("r-1", "Event", Status.SUCCEEDED)


async def test_failures_are_tried_twice_more_and_given_up(make: MakeEngine) -> None:
    bench = await make(FakeSandbox(fail), async_retry_base_seconds=0.01)

    records = await records_until(bench, event(), 3)

    assert [r.attempt for r in records] == [1, 2, 3]
    assert len({r.request_id for r in records}) == 1
    assert len(bench.engine.queue) == 0


async def test_what_was_accepted_survives_a_restart(make: MakeEngine) -> None:
    bench = await make(FakeSandbox(fail), async_retry_base_seconds=3600.0)
    await records_until(bench, event(b'{"n": 1}'), 1)
    await bench.engine.aclose()

    again = await make(async_retry_base_seconds=3600.0)

    assert len(again.engine.queue) == 1


async def test_a_large_event_is_refused(make: MakeEngine) -> None:
    bench = await make()

    with pytest.raises(PayloadTooLarge):
        await bench.engine.accept_event(event(b'"' + b"x" * 1_048_576 + b'"'))


async def points(bench: Bench) -> dict[str, list[float]]:
    """The metrics that no record shows, each with its values."""
    told: dict[str, list[float]] = {}
    for point in (await bench.engine.store.metric_facts("f", 0.0, 2**40)).points:
        told.setdefault(point.metric, []).append(point.value)
    return told


async def test_events_are_counted_with_their_age(make: MakeEngine) -> None:
    bench = await make()
    await records_until(bench, event(), 1)
    told = await points(bench)
    assert told["AsyncEventsReceived"] == [1.0]
    assert [0.0 <= age < 5_000.0 for age in told["AsyncEventAge"]] == [True]
    assert "AsyncEventsDropped" not in told


async def test_an_event_that_is_given_up_is_counted_as_dropped_once(make: MakeEngine) -> None:
    bench = await make(FakeSandbox(fail), async_retry_base_seconds=0.01)
    await records_until(bench, event(), 3)
    told = await points(bench)
    assert (told["AsyncEventsReceived"], told["AsyncEventsDropped"]) == ([1.0], [1.0])
    ages = told["AsyncEventAge"]
    assert ages == sorted(ages)
    assert len(ages) == 3
    assert ages[1] >= 10.0
