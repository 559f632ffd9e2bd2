"""The events of an invocation's log, as CloudWatch Logs has them: one for each line, several lines for what Lambda writes as one.

Observed: 2020–2026, CloudWatch logs of AWS Lambda: a message keeps its newline; a Python error with its traceback, a fault with its
type and the line of a timeout with the empty one after it are one event each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from jupyter_lambda.telemetry.line_times import written_ms
from jupyter_lambda.telemetry.log_lines import LOG_GROUP_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_lambda.model.invocation import InvocationRecord

EVENT_BYTES_MAX: Final = 262_144  # a longer line is cut into several events
_TRACEBACK: Final = b"Traceback (most recent call last):"
_INDENT: Final = "\N{NO-BREAK SPACE}".encode()


class LoggedEvent(NamedTuple):
    """One event of a log stream."""

    timestamp_ms: int  # epoch
    number: int  # its place in its invocation's log
    message: str


def log_group_of(record: InvocationRecord) -> str:
    """The log group that an invocation wrote to."""
    return record.log_group or f"{LOG_GROUP_PREFIX}{record.function_name}"


def log_span_ms(record: InvocationRecord) -> tuple[int, int]:
    """When the first and the last event of an invocation's log were written, epoch milliseconds."""
    arrived, marks = int(record.arrived * 1000), record.log_times
    if not marks:
        return arrived, arrived
    return arrived + min(written_ms(marks, 0), marks[0][1]), arrived + marks[-1][1]


def events_of(record: InvocationRecord, log: bytes) -> Iterator[LoggedEvent]:
    """The events of an invocation's log, in order."""
    arrived = int(record.arrived * 1000)
    number, begin, position, size = 0, 0, 0, len(log)
    while position < size:
        end = log.find(b"\n", position) + 1 or size
        if position > begin and not _continues(log, begin, position, end):
            for event in _pieces(log, begin, position, arrived + written_ms(record.log_times, begin), number):
                number = event.number + 1
                yield event
            begin = position
        position = end
    if begin < size:
        yield from _pieces(log, begin, size, arrived + written_ms(record.log_times, begin), number)


def _continues(log: bytes, begin: int, position: int, end: int) -> bool:
    """Whether the line at `position` belongs to the event that began at `begin`."""
    if log.startswith((_TRACEBACK, _INDENT), position):
        return log.startswith(b"[ERROR]", begin)
    if end - position == 1:  # an empty line
        return b" Task timed out after " in log[begin:position]
    return log.startswith(b"Runtime.", position) and log.startswith(b"RequestId: ", begin)


def _pieces(log: bytes, begin: int, end: int, timestamp_ms: int, number: int) -> Iterator[LoggedEvent]:
    for start in range(begin, end, EVENT_BYTES_MAX):
        yield LoggedEvent(timestamp_ms, number, log[start : min(end, start + EVENT_BYTES_MAX)].decode(errors="replace"))
        number += 1
