"""Questions about log streams and log events, read from SQLite on the reader's connection."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.model.invocation import InvocationRecord
from jupyter_lambda.model.logs import StreamFacts
from jupyter_lambda.telemetry.log_search import StoredLog, search

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from jupyter_lambda.model.logs import LogPage, LogQuery

_DECODER: Final = msgspec.msgpack.Decoder(InvocationRecord)


def streams(connection: sqlite3.Connection, log_group: str | None) -> tuple[StreamFacts, ...]:
    """The log streams of a group, or of all groups, by their names."""
    where = "" if log_group is None else "WHERE log_group = ?"
    rows = connection.execute(
        "SELECT log_group, log_stream, min(first_ms), max(last_ms), sum(stored_bytes) FROM logs "  # noqa: S608  own text
        f"{where} GROUP BY log_group, log_stream",
        () if log_group is None else (log_group,),
    )
    return tuple(StreamFacts(*row) for row in rows)


def find_events(connection: sqlite3.Connection, query: LogQuery) -> LogPage:
    """A page of log events."""
    return search(query, _logs(connection, query))


def _logs(connection: sqlite3.Connection, query: LogQuery) -> Iterator[StoredLog]:
    start, end = query.start_ms, query.end_ms
    if query.beyond is not None:
        start, end = (start, min(end, query.beyond[0] + 1)) if query.backward else (max(start, query.beyond[0]), end)
    conditions = ["log_group = ?", "last_ms >= ?", "first_ms < ?"]
    parameters: list[Any] = [query.log_group, start, end]
    if query.log_streams is not None:
        conditions.append(f"log_stream IN ({', '.join('?' * len(query.log_streams))})")
        parameters += query.log_streams
    if query.prefix:
        conditions.append("substr(log_stream, 1, ?) = ?")
        parameters += (len(query.prefix), query.prefix)
    order = "last_ms DESC, sequence DESC" if query.backward else "first_ms, sequence"
    rows = connection.execute(
        "SELECT sequence, record, compressed, body FROM logs JOIN invocations USING (sequence) "  # noqa: S608  own text
        f"WHERE {' AND '.join(conditions)} ORDER BY {order}",
        parameters,
    )
    for sequence, record, compressed, body in rows:
        yield StoredLog(sequence, _DECODER.decode(record), zlib.decompress(body) if compressed else body)
