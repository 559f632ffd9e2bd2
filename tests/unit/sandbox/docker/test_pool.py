"""Containers that wait: who gets one, when the next one is booted, what happens to those that end (sandbox/docker/pool.py)."""

from __future__ import annotations

import asyncio

import pytest

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.model.function import PythonEnvironment
from jupyter_lambda.sandbox.docker.container import Order
from jupyter_lambda.sandbox.docker.pool import SHIM_MIB, Pool, ShelfKey
from jupyter_lambda.sandbox.process.groups import MIB, GroupMemory
from jupyter_lambda.testing.clock import ManualClock
from jupyter_lambda.testing.memory_lender import FixedLender

pytestmark = pytest.mark.anyio
PYTHON = PythonEnvironment(executable="/p", prefix="/p", base_prefix="/p", version="3.11.7")
ORDER = Order(python=PYTHON, image=None, extra_path=(), mounts=(), network="none", ephemeral_mib=512)
PLAIN, PANDAS = ShelfKey(ORDER, ()), ShelfKey(ORDER, ("pandas",))


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Booted:
    """A container as the pool sees it."""

    def __init__(self, number: int, held_mib: int) -> None:
        self.number, self.is_gone, self.is_closed = number, False, False
        self.container_id = f"c{number}"
        self.group = self
        self._held = held_mib * MIB

    def memory(self) -> GroupMemory:
        return GroupMemory(self._held, 0)

    async def aclose(self) -> None:
        self.is_closed = True


class Bench:
    """A pool whose boots a test lets happen."""

    def __init__(self, memory_mib: int = 512, held_mib: int = 64) -> None:
        self.booted: list[Booted] = []
        self.held_mib = held_mib
        self.fails = False
        self.grew = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.clock = ManualClock()
        self.pool = Pool(self.clock, self.boot)
        self.lender = FixedLender(memory_mib)
        self.pool.borrow_from(self.lender)

    async def boot(self, key: ShelfKey) -> Booted:
        await self.may_go_on.wait()
        if self.fails:
            self.grew.set()
            raise SandboxError("docker", "no", "")
        return await self.make()

    async def make(self) -> Booted:
        self.booted.append(Booted(len(self.booted), self.held_mib))
        self.grew.set()
        return self.booted[-1]

    async def get(self, key: ShelfKey = PLAIN) -> Booted:
        return await self.pool.get(key, lambda: self.boot(key))

    async def until_waiting(self, count: int) -> None:
        async with asyncio.timeout(5):
            while self.pool.waiting != count:  # noqa: ASYNC110 - the pool has no event for it
                await asyncio.sleep(0)

    async def until_at_rest(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)


async def test_the_first_is_booted_at_once_and_the_next_one_waits():
    bench = Bench()
    first = await bench.get()
    await bench.until_waiting(1)
    second = await bench.get()
    assert (first.number, second.number) == (0, 1)
    await bench.pool.aclose()


async def test_nobody_gets_anothers_modules():
    bench = Bench()
    await bench.get(PLAIN)
    await bench.until_waiting(1)
    other = await bench.get(PANDAS)
    assert other.number == 2
    await bench.pool.aclose()


async def test_whoever_is_expected_finds_one():
    bench = Bench()
    bench.pool.expect(PANDAS)
    await bench.until_waiting(1)
    assert (await bench.get(PANDAS)).number == 0
    await bench.pool.aclose()


async def test_whoever_asks_during_a_boot_gets_that_one():
    bench = Bench()
    bench.may_go_on.clear()
    bench.pool.expect(PANDAS)
    await bench.until_at_rest()
    asking = asyncio.create_task(bench.get(PANDAS))
    await bench.until_at_rest()
    bench.may_go_on.set()
    assert (await asking).number == 0
    await bench.until_waiting(1)
    assert len(bench.booted) == 2
    await bench.pool.aclose()


async def test_a_boot_that_fails_is_tried_by_whoever_waited_for_it():
    bench = Bench()
    bench.may_go_on.clear()
    bench.fails = True
    bench.pool.expect(PLAIN)
    await bench.until_at_rest()
    asking = asyncio.create_task(bench.pool.get(PLAIN, lambda: bench.make()))
    await bench.until_at_rest()
    bench.may_go_on.set()
    assert (await asking).number == 0
    await bench.pool.aclose()


async def test_closing_ends_a_boot_under_way():
    bench = Bench()
    bench.may_go_on.clear()
    bench.pool.expect(PLAIN)
    await bench.until_at_rest()
    await bench.pool.aclose()
    assert bench.booted == []


