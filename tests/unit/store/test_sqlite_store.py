"""What only the store on disk has: a journal that SQLite takes over, retention, a full disk, damaged and moved homes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import logging
import os
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest

from jupyter_lambda.errors import DiskFull, NewerHome, StoreError
from jupyter_lambda.model import limits
from jupyter_lambda.model.metrics import MetricPoint
from jupyter_lambda.store import Retention, open_store
from jupyter_lambda.store.location import Mount
from jupyter_lambda.store.protocol import AddPoint, PutEvent, QueuedEvent
from jupyter_lambda.store.sqlite_store import TAKE_OVER_SECONDS

pytestmark = pytest.mark.anyio


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
async def opened(home, clock):
    """Opens stores of the home that the test's end closes: `await opened(retention=…)`."""
    made = []

    async def open_it(**settings):
        made.append(await open_store(home, clock=clock, **settings))
        return made[-1]

    yield open_it
    for store in made:
        await store.aclose()


def event(request_id, size=10):
    return PutEvent(
        QueuedEvent(request_id=request_id, function_name="f", qualifier=None, payload=b"x" * size, accepted=1.0, due=1.0)
    )


def rows(home, statement):
    connection = sqlite3.connect(home / "lambda.db")
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


async def in_the_background(store, clock):
    """Let the store do what it does after a while."""
    async with asyncio.timeout(10):
        await clock.until_sleeping()
        clock.advance(TAKE_OVER_SECONDS)
        await store.at_rest.wait()


# -- taking the journal over -------------------------------------------------------------------------------------------------


async def test_records_are_taken_over_in_a_group_after_a_while(opened, home, clock, record):
    store = await opened()
    for n in range(3):
        store.record(record(f"r{n}"), b"log")
    assert rows(home, "SELECT count(*) FROM invocations") == [(0,)]

    await in_the_background(store, clock)

    assert rows(home, "SELECT count(*) FROM invocations") == [(3,)]
    assert rows(home, "SELECT count(*) FROM logs") == [(3,)]


async def test_closing_takes_everything_over_and_leaves_no_journal(opened, home, record):
    store = await opened()
    store.record(record(), b"log")
    await store.aclose()

    assert rows(home, "SELECT request_id FROM invocations") == [("r1",)]
    assert sorted(path.name for path in home.iterdir()) == ["blobs", "journal", "lambda.db", "tasks"]
    assert list((home / "journal").iterdir()) == []


async def test_the_sequence_goes_on_after_a_restart(opened, record):
    store = await opened()
    store.record(record("a"), b"log")
    (first,) = await store.log_events("resize")
    await store.aclose()
    store = await opened()
    store.record(record("b"), b"log")

    assert [e.request_id for e in await store.log_events("resize", since_sequence=first.sequence)] == ["b"]


async def test_taking_the_same_segment_over_twice_changes_nothing(opened, home, record):
    """A crash between the transaction and the removal of the segment leaves both."""
    store = await opened()
    store.record(record("a"), b"log a")
    store.record(record("b", status="throttled"))
    (segment,) = (home / "journal").iterdir()
    saved = segment.read_bytes()
    await store.aclose()
    segment.write_bytes(saved)

    store = await opened()
    store.record(record("c"), b"log c")

    assert [r.request_id for r in await store.invocations("resize")] == ["c", "b", "a"]
    assert [e.text for e in await store.log_events("resize")] == ["log a", "log c"]
    assert store.damages == ()


async def test_damage_is_told_and_skipped(opened, home, record, caplog):
    store = await opened()
    for name in "abc":
        store.record(record(name), f"log of {name}".encode())
    (segment,) = (home / "journal").iterdir()
    saved = segment.read_bytes().replace(b"log of b", b"log of X")
    await store.aclose()
    for statement in ("DELETE FROM invocations", "DELETE FROM logs"):
        connection = sqlite3.connect(home / "lambda.db")
        connection.execute(statement)
        connection.commit()
        connection.close()
    segment.write_bytes(saved)

    with caplog.at_level(logging.WARNING):
        store = await opened()
        assert [r.request_id for r in await store.invocations("resize")] == ["c", "a"]
        assert len(store.damages) == 1
        await store.aclose()
    assert "the journal was damaged" in caplog.text


async def test_a_stalled_writer_holds_up_neither_recording_nor_the_loop(opened, record):
    store = await opened()
    gate = threading.Event()
    stalled = asyncio.create_task(store._writer.call(lambda _: gate.wait(10)))
    await asyncio.sleep(0)

    for n in range(5_000):
        store.record(record(f"r{n}"), b"log" * 100)
    assert not stalled.done()

    gate.set()
    await stalled
    assert (await store.metrics("resize")).invocations == 5_000


# -- retention ---------------------------------------------------------------------------------------------------------------


async def test_the_oldest_invocations_go_with_their_logs(opened, home, clock, record):
    store = await opened(retention=Retention(invocations=100))
    for n in range(111):
        store.record(record(f"r{n}", arrived=float(n)), b"log")
    await in_the_background(store, clock)
    assert rows(home, "SELECT count(*) FROM invocations") == [(100,)]

    assert [r.request_id for r in await store.invocations(limit=1000)] == [f"r{n}" for n in range(110, 10, -1)]
    assert len(await store.log_events("resize")) == 100


async def test_the_oldest_logs_go_while_their_records_stay(opened, home, clock, record):
    store = await opened(retention=Retention(log_bytes=10_000))
    for n in range(12):
        store.record(record(f"r{n}"), os.urandom(1_000).hex().encode()[:1_000])
    await in_the_background(store, clock)
    assert rows(home, "SELECT count(*) FROM logs") == [(10,)]

    assert len(await store.invocations(limit=1000)) == 12
    assert (await store.invocation("r1"))[1] == ""
    assert len((await store.invocation("r2"))[1]) == 1_000


