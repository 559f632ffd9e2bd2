"""Questions about what has been: records, logs and figures, read from SQLite on the reader's connection."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.model.engine_api import LogEvent, Metrics
from jupyter_lambda.model.invocation import InvocationRecord
from jupyter_lambda.model.metrics import CountedInvocation, MetricFacts, MetricPoint
from jupyter_lambda.telemetry.outcome import NOT_ERRORS, NOT_INVOCATIONS
from jupyter_lambda.telemetry.percentiles import rank
from jupyter_lambda.telemetry.prices import cost_usd, gb_seconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from jupyter_lambda.model.invocation import Status

_DECODER: Final = msgspec.msgpack.Decoder(InvocationRecord)
_COUNTED_DECODER: Final = msgspec.msgpack.Decoder(CountedInvocation)


def invocations(
    connection: sqlite3.Connection, function_name: str | None, limit: int, before: float | None
) -> tuple[InvocationRecord, ...]:
    """Records by arrival, newest first."""
    conditions: list[str] = []
    parameters: list[Any] = []
    if function_name is not None:
        conditions.append("function_name = ?")
        parameters.append(function_name)
    if before is not None:
        conditions.append("arrived < ?")
        parameters.append(before)
    rows = connection.execute(
        f"SELECT record FROM invocations {_where(conditions)} ORDER BY arrived DESC, sequence DESC LIMIT ?",  # noqa: S608  own text
        (*parameters, max(0, limit)),
    )
    return tuple(_DECODER.decode(row[0]) for row in rows)


def invocation(connection: sqlite3.Connection, request_id: str) -> tuple[InvocationRecord, str] | None:
    """The newest record of a request (an asynchronous one has a record for each attempt) with its log."""
    row = connection.execute(
        "SELECT record, compressed, body FROM invocations LEFT JOIN logs USING (sequence) "
        "WHERE request_id = ? ORDER BY sequence DESC LIMIT 1",
        (request_id,),
    ).fetchone()
    if row is None:
        return None
    record, compressed, body = row
    return _DECODER.decode(record), _text(compressed, body)


def log_events(
    connection: sqlite3.Connection,
    function_name: str,
    *,
    since_sequence: int,
    since: float,
    request_id: str | None,
    limit: int,
) -> tuple[LogEvent, ...]:
    """Logs, oldest first; the newest `limit` of them where neither a sequence number nor a time says where to begin."""
    # "+" keeps a column from being searched by its index: one request is found by its own.
    owner = "logs.function_name" if request_id is None else "+logs.function_name"
    conditions = [f"{owner} = ?", "sequence > ?"]
    parameters: list[Any] = [function_name, since_sequence]
    if since > 0:
        conditions.append("arrived >= ?")
        parameters.append(since)
    if request_id is not None:
        conditions.append("request_id = ?")
        parameters.append(request_id)
    newest_first = since_sequence <= 0 and since <= 0
    rows = connection.execute(
        "SELECT sequence, record, compressed, body FROM logs JOIN invocations USING (sequence) "  # noqa: S608  own text
        f"{_where(conditions)} ORDER BY sequence {'DESC' if newest_first else 'ASC'} LIMIT ?",
        (*parameters, max(0, limit)),
    ).fetchall()
    return tuple(_log_event(*row) for row in (reversed(rows) if newest_first else rows))


def _log_event(sequence: int, encoded: bytes, compressed: int, body: bytes) -> LogEvent:
    record = _DECODER.decode(encoded)
    return LogEvent(
        sequence=sequence,
        timestamp=record.arrived,
        request_id=record.request_id,
        log_stream=record.log_stream,
        text=_text(compressed, body),
    )


def _text(compressed: int | None, body: bytes | None) -> str:
    """A log as text; empty where there was none or retention has taken it."""
    if body is None:
        return ""
    return (zlib.decompress(body) if compressed else body).decode(errors="replace")


def _where(conditions: list[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _one_of(statuses: Iterable[Status]) -> str:
    return ", ".join(f"'{status.value}'" for status in sorted(statuses))


_SPAN: Final = "FROM invocations WHERE function_name = ? AND arrived >= ?"
_COUNTED: Final = f"{_SPAN} AND status NOT IN ({_one_of(NOT_INVOCATIONS)})"
_FIGURES: Final = (
    f"SELECT count(*), coalesce(sum(status NOT IN ({_one_of(NOT_ERRORS)})), 0), coalesce(sum(cold), 0), "
    f"max(duration_ms), coalesce(sum(billed_ms), 0), coalesce(sum(billed_ms * memory_mib), 0), coalesce(max(max_memory_mib), 0) "
    f"{_COUNTED}"
)


def metrics(connection: sqlite3.Connection, function_name: str, since: float) -> Metrics:
    """A function's figures, as `telemetry.metrics.summarise` defines them."""
    span = (function_name, since)
    connection.execute("BEGIN")  # one snapshot for all the questions
    try:
        count, errors, cold, longest, billed_ms, billed_mib_ms, most_memory = connection.execute(_FIGURES, span).fetchone()
        (throttles,) = connection.execute(f"SELECT count(*) {_SPAN} AND status = 'throttled'", span).fetchone()
        versions = dict(connection.execute(f"SELECT version, count(*) {_COUNTED} GROUP BY version", span))
        p50, p99 = (_percentile(connection, "duration_ms", _COUNTED, span, count, percent) for percent in (50, 99))
        init_p50 = _percentile(connection, "init_ms", f"{_COUNTED} AND cold", span, cold, 50)
    finally:
        connection.execute("COMMIT")
    used_gb_seconds = gb_seconds(billed_mib_ms, 1)
    return Metrics(
        function_name=function_name,
        since=since,
        invocations=count,
        errors=errors,
        throttles=throttles,
        cold_starts=cold,
        duration_p50_ms=p50,
        duration_p99_ms=p99,
        duration_max_ms=longest,
        init_p50_ms=init_p50,
        billed_ms=billed_ms,
        gb_seconds=used_gb_seconds,
        cost_usd=cost_usd(count, used_gb_seconds),
        max_memory_mib=most_memory,
        versions=versions,
    )


