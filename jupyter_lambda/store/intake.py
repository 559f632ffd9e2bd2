"""SQLite takes the journal over, and forgets what is older than retention allows: both in small groups, in the writer's thread.

A group is one transaction without a flush (`synchronous = NORMAL`): a record's promise ends at power loss anyway, and the journal
holds it until the transaction is written. The groups are small so that a commit which waits behind one waits milliseconds.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.model import limits
from jupyter_lambda.model.invocation import InvocationRecord
from jupyter_lambda.telemetry.log_events import log_group_of, log_span_ms

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from jupyter_lambda.store.journal import Frame, JournalReader

GROUP_ROWS: Final = 1_000
COMPRESSED_ABOVE_BYTES: Final = 4_096

_INSERT_INVOCATION: Final = f"INSERT OR IGNORE INTO invocations VALUES ({', '.join('?' * 13)})"  # noqa: S608  placeholders
_INSERT_LOG: Final = "INSERT OR IGNORE INTO logs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Retention(msgspec.Struct, frozen=True):
    """How much is kept: the newest invocations by count, and their logs by the bytes they take on disk."""

    invocations: int = limits.RETAINED_INVOCATIONS
    log_bytes: int = limits.RETAINED_LOG_BYTES


class Intake:
    """Moves frames from the journal into the tables. Every method runs in the writer's thread.

    Args:
        reader: Where frames come from.
        retention: What may stay. A tenth more may stand there for a while: trimming waits until it is worth a transaction.
    """

    def __init__(self, reader: JournalReader, retention: Retention) -> None:
        self.reader = reader
        self._retention = retention
        self._decoder = msgspec.msgpack.Decoder(InvocationRecord)
        self._invocations = 0
        self._log_bytes = 0

    def begin(self, connection: sqlite3.Connection) -> int:
        """Count what the tables hold; returns the highest sequence number that they ever held."""
        (self._invocations,) = connection.execute("SELECT count(*) FROM invocations").fetchone()
        (self._log_bytes,) = connection.execute("SELECT coalesce(sum(stored_bytes), 0) FROM logs").fetchone()
        row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'invocations'").fetchone()
        return 0 if row is None else int(row[0])

    def take_over(self, connection: sqlite3.Connection) -> bool:
        """Take one group over; returns whether more may be waiting.

        Raises:
            sqlite3.Error: Nothing was taken over; the same group comes again at the next call.
            StoreError: A segment can't be read.
        """
        frames = self.reader.pending(GROUP_ROWS)
        if not frames:
            return False
        invocations, logs = self._rows(frames)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        added = connection.executemany(_INSERT_INVOCATION, invocations).rowcount
        connection.executemany(_INSERT_LOG, logs)
        connection.execute("COMMIT")
        self.reader.forget()
        if added == len(invocations):
            self._invocations += added
            self._log_bytes += sum(row[2] for row in logs)
        else:  # some stood there already: a crash came between their transaction and the end of their segment
            self.begin(connection)
        return True

    def trim(self, connection: sqlite3.Connection) -> bool:
        """Remove one group of what is too old; returns whether more may have to go."""
        excess = self._invocations - self._retention.invocations
        if excess > self._retention.invocations // 10:
            self._delete_invocations(connection, min(excess, GROUP_ROWS))
            return True
        surplus = self._log_bytes - self._retention.log_bytes
        if surplus > self._retention.log_bytes // 10:
            self._delete_logs(connection, surplus)
            return True
        return False

    def forget_logs(self, connection: sqlite3.Connection, log_group: str, log_stream: str | None, before_ms: int | None) -> bool:
        """Remove one group of a log group's logs; returns whether more may have to go."""
        conditions: list[str] = ["log_group = ?"]
        parameters: list[Any] = [log_group]
        if log_stream is not None:
            conditions.append("log_stream = ?")
            parameters.append(log_stream)
        if before_ms is not None:
            conditions.append("last_ms < ?")
            parameters.append(before_ms)
        where = " AND ".join(conditions)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        gone = connection.execute(
            f"SELECT sequence, stored_bytes FROM logs WHERE {where} LIMIT ?",  # noqa: S608  own text
            (*parameters, GROUP_ROWS),
        ).fetchall()
        connection.executemany("DELETE FROM logs WHERE sequence = ?", ((sequence,) for sequence, _ in gone))
        connection.execute("COMMIT")
        self._log_bytes -= sum(size for _, size in gone)
        return len(gone) == GROUP_ROWS

    def _rows(self, frames: Iterable[Frame]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        invocations, logs = [], []
        for frame in frames:
            try:
                record = self._decoder.decode(frame.record)
            except msgspec.DecodeError as error:  # whole, but not a record of ours: written by another version
                self.reader.damages.append(f"record {frame.sequence}: {error}; it is lost")
                continue
            invocations.append(_invocation_row(frame, record))
            if frame.log:
                logs.append(_log_row(frame, record))
        return invocations, logs

    def _delete_invocations(self, connection: sqlite3.Connection, count: int) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        (last,) = connection.execute(
            "SELECT max(sequence) FROM (SELECT sequence FROM invocations ORDER BY sequence LIMIT ?)", (count,)
        ).fetchone()
        (freed,) = connection.execute("SELECT coalesce(sum(stored_bytes), 0) FROM logs WHERE sequence <= ?", (last,)).fetchone()
        connection.execute("DELETE FROM logs WHERE sequence <= ?", (last,))
        removed = connection.execute("DELETE FROM invocations WHERE sequence <= ?", (last,)).rowcount
        connection.execute("COMMIT")
        self._invocations -= removed
        self._log_bytes -= freed

    def _delete_logs(self, connection: sqlite3.Connection, surplus: int) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        freed, last = 0, 0
        oldest = connection.execute("SELECT sequence, stored_bytes FROM logs ORDER BY sequence LIMIT ?", (GROUP_ROWS,))
        for sequence, stored_bytes in oldest.fetchall():
            if freed >= surplus:
                break
            freed, last = freed + stored_bytes, sequence
        connection.execute("DELETE FROM logs WHERE sequence <= ?", (last,))
        connection.execute("COMMIT")
        self._log_bytes -= freed


def _invocation_row(frame: Frame, record: InvocationRecord) -> tuple[Any, ...]:
    return (
        frame.sequence,
        record.request_id,
        record.function_name,
        record.arrived,
        record.status.value,
        record.version,
        record.cold,
        record.duration_ms,
        record.init_ms,
        record.billed_ms,
        record.memory_mib,
        record.max_memory_mib,
        frame.record,
    )


def _log_row(frame: Frame, record: InvocationRecord) -> tuple[Any, ...]:
    body = zlib.compress(frame.log, 1) if len(frame.log) > COMPRESSED_ABOVE_BYTES else frame.log
    compressed = len(body) < len(frame.log)
    if not compressed:
        body = frame.log
    return (
        frame.sequence, record.function_name, len(body), compressed, body, log_group_of(record), record.log_stream,
        *log_span_ms(record),
    )  # fmt: skip