async def test_what_is_only_expected_waits_once():
    bench = Bench()
    for _ in range(20):
        bench.pool.expect(PLAIN)
    await bench.until_waiting(1)
    await bench.until_at_rest()
    assert bench.pool.waiting == 1
    await bench.pool.aclose()


async def test_one_that_ended_while_it_waited_is_not_given_out():
    bench = Bench()
    await bench.get()
    await bench.until_waiting(1)
    bench.booted[1].is_gone = True
    fresh = await bench.get()
    assert fresh.number == 2
    assert bench.booted[1].is_closed
    await bench.pool.aclose()


async def test_memory_bounds_what_waits():
    bench = Bench(memory_mib=2 * (64 + SHIM_MIB) + 8, held_mib=64)
    for _ in range(6):
        await bench.get(PLAIN)
    await bench.until_waiting(2)
    await bench.until_at_rest()
    assert bench.pool.waiting == 2
    assert list(bench.lender.lent.values()) == [64 + SHIM_MIB] * 2
    await bench.pool.aclose()
    assert bench.lender.lent == {}


async def test_what_somebody_gets_is_charged_no_more():
    bench = Bench()
    bench.pool.expect(PLAIN)
    await bench.until_waiting(1)
    assert list(bench.lender.lent) == ["c0"]
    assert (await bench.get()).number == 0
    assert "c0" not in bench.lender.lent
    await bench.pool.aclose()


async def test_memory_that_a_function_needs_is_given_back():
    bench = Bench()
    bench.pool.expect(PLAIN)
    await bench.until_waiting(1)
    bench.lender.mib = 0
    bench.lender.ask_back("c0")
    assert bench.pool.waiting == 0
    await bench.until_at_rest()
    assert bench.booted[0].is_closed
    assert bench.lender.lent == {}
    assert len(bench.booted) == 1  # nothing is booted in its place
    await bench.pool.aclose()


async def test_what_turns_out_too_large_does_not_wait():
    bench = Bench(memory_mib=70, held_mib=200)
    bench.pool.expect(PLAIN)
    async with asyncio.timeout(5):
        await bench.grew.wait()
    await bench.until_at_rest()
    assert bench.booted[0].is_closed
    assert (bench.pool.waiting, len(bench.booted), bench.lender.lent) == (0, 1, {})
    await bench.pool.aclose()


async def test_a_refusal_after_the_boot_does_not_make_it_boot_again_and_again():
    bench = Bench(memory_mib=10)
    bench.lender.room_mib = 1_000
    bench.pool.expect(PLAIN)
    async with asyncio.timeout(5):
        await bench.grew.wait()
    await bench.until_at_rest()
    assert (len(bench.booted), bench.pool.waiting) == (1, 0)
    await bench.pool.aclose()


async def test_nothing_waits_before_somebody_lends():
    bench = Bench()
    pool = Pool(bench.clock, bench.boot)
    pool.expect(PLAIN)
    await pool.get(PLAIN, lambda: bench.boot(PLAIN))
    await bench.until_at_rest()
    assert (pool.waiting, len(bench.booted)) == (0, 1)
    await pool.aclose()


async def test_without_memory_nothing_waits():
    bench = Bench(memory_mib=0)
    await bench.get()
    await bench.until_at_rest()
    assert bench.pool.waiting == 0
    await bench.pool.aclose()


async def test_a_boot_that_fails_is_tried_again_when_somebody_asks():
    bench = Bench()
    bench.fails = True
    bench.pool.expect(PLAIN)
    async with asyncio.timeout(5):
        await bench.grew.wait()
    await bench.until_at_rest()
    assert bench.pool.waiting == 0
    bench.fails = False
    await bench.get(PLAIN)
    await bench.until_waiting(1)
    await bench.pool.aclose()


async def test_a_shelf_empties_when_nobody_asks_any_more():
    bench = Bench()
    await bench.get()
    await bench.until_waiting(1)
    for _ in range(80):
        await bench.clock.until_sleeping()
        bench.clock.advance(5.0)
        await bench.until_at_rest()
        if not bench.pool.waiting:
            break
    await bench.until_waiting(0)
    assert bench.booted[1].is_closed
    await bench.pool.aclose()


async def test_closing_ends_what_waits():
    bench = Bench()
    await bench.get()
    await bench.until_waiting(1)
    await bench.pool.aclose()
    await bench.pool.aclose()
    assert bench.booted[1].is_closed
    assert not bench.booted[0].is_closed
