"""Finds a page of log events among the logs of invocations: in the order of their times, though invocations overlap.

Logs come in the order of their first events. An event leaves once no log that is still to come can hold an earlier one, so a page
needs the logs around it in memory and no others. The search gives up after `SCANNED_BYTES_MAX` and says where: a pattern that nothing
matches costs its asker more pages, and nobody else anything.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final, NamedTuple

from jupyter_lambda.model.logs import FoundEvent, LogPage, LogPosition
from jupyter_lambda.telemetry.log_events import events_of, log_span_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jupyter_lambda.model.invocation import InvocationRecord
    from jupyter_lambda.model.logs import LogQuery

SCANNED_BYTES_MAX: Final = 8 * 1024**2
_OVERHEAD: Final = 26  # bytes that CloudWatch Logs counts for each event


class StoredLog(NamedTuple):
    """An invocation's log."""

    sequence: int
    record: InvocationRecord
    log: bytes


def search(query: LogQuery, logs: Iterable[StoredLog]) -> LogPage:
    """The page of events that a query asks for.

    Args:
        query: Which events.
        logs: Those that may hold some, by the times of their first events; where `query.backward`, by those of their last, descending.
    """
    found: list[FoundEvent] = []
    scanned = size = 0
    for event in _backward(query, logs) if query.backward else _forward(query, logs):
        scanned += len(event.message) + _OVERHEAD
        if query.matches is None or query.matches(event.message):
            size += len(event.message.encode(errors="replace")) + _OVERHEAD
            if found and size > query.bytes_max:
                return _page(query, found, found[-1].position)
            found.append(event)
        if len(found) >= query.limit or scanned > SCANNED_BYTES_MAX:
            return _page(query, found, event.position)
    return _page(query, found, None)


def _page(query: LogQuery, found: list[FoundEvent], more: LogPosition | None) -> LogPage:
    return LogPage(tuple(reversed(found) if query.backward else found), more)


def _forward(query: LogQuery, logs: Iterable[StoredLog]) -> Iterator[FoundEvent]:
    waiting: list[FoundEvent] = []
    for stored in logs:
        first = LogPosition(log_span_ms(stored.record)[0], 0, 0)
        while waiting and waiting[0].position < first:
            yield heapq.heappop(waiting)
        for event in _wanted(query, stored):
            heapq.heappush(waiting, event)
    while waiting:
        yield heapq.heappop(waiting)


def _backward(query: LogQuery, logs: Iterable[StoredLog]) -> Iterator[FoundEvent]:
    waiting: list[tuple[tuple[int, int, int], FoundEvent]] = []  # a heap of what is latest
    for stored in logs:
        last_ms = log_span_ms(stored.record)[1]
        while waiting and waiting[0][1].position.timestamp_ms > last_ms:
            yield heapq.heappop(waiting)[1]
        for event in _wanted(query, stored):
            timestamp_ms, sequence, number = event.position
            heapq.heappush(waiting, ((-timestamp_ms, -sequence, -number), event))
    while waiting:
        yield heapq.heappop(waiting)[1]


def _wanted(query: LogQuery, stored: StoredLog) -> Iterator[FoundEvent]:
    record = stored.record
    ingested = log_span_ms(record)[1]
    for event in events_of(record, stored.log):
        position = LogPosition(event.timestamp_ms, stored.sequence, event.number)
        if not query.start_ms <= event.timestamp_ms < query.end_ms:
            continue
        if query.beyond is not None and (position >= query.beyond if query.backward else position <= query.beyond):
            continue
        yield FoundEvent(position, record.log_stream, ingested, event.message)
