"""The thread that owns a connection: order, shared transactions, and where failures go."""

from __future__ import annotations

import asyncio
import sqlite3
import threading

import pytest

from jupyter_lambda.errors import DiskFull, StoreError
from jupyter_lambda.store.connection_thread import ConnectionThread
from jupyter_lambda.store.schema import open_writer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def thread(tmp_path):
    made = ConnectionThread("test", tmp_path / "lambda.db", open_writer)
    await made.start()
    yield made
    await made.aclose()


def put(name, value="v"):
    return lambda connection: connection.execute("INSERT INTO settings VALUES (?, ?)", (name, value))


async def names(thread):
    rows = await thread.call(lambda connection: connection.execute("SELECT name FROM settings ORDER BY name").fetchall())
    return [row[0] for row in rows]


class Gate:
    """Holds the thread until it is opened, so that requests pile up behind it."""

    def __init__(self):
        self._open = threading.Event()

    def hold(self, connection):
        assert self._open.wait(10)

    def open(self):
        self._open.set()


async def test_works_outside_the_event_loop(thread):
    assert await thread.call(lambda _: threading.current_thread().name) == "test"


async def test_commits_that_wait_together_share_a_transaction(thread):
    gate = Gate()
    transactions = []
    begun = lambda statement: transactions.append(statement) if statement.startswith("BEGIN") else None  # noqa: E731
    await thread.call(lambda connection: connection.set_trace_callback(begun))
    held = asyncio.create_task(thread.call(gate.hold))
    commits = [asyncio.create_task(thread.commit(put(str(n)))) for n in range(10)]
    await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(held, *commits)

    assert await names(thread) == [str(n) for n in range(10)]
    assert len(transactions) == 1


async def test_a_commit_that_fails_does_not_take_its_neighbours_along(thread):
    gate = Gate()
    held = asyncio.create_task(thread.call(gate.hold))
    tasks = [asyncio.create_task(thread.commit(put(name))) for name in ("a", "b", "a", "c")]
    await asyncio.sleep(0)
    gate.open()
    outcomes = await asyncio.gather(held, *tasks, return_exceptions=True)

    assert await names(thread) == ["a", "b", "c"]
    assert [type(outcome) for outcome in outcomes[1:]].count(StoreError) == 1


async def test_a_commit_happens_whole_or_not_at_all(thread):
    def half(connection):
        put("a")(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await thread.commit(half)
    assert await names(thread) == []


async def test_a_commit_is_flushed_to_the_disk(thread):
    level = await thread.commit(lambda connection: connection.execute("PRAGMA synchronous").fetchone()[0])
    assert level == 2  # FULL: the write-ahead log is flushed before COMMIT returns


async def test_requests_are_served_in_order(thread):
    gate = Gate()
    order = []
    held = asyncio.create_task(thread.call(gate.hold))
    asks = [thread.commit, thread.call, thread.commit, thread.commit, thread.call, thread.commit]
    tasks = [asyncio.create_task(ask(lambda _, n=n: order.append(n))) for n, ask in enumerate(asks)]
    await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(held, *tasks)
    assert order == [0, 1, 2, 3, 4, 5]


async def test_a_full_database_is_a_full_disk_and_nothing_is_half_applied(thread):
    await thread.commit(put("before"))
    await thread.call(lambda connection: connection.execute("PRAGMA max_page_count = 1"))

    with pytest.raises(DiskFull, match="Nothing of it was kept"):
        await thread.commit(lambda connection: [put(str(n), "x" * 5000)(connection) for n in range(50)])

    await thread.call(lambda connection: connection.execute("PRAGMA max_page_count = 100000"))
    assert await names(thread) == ["before"]
    await thread.commit(put("after"))


async def test_sqlites_errors_are_ours(thread):
    with pytest.raises(StoreError, match="no such table"):
        await thread.call(lambda connection: connection.execute("SELECT * FROM elsewhere"))


async def test_a_caller_who_is_cancelled_does_not_stop_the_thread(thread):
    gate = Gate()
    held = asyncio.create_task(thread.call(gate.hold))
    await asyncio.sleep(0)
    held.cancel()
    gate.open()
    with pytest.raises(asyncio.CancelledError):
        await held
    assert await names(thread) == []


async def test_the_end_comes_after_what_was_asked(thread):
    commits = [asyncio.create_task(thread.commit(put(str(n)))) for n in range(5)]
    await asyncio.sleep(0)
    await thread.aclose()
    await asyncio.gather(*commits)
    with pytest.raises(StoreError, match="closed"):
        await thread.call(lambda _: None)
    assert not any(running.name == "test" for running in threading.enumerate())


async def test_a_connection_that_cannot_be_opened_fails_the_start(tmp_path):
    def connect(database):
        raise sqlite3.OperationalError("unable to open database file")

    made = ConnectionThread("test", tmp_path / "lambda.db", connect)
    with pytest.raises(sqlite3.OperationalError):
        await made.start()
    await made.aclose()


async def test_one_that_was_never_started_can_be_closed(tmp_path):
    made = ConnectionThread("test", tmp_path / "lambda.db", open_writer)
    await made.aclose()
    await made.aclose()
