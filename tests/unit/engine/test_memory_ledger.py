"""What waits ahead of need, on the engine's books (engine/memory_ledger.py)."""

from __future__ import annotations

import asyncio

import pytest

from jupyter_lambda.engine.memory_ledger import MemoryLedger
from jupyter_lambda.errors import Throttled

pytestmark = pytest.mark.asyncio


class Waiting:
    """Something that waits, and gives back when the test lets it."""

    def __init__(self, ledger: MemoryLedger, name: str, mib: int) -> None:
        self.ledger, self.name, self.asked = ledger, name, 0
        self.charged = ledger.borrow(name, mib, self.give_back)

    def give_back(self) -> None:
        self.asked += 1

    def end(self) -> None:
        self.ledger.returned(self.name)


def ledger(budget_mib: int = 1_000, wait_seconds: float = 5.0) -> MemoryLedger:
    return MemoryLedger(budget_mib, wait_seconds, lambda: (), lambda _: None)


async def test_what_waits_is_charged_and_leaves_room_for_functions():
    books = ledger()
    waiting = Waiting(books, "c1", 100)
    assert waiting.charged
    assert (books.used_mib, books.ahead_mib, books.room_ahead_mib()) == (100, 100, 500)
    await books.charge("e1", 400, "f")
    assert books.room_ahead_mib() == 300
    waiting.end()
    assert (books.used_mib, books.ahead_mib) == (400, 0)


async def test_a_function_has_it_back_asked_once_and_waits_until_it_is_gone():
    books = ledger()
    waiting = Waiting(books, "c1", 100)
    charging = asyncio.create_task(books.charge("e1", 1_000, "f"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (waiting.asked, charging.done(), books.used_mib) == (1, False, 100)
    assert books.room_ahead_mib() == 0
    waiting.end()
    await charging
    assert (waiting.asked, books.used_mib) == (1, 1_000)


async def test_each_is_asked_once_however_often_somebody_tries():
    books = ledger()
    first, second = Waiting(books, "c1", 100), Waiting(books, "c2", 100)
    charging = asyncio.create_task(books.charge("e1", 1_000, "f"))
    await asyncio.sleep(0)
    first.end()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (first.asked, second.asked, charging.done()) == (1, 1, False)
    second.end()
    await charging


async def test_it_is_not_taken_for_nothing():
    books = ledger(wait_seconds=0.01)
    waiting = Waiting(books, "c1", 100)
    await books.charge("e1", 800, "f")
    with pytest.raises(Throttled):
        await books.charge("e2", 500, "g")
    assert waiting.asked == 0


async def test_nothing_is_lent_while_somebody_waits_for_memory():
    books = ledger(wait_seconds=0.05)
    await books.charge("e1", 900, "f")
    charging = asyncio.create_task(books.charge("e2", 500, "g"))
    await asyncio.sleep(0)
    assert not Waiting(books, "c1", 10).charged
    with pytest.raises(Throttled):
        await charging
    assert Waiting(books, "c1", 10).charged
