"""Asynchronous invocations: kept before they are acknowledged, run when due, tried again, given up.

An event is in the store from its acknowledgement until it ended, so a killed engine takes it up again at its next start; then an
attempt that was running may run twice, as Lambda's at-least-once delivery allows.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from typing import TYPE_CHECKING

import msgspec

from jupyter_lambda.engine.background import Background
from jupyter_lambda.engine.destinations import EndedEvent, Following
from jupyter_lambda.engine.invocations import InvokeRequest, Outcome
from jupyter_lambda.errors import JupyterLambdaError, NotFound, Throttled
from jupyter_lambda.model.invocation import InvocationResult, Status
from jupyter_lambda.model.metrics import MetricPoint
from jupyter_lambda.scheduling.retries import Again, GivenUp, RetryPolicy, after_attempt
from jupyter_lambda.store.protocol import AddPoint, DeleteEvent, Delivery, PutEvent, QueuedEvent, Store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Invoke = Callable[[InvokeRequest], Awaitable[Outcome]]

    from jupyter_lambda.clock import Clock

log = logging.getLogger(__name__)


class EventQueue:
    """Runs queued events through `invoke`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        policy_of: Callable[[QueuedEvent], RetryPolicy],
        invoke: Invoke,
        settled: Callable[[str], None],
        follow: Callable[[EndedEvent], Following],
        deliver: Callable[[Delivery], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._policy_of = policy_of  # asked after each attempt: what is put meanwhile holds for what is queued
        self._invoke = invoke
        self._follow = follow  # what an ended event brings about: the event or the message of its destination
        self._deliver = deliver
        self._settled = settled  # told the request id after each attempt, once what follows it is kept
        self._heap: list[tuple[float, str]] = []
        self._events: dict[str, QueuedEvent] = {}
        self._throttles: dict[str, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._background = Background(asyncio.get_running_loop(), log)
        self._closed = False

    def __len__(self) -> int:
        """Events that were acknowledged and have not ended."""
        return len(self._events)

    def load(self, events: tuple[QueuedEvent, ...]) -> None:
        """Take up what an earlier engine had accepted."""
        for event in events:
            self._put(event)
        self._look()

    async def accept(self, event: QueuedEvent) -> None:
        """Keep the event; it is acknowledged once this returns (DiskFull, StoreError)."""
        await self._store.commit([PutEvent(event), _count(event, "AsyncEventsReceived", event.accepted)])
        self._put(event)
        self._look()

    def forget_function(self, name: str) -> None:
        """The function was deleted, and its events with it."""
        for event in [e for e in self._events.values() if e.function_name == name]:
            self._events.pop(event.request_id, None)

    async def aclose(self) -> None:
        """Stop; what is queued stays in the store. Safe to call twice."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        await self._background.aclose()

    def _put(self, event: QueuedEvent) -> None:
        self._events[event.request_id] = event
        heapq.heappush(self._heap, (event.due, event.request_id))

    def _look(self) -> None:
        """Start what is due and set the timer for what is next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._clock.epoch()
        while self._heap and not self._closed:
            due, request_id = self._heap[0]
            event = self._events.get(request_id)
            if event is None or event.due != due:
                heapq.heappop(self._heap)  # ended, or queued again under another time
            elif due <= now:
                heapq.heappop(self._heap)
                self._run(event)
            else:
                self._timer = asyncio.get_running_loop().call_later(due - now, self._look)
                return

    def _run(self, event: QueuedEvent) -> None:
        self._background.spawn(self._attempt(event))

    async def _attempt(self, event: QueuedEvent) -> None:
        request = InvokeRequest(
            function_name=event.function_name, payload=event.payload, qualifier=event.qualifier, request_id=event.request_id,
            invocation_type="Event", trace_id=event.trace_id, attempt=event.attempt + 1, patient=True,
        )  # fmt: skip
        outcome = await self._invoke(request)
        if self._closed or event.request_id not in self._events:
            return
        now = self._clock.epoch()
        if isinstance(outcome, NotFound):
            await self._end(event, Following(), [_count(event, "AsyncEventsDropped", now)])
            return
        figures = _age(event, outcome)
        status = _status(outcome)
        counts = status not in (Status.THROTTLED, Status.LOST)
        throttles = 0 if counts else self._throttles.get(event.request_id, 0) + 1
        attempts = event.attempt + (1 if counts else 0)
        verdict = after_attempt(
            self._policy_of(event),
            status=status,
            attempts=attempts,
            throttles=throttles,
            accepted=event.accepted,
            now=now,
        )
        if not isinstance(verdict, Again):
            condition = verdict.condition if isinstance(verdict, GivenUp) else "Success"
            tells = status is not Status.CANCELLED
            if isinstance(verdict, GivenUp):
                figures.append(_count(event, "AsyncEventsDropped", now))
            following = self._follow(EndedEvent(event, outcome, condition, attempts)) if tells else Following()
            await self._end(event, following, figures)
            return
        self._throttles[event.request_id] = throttles
        later = msgspec.structs.replace(event, attempt=attempts, due=verdict.due)
        await self._store.commit([PutEvent(later), *figures])
        self._put(later)
        self._settled(event.request_id)
        self._look()

    async def _end(self, event: QueuedEvent, following: Following, figures: list[AddPoint]) -> None:
        figures += [_count(received, "AsyncEventsReceived", received.accepted) for received in following.events]
        await self._store.commit([DeleteEvent(event.request_id), *following.changes, *figures])
        self._events.pop(event.request_id, None)
        for next_event in following.events:
            self._put(next_event)
            self._look()
        for delivery in following.deliveries:
            self._deliver(delivery)
        self._throttles.pop(event.request_id, None)
        self._settled(event.request_id)


def _count(event: QueuedEvent, metric: str, moment: float, value: float = 1.0) -> AddPoint:
    """A figure of an event, for the transaction that it belongs to."""
    return AddPoint(
        MetricPoint(function_name=event.function_name, qualifier=event.qualifier, metric=metric, moment=moment, value=value)
    )


def _age(event: QueuedEvent, outcome: Outcome) -> list[AddPoint]:
    """How long an event had waited when its function began to run; nothing where it did not."""
    if not isinstance(outcome, InvocationResult):
        return []
    began = outcome.record.arrived + outcome.record.queued_ms / 1000.0
    return [_count(event, "AsyncEventAge", began, max(0.0, began - event.accepted) * 1000.0)]


def _status(outcome: Outcome) -> Status:
    if isinstance(outcome, Throttled):
        return Status.THROTTLED
    return Status.LOST if isinstance(outcome, JupyterLambdaError) else outcome.record.status
