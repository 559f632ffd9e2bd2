"""The database's tables, and how an older home becomes a present one.

`PRAGMA user_version` is the number of migrations that a database went through. `MIGRATIONS` is in order and only ever grows: the
first one makes an empty file a version-1 database, each later one starts where the one before ended. Each runs in a transaction of
its own together with the new number, so a crash leaves the one version or the other.
"""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_lambda.errors import NewerHome, StoreError
from jupyter_lambda.model.invocation import InvocationRecord
from jupyter_lambda.store import faults
from jupyter_lambda.telemetry.log_events import log_group_of, log_span_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

# "JLam", so that `file lambda.db` and we can tell this database from any other.
APPLICATION_ID: Final = 0x4A4C616D

_VERSION_1: Final = """
CREATE TABLE functions (name TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE versions (
    function_name TEXT NOT NULL, version TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (function_name, version)
);
CREATE TABLE aliases (
    function_name TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (function_name, name)
);
CREATE TABLE events (
    request_id TEXT PRIMARY KEY, function_name TEXT NOT NULL, accepted REAL NOT NULL, body BLOB NOT NULL
);
CREATE INDEX events_by_function ON events (function_name);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);

-- `record` is the whole InvocationRecord as MessagePack; the other columns are what queries and metrics look at.
-- AUTOINCREMENT: a sequence number is never given out twice, also when retention has removed every row.
CREATE TABLE invocations (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id TEXT NOT NULL,
    function_name TEXT NOT NULL,
    arrived REAL NOT NULL,
    status TEXT NOT NULL,
    version TEXT NOT NULL,
    cold INTEGER NOT NULL,
    duration_ms REAL NOT NULL,
    init_ms REAL NOT NULL,
    billed_ms INTEGER NOT NULL,
    memory_mib INTEGER NOT NULL,
    max_memory_mib INTEGER NOT NULL,
    record BLOB NOT NULL
);
CREATE INDEX invocations_by_request ON invocations (request_id);
CREATE INDEX invocations_by_arrival ON invocations (arrived);
-- Holds every column of the metrics, so that counting 100,000 rows never touches the table.
CREATE INDEX invocations_by_function ON invocations (
    function_name, arrived, status, version, cold, duration_ms, init_ms, billed_ms, memory_mib, max_memory_mib
);
CREATE TABLE logs (
    sequence INTEGER PRIMARY KEY,
    function_name TEXT NOT NULL,
    stored_bytes INTEGER NOT NULL,
    compressed INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX logs_by_function ON logs (function_name);
CREATE INDEX logs_by_size ON logs (stored_bytes);  -- for the sum at the start: the bodies stay unread
"""

_VERSION_4: Final = """
ALTER TABLE logs ADD COLUMN log_group TEXT NOT NULL DEFAULT '';
ALTER TABLE logs ADD COLUMN log_stream TEXT NOT NULL DEFAULT '';
ALTER TABLE logs ADD COLUMN first_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE logs ADD COLUMN last_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX logs_by_stream ON logs (log_group, log_stream, first_ms, last_ms, stored_bytes);
CREATE INDEX logs_by_time ON logs (log_group, first_ms, last_ms);
CREATE TABLE metric_points (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    function_name TEXT NOT NULL,
    qualifier TEXT,
    metric TEXT NOT NULL,
    moment REAL NOT NULL,
    value REAL NOT NULL
);
CREATE INDEX metric_points_by_function ON metric_points (function_name, moment);
"""


def _create(connection: sqlite3.Connection) -> None:
    """Version 1: the first one."""
    _run(connection, _VERSION_1)


def _add_resources(connection: sqlite3.Connection) -> None:
    """Version 2: layers and code signing configurations."""
    connection.execute("CREATE TABLE resources (key TEXT PRIMARY KEY, body TEXT NOT NULL)")


def _add_deliveries(connection: sqlite3.Connection) -> None:
    """Version 3: messages to queues, topics, buses and buckets."""
    connection.execute("CREATE TABLE deliveries (delivery_id TEXT PRIMARY KEY, accepted REAL NOT NULL, body BLOB NOT NULL)")


def _tell_log_streams(connection: sqlite3.Connection) -> None:
    """Version 4: which stream each log is of and when it was written, and figures that no invocation's record has."""
    _run(connection, _VERSION_4)
    decoder = msgspec.msgpack.Decoder(InvocationRecord)
    rows = connection.execute("SELECT sequence, record FROM logs JOIN invocations USING (sequence)").fetchall()
    records = ((sequence, decoder.decode(encoded)) for sequence, encoded in rows)
    connection.executemany(
        "UPDATE logs SET log_group = ?, log_stream = ?, first_ms = ?, last_ms = ? WHERE sequence = ?",
        ((log_group_of(record), record.log_stream, *log_span_ms(record), sequence) for sequence, record in records),
    )


MIGRATIONS: Final[Sequence[Callable[[sqlite3.Connection], None]]] = (
    _create, _add_resources, _add_deliveries, _tell_log_streams,
)  # fmt: skip


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Run several statements in the present transaction (`executescript` would commit it first)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


def migrate(
    connection: sqlite3.Connection,
    database: Path,
    migrations: Sequence[Callable[[sqlite3.Connection], None]] = MIGRATIONS,
) -> None:
    """Bring a database to the present version.

    Raises:
        NewerHome: It went through more migrations than this program knows.
        StoreError: It is another program's.
    """
    version = _check_version(connection, database, len(migrations))
    for number, migration in enumerate(migrations[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            migration(connection)
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _check_version(connection: sqlite3.Connection, database: Path, known: int) -> int:
    """The database's version, if it is ours and not newer than `known`."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if owner != APPLICATION_ID and (version or tables):
        raise StoreError(
            f'database "{database}"', "it was not made by jupyter-lambda", "Choose another home (--home DIR), or move it away."
        )
    if version > known:
        raise NewerHome(
            f'engine home "{database.parent}"',
            f"its data is of version {version}, and this jupyter-lambda knows versions up to {known}",
            "Update jupyter-lambda where the engine runs, or choose another home (--home DIR or JUPYTER_LAMBDA_HOME).",
        )
    return int(version)


def open_writer(database: Path) -> sqlite3.Connection:
    """Open the database for writing, made and migrated where needed; the file is its owner's alone (0600).

    Raises:
        DiskFull, NewerHome, StoreError: It can't be used; the error says why.
    """
    try:
        # SQLite would make it 0644; its -wal and -shm files take the mode of the database.
        os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise faults.from_os(error, database) from error
    return _opened(database, _prepare_writer)


def open_reader(database: Path) -> sqlite3.Connection:
    """Open the database for reading only, beside the writer (StoreError)."""
    return _opened(database, lambda connection, _: connection.execute("PRAGMA query_only = ON"))


def _prepare_writer(connection: sqlite3.Connection, database: Path) -> None:
    _check_version(connection, database, len(MIGRATIONS))  # before anything is changed
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA journal_size_limit = 67108864")  # a log that grew in a rush gives its space back
    migrate(connection, database)


def _opened(database: Path, prepare: Callable[[sqlite3.Connection, Path], object]) -> sqlite3.Connection:
    # isolation_level None: transactions begin and end where we say so. The timeout covers another process that looks at the
    # database with its own tool.
    try:
        connection = sqlite3.connect(database, isolation_level=None, timeout=10.0)
    except sqlite3.Error as error:
        raise faults.from_sqlite(error, database) from error
    try:
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -16000")
        prepare(connection, database)
    except sqlite3.Error as error:
        connection.close()
        raise faults.from_sqlite(error, database) from error
    except BaseException:
        connection.close()
        raise
    return connection