async def test_a_retention_that_became_smaller_holds_after_a_restart(opened, home, clock, record):
    store = await opened()
    for n in range(50):
        store.record(record(f"r{n}"))
    await store.aclose()
    store = await opened(retention=Retention(invocations=10))
    await in_the_background(store, clock)
    assert rows(home, "SELECT count(*) FROM invocations") == [(10,)]


async def test_a_large_log_is_kept_compressed(opened, home, record):
    store = await opened()
    store.record(record(), b"the same line again\n" * 10_000)
    await store.invocation("r1")
    ((stored, compressed),) = rows(home, "SELECT stored_bytes, compressed FROM logs")
    assert compressed
    assert stored < 20_000


# -- a full disk -------------------------------------------------------------------------------------------------------------


async def test_a_record_that_finds_no_room_says_so_and_the_next_one_is_kept(opened, record):
    full = True

    def write(fd, pieces):
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.writev(fd, pieces)

    store = await opened(write_journal=write)
    with pytest.raises(DiskFull):
        store.record(record("a"))
    full = False
    store.record(record("b"))

    assert [r.request_id for r in await store.invocations()] == ["b"]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("this root may not mount")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder):
    """Take all the room there is; returns what takes it."""
    filler = folder / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"\0" * 65536):
            pass
    return filler


async def test_a_disk_that_is_really_full(small_disk, clock, record):
    store = await open_store(small_disk / "home", clock=clock)
    try:
        await store.commit([event("kept")])
        store.record(record("before"), b"log")
        filler = fill(small_disk)

        for ask in (store.commit([event("a", 200_000)]), store.put_blob(b"x" * 100_000, sha256_of(b"x" * 100_000))):
            with pytest.raises(DiskFull, match="Free space"):
                await ask
        with pytest.raises(DiskFull):
            store.record(record("lost"), b"x" * 100_000)

        filler.unlink()
        store.record(record("after"), b"log")
        await store.commit([event("b", 200_000)])
        assert [e.request_id for e in (await store.load()).events] == ["b", "kept"]
        assert {r.request_id for r in await store.invocations()} == {"before", "after"}
        assert not await store.has_blob(sha256_of(b"x" * 100_000))
    finally:
        await store.aclose()


async def test_records_stay_in_the_journal_while_sqlite_finds_no_room(opened, home, clock, record, caplog):
    store = await opened()
    await store._writer.call(lambda connection: connection.execute("PRAGMA max_page_count = 1"))
    for n in range(50):
        store.record(record(f"r{n}"), os.urandom(2_000))
    with pytest.raises(DiskFull):
        await store.invocations()
    await clock.until_sleeping()
    clock.advance(TAKE_OVER_SECONDS)
    await clock.until_sleeping()  # before it tries again
    assert "stay in the journal" in caplog.text

    await store._writer.call(lambda connection: connection.execute("PRAGMA max_page_count = 100000"))
    assert len(await store.invocations()) == 50


def sha256_of(data):
    return hashlib.sha256(data).hexdigest()


# -- homes -------------------------------------------------------------------------------------------------------------------


async def test_everything_in_the_home_is_private(opened, home, record):
    store = await opened()
    store.record(record(), b"secret")
    await store.commit([event("a")])

    for path in [home, *home.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


async def test_a_home_on_the_network_keeps_its_state_on_this_machine(tmp_path, clock, monkeypatch, record):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "local"))
    home = tmp_path / "home"
    settings = {"clock": clock, "mounts": lambda: [Mount(Path("/"), "ext4"), Mount(home, "nfs4")]}
    store = await open_store(home, **settings)
    store.record(record(), b"log")
    await store.aclose()

    assert store.location.is_elsewhere
    assert "nfs4" in store.location.sentence
    assert store.location.folder.is_relative_to(tmp_path / "local")
    assert store.location.folder.stat().st_mode & 0o777 == 0o700
    assert not home.exists()
    again = await open_store(home, **settings)
    assert len(await again.invocations()) == 1
    await again.aclose()


async def test_a_home_that_cannot_be_used_leaves_no_thread_behind(home, clock, opened):
    store = await opened()
    await store.aclose()
    connection = sqlite3.connect(home / "lambda.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(NewerHome):
        await open_store(home, clock=clock)
    assert not any(thread.name.startswith("lambda-store") for thread in threading.enumerate())


async def test_a_database_that_is_none_is_told(home, clock):
    home.mkdir()
    (home / "lambda.db").write_bytes(b"hello " * 1000)
    with pytest.raises(StoreError, match="move the file away"):
        await open_store(home, clock=clock)


async def test_closing_while_others_close_is_one_closing(opened, record):
    store = await opened()
    store.record(record())
    await asyncio.gather(*(store.aclose() for _ in range(3)))
    assert not any(thread.name.startswith("lambda-") for thread in threading.enumerate())


async def test_the_newest_points_of_metrics_are_kept(opened, monkeypatch):
    monkeypatch.setattr(limits, "RETAINED_METRIC_POINTS", 300)
    store = await opened()
    points = [AddPoint(MetricPoint(function_name="f", metric="AsyncEventsReceived", moment=float(n))) for n in range(1_000)]
    await store.commit(points)
    assert [point.moment for point in (await store.metric_facts("f", 0.0, 2_000.0)).points] == [
        float(n) for n in range(700, 1_000)
    ]
    await store.commit(points[:1])
    assert len((await store.metric_facts("f", 0.0, 2_000.0)).points) == 301
