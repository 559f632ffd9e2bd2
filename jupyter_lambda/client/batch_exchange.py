"""Feeding and reading a batch connection from one thread, without ever waiting for the one while the other could go on.

Events are taken when there is room for them: at most `window` of them are unanswered, and at most some megabytes. Taking one runs the
caller's code (a generator), in the caller's thread; between two of them whatever arrived is read.

Failures, and where each goes:
* the caller's generator raises, or an event can't be encoded  → goes up; whoever owns the connection closes it, and the engine cancels
* the engine goes away                                         → CutOff
* a kernel interrupt                                           → goes up, as above
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Final

from jupyter_lambda.client.batch_frames import EVENTS_MAX, NO_MORE_EVENTS, Answered, AnswerFrames, event_frame
from jupyter_lambda.client.http_answer import CutOff
from jupyter_lambda.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jupyter_lambda.client.engine_client import OpenBatch
    from jupyter_lambda.clock import Clock

_READ_BYTES: Final = 262_144
_UNANSWERED_BYTES_MAX: Final = 64 * 1024**2  # a window of large events must not fill the engine's memory
_OUTBOX_BYTES: Final = 262_144
_LOT_EVENTS: Final = 64
_FEED_SECONDS: Final = 0.02  # so long events may be taken before answers are looked for
_TICK_SECONDS: Final = 0.1  # so often the caller gets a turn while nothing arrives


class BatchExchange:
    """One batch on its connection.

    Args:
        opened: The connection, which stays its owner's.
        events: Encoded events with their indices.
        may_feed: Whether the caller has room for more answers.
        clock: What time it is.
    """

    def __init__(
        self, opened: OpenBatch, events: Iterator[tuple[int, bytes]], may_feed: Callable[[], bool], clock: Clock
    ) -> None:
        self._socket = opened.connection.socket
        self._socket.setblocking(False)
        self._frames = AnswerFrames(opened.connection.take_buffered())
        self._window = opened.window
        # Events go in lots of some dozens: one by one, each would cost both sides a turn of their loops.
        self._refill_below = opened.window - min(_LOT_EVENTS, opened.window // 8)
        self._events = events
        self._may_feed = may_feed
        self._clock = clock
        self._sizes: dict[int, int] = {}  # of the unanswered
        self._unanswered_bytes = 0
        self._outbox: list[bytes] = []  # frames that wait for those on their way
        self._outbox_bytes = 0
        self._on_way = memoryview(b"")
        self._exhausted = False
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._polls_for_room = False

    @property
    def unanswered(self) -> int:
        """Events that were sent and have no answer yet."""
        return len(self._sizes)

    def rounds(self) -> Iterator[list[Answered]]:
        """What arrives, as it arrives; an empty list is a turn in which nothing did. Ends when every event was answered.

        Raises:
            CutOff: The engine went away.
        """
        while not self._frames.ended:
            self._feed()
            self._send()
            yield self._settle(self._receive(0.0 if self._has_room(self._refill_below) else _TICK_SECONDS))

    def _has_room(self, events: int) -> bool:
        """Whether one more event may be taken, as long as fewer than so many are unanswered."""
        return (
            not self._exhausted
            and len(self._sizes) < events
            and self._unanswered_bytes < _UNANSWERED_BYTES_MAX
            and self._outbox_bytes < _OUTBOX_BYTES
            and self._may_feed()
        )

    def _feed(self) -> None:
        if not self._has_room(self._refill_below):
            return
        until = self._clock.monotonic() + _FEED_SECONDS
        while self._has_room(self._window):
            event = next(self._events, None)
            if event is None:
                self._exhausted = True
                self._put(NO_MORE_EVENTS)
                return
            index, payload = event
            if index > EVENTS_MAX:
                raise RequestError("batch", f"more than {EVENTS_MAX:,} events", "Start another one.")
            self._sizes[index] = len(payload)
            self._unanswered_bytes += len(payload)
            self._put(event_frame(index, payload))
            if self._clock.monotonic() >= until:
                return

    def _put(self, frame: bytes) -> None:
        self._outbox.append(frame)
        self._outbox_bytes += len(frame)

    def _send(self) -> None:
        """Send what the connection takes now."""
        if not self._on_way and self._outbox:
            self._on_way = memoryview(b"".join(self._outbox))
            self._outbox.clear()
        if not self._on_way:
            return
        try:
            sent = self._socket.send(self._on_way)
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError) as error:
            raise CutOff("the engine ended in the middle of the batch") from error
        self._on_way = self._on_way[sent:]
        self._outbox_bytes -= sent

    def _receive(self, seconds: float) -> list[Answered]:
        """The answers that arrive within so many seconds; returns early when there is room to send again."""
        if self._polls_for_room != bool(self._outbox_bytes):
            self._polls_for_room = not self._polls_for_room
            self._poll.modify(self._socket, select.POLLIN | (select.POLLOUT if self._polls_for_room else 0))
        ready = self._poll.poll(seconds * 1_000)
        if not ready or not ready[0][1] & ~select.POLLOUT:
            return []
        try:
            received = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return []
        except ConnectionResetError as error:
            raise CutOff("the engine ended in the middle of the batch") from error
        if not received:
            raise CutOff("the engine ended in the middle of the batch")
        return self._frames.feed(received)

    def _settle(self, answers: list[Answered]) -> list[Answered]:
        for answer in answers:
            self._unanswered_bytes -= self._sizes.pop(answer.number, 0)
        return answers
