"""Log groups, streams and events as the store keeps and finds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

RETENTION_DAYS: Final = frozenset(  # those that CloudWatch Logs takes
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)


class LogPosition(NamedTuple):
    """Where an event stands among all events of a log group: they are ordered by it."""

    timestamp_ms: int
    sequence: int  # of the invocation
    number: int  # within the invocation's log


class StreamFacts(NamedTuple):
    """What a log stream holds."""

    log_group: str
    log_stream: str
    first_ms: int
    last_ms: int
    stored_bytes: int


class FoundEvent(NamedTuple):
    """One event of a log group."""

    position: LogPosition
    log_stream: str
    ingested_ms: int
    message: str


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which events of a log group are asked for.

    Attributes:
        log_group: Whose.
        log_streams: Of these streams only; None: of all.
        prefix: Of streams whose names begin with it.
        start_ms: Not before; epoch milliseconds.
        end_ms: Before this moment.
        beyond: Only what stands after it, or before it where `backward`.
        backward: The last ones instead of the first ones; events come in ascending order all the same.
        limit: At most so many.
        bytes_max: At most so many bytes of messages, but one event at least.
        matches: Which messages.
    """

    log_group: str
    log_streams: tuple[str, ...] | None = None
    prefix: str = ""
    start_ms: int = 0
    end_ms: int = 2**62
    beyond: LogPosition | None = None
    backward: bool = False
    limit: int = 10_000
    bytes_max: int = 1_048_576
    matches: Callable[[str], bool] | None = None


class LogPage(NamedTuple):
    """Events in ascending order; `more` is where the search stopped before it had seen everything."""

    events: tuple[FoundEvent, ...]
    more: LogPosition | None
