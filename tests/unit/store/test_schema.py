"""Migrations: an older home opens, a newer one and a foreign or damaged file are refused with what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from jupyter_lambda.errors import NewerHome, StoreError
from jupyter_lambda.model.logs import LogQuery
from jupyter_lambda.store import contents, history, log_reading
from jupyter_lambda.store.schema import APPLICATION_ID, MIGRATIONS, migrate, open_reader, open_writer

VERSION_1 = Path(__file__).with_name("home_version_1.sql")


def database_from(dump, path):
    """A database as a program of that time left it."""
    connection = sqlite3.connect(path)
    connection.executescript(dump.read_text())
    connection.close()
    return path


def user_version(connection):
    return connection.execute("PRAGMA user_version").fetchone()[0]


def test_an_empty_file_becomes_the_present_version(tmp_path):
    connection = open_writer(tmp_path / "lambda.db")

    assert user_version(connection) == len(MIGRATIONS)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_the_files_are_their_owners_alone(tmp_path):
    connection = open_writer(tmp_path / "lambda.db")
    connection.execute("INSERT INTO settings VALUES ('a', 'b')")

    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "lambda.db": 0o600, "lambda.db-wal": 0o600, "lambda.db-shm": 0o600,
    }  # fmt: skip
    connection.close()


def test_a_home_of_version_1_opens_with_all_it_holds(tmp_path):
    connection = open_writer(database_from(VERSION_1, tmp_path / "lambda.db"))

    loaded = contents.load(connection)
    assert [(f.name, f.last_version, f.latest.configuration.memory_mib) for f in loaded.functions] == [("resize", 2, 512)]
    assert [(v.version, v.package_sha256) for v in loaded.versions] == [("1", "a" * 64), ("2", "b" * 64)]
    assert [(a.name, a.version, a.additional_version, a.additional_weight) for a in loaded.aliases] == [("prod", "1", "2", 0.1)]
    assert [(e.request_id, e.payload, e.due) for e in loaded.events] == [("event-1", b'{"side": 640}', 1795600860.0)]
    assert contents.get_setting(connection, "account") == "000000000000"
    record, log = history.invocation(connection, "request-2")
    assert (record.status, record.error_type, log) == ("failed", "ValueError", "START\nboom\nEND\n" * 500)
    assert [r.request_id for r in history.invocations(connection, "resize", 10, None)] == ["request-2", "request-1"]
    found = log_reading.streams(connection, "/aws/lambda/resize")
    assert [(facts.log_group, facts.first_ms, facts.last_ms) for facts in found] == [
        ("/aws/lambda/resize", 1_795_600_801_000, 1_795_600_802_000)
    ]
    assert len(log_reading.find_events(connection, LogQuery(log_group="/aws/lambda/resize", limit=3)).events) == 3
    assert user_version(connection) == len(MIGRATIONS)
    connection.close()


def test_each_later_migration_runs_once_and_in_order(tmp_path):
    path = database_from(VERSION_1, tmp_path / "lambda.db")
    ran = []

    def step(number):
        def migration(connection):
            ran.append(number)
            connection.execute(f"CREATE TABLE step_{number} (x)")

        return migration

    for steps in ([step(2)], [step(2), step(3), step(4)]):
        connection = sqlite3.connect(path, isolation_level=None)
        migrate(connection, path, [*MIGRATIONS, *steps])
        assert user_version(connection) == len(MIGRATIONS) + len(steps)
        connection.close()

    assert ran == [2, 3, 4]


def test_a_migration_that_fails_changes_nothing(tmp_path):
    path = database_from(VERSION_1, tmp_path / "lambda.db")

    def broken(connection):
        connection.execute("DROP TABLE functions")
        raise RuntimeError

    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(RuntimeError):
        migrate(connection, path, [*MIGRATIONS, broken])

    assert user_version(connection) == len(MIGRATIONS)
    assert len(contents.load(connection).functions) == 1
    connection.close()


def test_a_newer_home_is_left_alone(tmp_path):
    path = database_from(VERSION_1, tmp_path / "lambda.db")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()

    with pytest.raises(NewerHome, match=r"its data is of version 99, .* Update jupyter-lambda"):
        open_writer(path)
    assert path.read_bytes() == before


def test_another_programs_database_is_refused(tmp_path):
    connection = sqlite3.connect(tmp_path / "lambda.db")
    connection.execute("CREATE TABLE bookmarks (url)")
    connection.commit()
    connection.close()

    with pytest.raises(StoreError, match="not made by jupyter-lambda"):
        open_writer(tmp_path / "lambda.db")


@pytest.mark.parametrize("damage", ["all of it", "its middle"])
def test_a_damaged_database_says_what_to_do(tmp_path, damage):
    path = database_from(VERSION_1, tmp_path / "lambda.db")
    data = bytearray(path.read_bytes())
    start = 0 if damage == "all of it" else 100
    data[start : start + 4000] = b"\x55" * 4000
    path.write_bytes(data)

    with pytest.raises(StoreError, match=r"it is damaged .* move the file away"):
        open_writer(path)


def test_the_reader_cannot_write(tmp_path):
    open_writer(tmp_path / "lambda.db").close()
    connection = open_reader(tmp_path / "lambda.db")

    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("INSERT INTO settings VALUES ('a', 'b')")
    connection.close()
