"""How often environments are looked at: every 10 ms while something moves, every 80 ms while nothing does, not at all while frozen."""

from __future__ import annotations

import asyncio

import pytest

from jupyter_lambda.sandbox.process.sampler import Sampler
from jupyter_lambda.testing.clock import ManualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Watched:
    def __init__(self, clock, *, moves: bool) -> None:
        self.clock, self.moves, self.is_sampled, self.looks = clock, moves, True, []

    def sample(self) -> bool:
        self.looks.append(round((self.clock.monotonic() - 1_000) * 1000))
        return self.moves


@pytest.fixture
async def bench():
    clock = ManualClock()
    sampler = Sampler(clock, each_second=lambda: None)
    yield clock, sampler
    await sampler.aclose()


async def pass_time(clock, milliseconds: int) -> None:
    for _ in range(milliseconds // 10):
        for _ in range(5):
            await asyncio.sleep(0)
        clock.advance(0.010_000_1)  # a hair more: ten of them are no less than a tenth


async def test_what_moves_is_looked_at_every_10_ms(bench):
    clock, sampler = bench
    busy = Watched(clock, moves=True)
    sampler.wake(busy)
    await pass_time(clock, 60)
    assert busy.looks == [0, 10, 20, 30, 40, 50]


async def test_what_rests_is_looked_at_ever_less(bench):
    clock, sampler = bench
    idle = Watched(clock, moves=False)
    sampler.wake(idle)
    await pass_time(clock, 320)
    assert idle.looks == [0, 20, 60, 140, 220, 300]


async def test_one_that_moves_does_not_make_the_others_looked_at_more(bench):
    clock, sampler = bench
    idle, busy = Watched(clock, moves=False), Watched(clock, moves=True)
    sampler.wake(idle)
    sampler.wake(busy)
    await pass_time(clock, 160)
    assert idle.looks == [0, 20, 60, 140]
    assert len(busy.looks) == 16


async def test_waking_begins_anew(bench):
    clock, sampler = bench
    idle = Watched(clock, moves=False)
    sampler.wake(idle)
    await pass_time(clock, 150)
    sampler.wake(idle)
    await pass_time(clock, 130)
    after = [look for look in idle.looks if look > 150]
    assert after[1] - after[0] == 20


async def test_a_frozen_one_is_left_alone_and_nothing_is_waited_for(bench):
    clock, sampler = bench
    frozen = Watched(clock, moves=True)
    frozen.is_sampled = False
    sampler.wake(frozen)
    await pass_time(clock, 50)
    assert frozen.looks == []
    assert clock.sleeping == 0
