"""Bursts on a sandbox that starts a few environments at a time (engine/start_line.py)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.errors import Throttled
from jupyter_lambda.testing.sandbox import FakeEnvironment, FakeSandbox, Handler, Turn, echo

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.sandbox.protocol import Channels, EnvironmentSpec
    from tests.integration.engine.conftest import MakeEngine

pytestmark = pytest.mark.asyncio


class SlowToStart(FakeSandbox):
    """Starts two at a time, each when the test lets it."""

    starts_at_a_time = 2

    def __init__(self, handler: Handler = echo) -> None:
        super().__init__(handler)
        self.may_start = asyncio.Semaphore(0)
        self.asked = 0
        self.start_seconds = 0.0

    async def start(self, spec: EnvironmentSpec, channels: Channels) -> FakeEnvironment:
        self.asked += 1
        await self.may_start.acquire()
        await asyncio.sleep(self.start_seconds)
        return await super().start(spec, channels)


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not claim():  # noqa: ASYNC110 - the engine has no event for it
            await asyncio.sleep(0)


async def rest() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


async def test_a_burst_costs_only_the_starts_that_were_begun(make: MakeEngine) -> None:
    sandbox = SlowToStart()
    sandbox.start_seconds = 0.5
    bench = await make(sandbox)
    calls = [asyncio.create_task(bench.result(str(number).encode())) for number in range(30)]
    await until(lambda: sandbox.asked == 2)
    await rest()
    assert sandbox.asked == 2
    sandbox.may_start.release()
    assert [result.payload for result in await asyncio.gather(*calls)] == [str(number).encode() for number in range(30)]
    sandbox.may_start.release()
    version = bench.engine.catalog.entry("f").function.latest
    await until(lambda: bench.engine.dispatcher.provisioned(version) == (2, 0))
    assert (sandbox.asked, len(sandbox.started)) == (2, 2)


async def test_whoever_still_waits_gets_a_start_when_one_is_through(make: MakeEngine) -> None:
    open_gate = asyncio.Event()

    async def hold(turn: Turn) -> bytes:
        await open_gate.wait()
        return turn.event

    sandbox = SlowToStart(hold)
    bench = await make(sandbox)
    calls = [asyncio.create_task(bench.result()) for _ in range(5)]
    for _ in range(5):
        sandbox.may_start.release()
    await until(lambda: len(sandbox.started) == 5)
    open_gate.set()
    await asyncio.gather(*calls)


async def test_a_cancelled_waiter_takes_its_start_out_of_the_line(make: MakeEngine) -> None:
    sandbox = SlowToStart()
    bench = await make(sandbox)
    calls = [asyncio.create_task(bench.call(request_id=f"r{number}")) for number in range(3)]
    await until(lambda: sandbox.asked == 2)
    bench.engine.cancel("r2")
    for _ in range(3):
        sandbox.may_start.release()
    await asyncio.gather(*calls)
    version = bench.engine.catalog.entry("f").function.latest
    await until(lambda: bench.engine.dispatcher.provisioned(version) == (2, 0))
    assert sandbox.asked == 2


async def test_missing_memory_throttles_all_who_waited_for_it_at_once(make: MakeEngine) -> None:
    holding = asyncio.Event()

    async def hold(turn: Turn) -> bytes:
        await holding.wait()
        return turn.event

    sandbox = SlowToStart(hold)
    bench = await make(sandbox, budget_mib=200, budget_wait_seconds=0.1)
    sandbox.may_start.release()
    first = asyncio.create_task(bench.result())
    await until(lambda: bool(sandbox.started))
    began = asyncio.get_running_loop().time()
    outcomes = await asyncio.gather(*(bench.call() for _ in range(40)))
    assert all(isinstance(outcome, Throttled) for outcome in outcomes)
    assert asyncio.get_running_loop().time() - began < 1.0  # not 0.1 s for every two of them
    holding.set()
    await first
