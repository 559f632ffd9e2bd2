"""What records and points tell the metrics beside how an invocation ended: reservations, spill-over, loops."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.errors import RecursiveInvocation
from jupyter_lambda.model.invocation import InvocationResult
from jupyter_lambda.testing.sandbox import FakeSandbox, Turn

if TYPE_CHECKING:
    from tests.integration.engine.conftest import MakeEngine

pytestmark = pytest.mark.asyncio


async def test_a_record_says_whether_it_counted_against_a_reservation(make: MakeEngine) -> None:
    bench = await make()
    await bench.deploy("held", reserved_concurrency=2)
    assert (await bench.result(name="held")).record.reserved
    assert not (await bench.result(name="f")).record.reserved


async def test_what_is_above_the_provisioned_number_spills_over(make: MakeEngine) -> None:
    started, go = asyncio.Semaphore(0), asyncio.Event()

    async def wait(turn: Turn) -> bytes:
        started.release()
        await go.wait()
        return turn.event

    bench = await make(FakeSandbox(wait))
    version = await bench.engine.publish("f", "")
    bench.engine.dispatcher.provision(version, 1)
    calls = [asyncio.create_task(bench.result(qualifier=version.version)) for _ in range(2)]
    async with asyncio.timeout(5):
        for _ in calls:
            await started.acquire()
    running = bench.engine.dispatcher.counted()
    go.set()
    records = [(await call).record for call in calls]
    assert sorted(record.spilled for record in records) == [False, True]
    assert [record.provisioned for record in records] == [1, 1]
    assert sorted(one.spilled for one in running) == [False, True]


async def test_a_chain_that_is_ended_is_counted(make: MakeEngine) -> None:
    bench = await make()
    trace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"
    outcome = await bench.call(trace_id=trace)
    while isinstance(outcome, InvocationResult):
        outcome = await bench.call(trace_id=outcome.record.trace_id)
    assert isinstance(outcome, RecursiveInvocation)
    await asyncio.sleep(0)  # the commit in the background is under way: the next one comes after it
    await bench.engine.store.put_setting("after", "it")
    points = (await bench.engine.store.metric_facts("f", 0.0, 2**40)).points
    assert [(point.metric, point.value) for point in points] == [("RecursiveInvocationsDropped", 1.0)]
