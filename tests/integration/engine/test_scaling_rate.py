"""A function that wants new environments faster than it may is throttled (engine/scaling_rates.py).

Source: AWS Lambda Developer Guide, "Lambda function scaling", concurrency scaling rate.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.errors import Throttled
from jupyter_lambda.testing.sandbox import FakeSandbox
from tests.integration.engine.test_dispatch import Gate

if TYPE_CHECKING:
    from tests.integration.engine.conftest import MakeEngine

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    ("reserved", "reason"),
    [(None, "FunctionInvocationRateLimitExceeded"), (5, "ReservedFunctionInvocationRateLimitExceeded")],
)
async def test_a_burst_above_the_rate_is_throttled(make: MakeEngine, reserved: int | None, reason: str) -> None:
    gate = Gate()
    bench = await make(FakeSandbox(gate), deploy={"reserved_concurrency": reserved}, scaling_rate=2)
    await bench.deploy("g", "d2")

    calls = [asyncio.create_task(bench.result()) for _ in range(2)]
    for _ in calls:
        await gate.entered.acquire()
    refused = await bench.call()
    other = asyncio.create_task(bench.result(name="g"))  # each function has a rate of its own
    await gate.entered.acquire()
    gate.open.set()
    await asyncio.gather(*calls, other)

    assert isinstance(refused, Throttled)
    assert refused.members["Reason"] == reason
    metrics = await bench.engine.store.metrics("f")
    assert (metrics.invocations, metrics.throttles) == (2, 1)


async def test_environments_that_are_there_cost_nothing(make: MakeEngine) -> None:
    bench = await make(scaling_rate=1)

    results = [await bench.result() for _ in range(20)]

    assert len({result.record.environment_id for result in results}) == 1


async def test_provisioned_ones_are_not_counted(make: MakeEngine) -> None:
    gate = Gate()
    bench = await make(FakeSandbox(gate), deploy={"provisioned_concurrency": 3}, scaling_rate=1)
    version = bench.engine.catalog.entry("f").versions["1"]
    async with asyncio.timeout(5):
        while bench.engine.dispatcher.provisioned(version) != (3, 0):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)

    calls = [asyncio.create_task(bench.result(qualifier="1")) for _ in range(4)]  # the last one spills over
    async with asyncio.timeout(5):
        for _ in calls:
            await gate.entered.acquire()
    refused = await bench.call(qualifier="1")
    gate.open.set()
    await asyncio.gather(*calls)

    assert isinstance(refused, Throttled)


async def test_a_patient_caller_gets_his_environment_later(make: MakeEngine) -> None:
    gate = Gate()
    bench = await make(FakeSandbox(gate), scaling_rate=20)  # a new one every half second once the burst is over

    calls = [asyncio.create_task(bench.result(patient=True)) for _ in range(21)]
    async with asyncio.timeout(10):
        for _ in calls:
            await gate.entered.acquire()  # nobody ended: it has an environment of its own
    gate.open.set()
    results = await asyncio.gather(*calls)

    assert len({result.record.environment_id for result in results}) == 21