def metric_facts(connection: sqlite3.Connection, function_name: str | None, start: float, end: float) -> MetricFacts:
    """What the metrics of a span are counted from."""
    span = ("", start, end) if function_name is None else (function_name, start, end)
    owner = "? = ''" if function_name is None else "function_name = ?"
    connection.execute("BEGIN")  # one snapshot for both questions
    try:
        rows = connection.execute(
            f"SELECT record FROM invocations WHERE {owner} AND arrived >= ? AND arrived < ?",  # noqa: S608  own text
            span,
        )
        invocations = tuple(_COUNTED_DECODER.decode(row[0]) for row in rows)
        rows = connection.execute(
            "SELECT function_name, qualifier, metric, moment, value FROM metric_points "  # noqa: S608  own text
            f"WHERE {owner} AND moment >= ? AND moment < ?",
            span,
        )
        points = tuple(
            MetricPoint(function_name=name, qualifier=qualifier, metric=metric, moment=moment, value=value)
            for name, qualifier, metric, moment, value in rows
        )
    finally:
        connection.execute("COMMIT")
    return MetricFacts(invocations, points)


def _percentile(
    connection: sqlite3.Connection, column: str, source: str, span: tuple[str, float], count: int, percent: int
) -> float | None:
    if not count:
        return None
    # From the nearer end: SQLite's sorter keeps only the rows up to the one that is asked for.
    from_below = rank(count, percent)
    from_above = count - 1 - from_below
    direction, offset = ("ASC", from_below) if from_below <= from_above else ("DESC", from_above)
    row = connection.execute(
        f"SELECT {column} {source} ORDER BY {column} {direction} LIMIT 1 OFFSET ?",
        (*span, offset),
    ).fetchone()
    return float(row[0])
