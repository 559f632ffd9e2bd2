"""What an ended event brings about is kept in the transaction that ends it (engine/event_queue.py)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.engine.destinations import EndedEvent, Following
from jupyter_lambda.engine.event_queue import EventQueue
from jupyter_lambda.model.invocation import InvocationRecord, InvocationResult
from jupyter_lambda.scheduling.retries import RetryPolicy
from jupyter_lambda.store.protocol import Delivery, QueuedEvent
from jupyter_lambda.testing.clock import ManualClock
from jupyter_lambda.testing.store import MemoryStore

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.engine.invocations import InvokeRequest, Outcome

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def event(request_id: str, due: float) -> QueuedEvent:
    return QueuedEvent(request_id=request_id, function_name="f", qualifier=None, payload=b"1", accepted=due, due=due)


async def test_the_following_event_is_kept_as_the_first_one_ends(tmp_path: Path) -> None:
    clock, settled = ManualClock(), asyncio.Event()
    store = MemoryStore(tmp_path, clock)
    following = event("second", clock.epoch() + 3_600.0)
    message = Delivery(delivery_id="m", function_name="f", target="arn:aws:sqs:us-east-1:000000000000:q", body=b"2", accepted=1.0)
    told: list[EndedEvent] = []

    async def run(request: InvokeRequest) -> Outcome:
        return InvocationResult(
            payload=b"2", record=InvocationRecord(request_id=request.request_id, function_name="f", version="1")
        )

    def follow(ended: EndedEvent) -> Following:
        told.append(ended)
        return Following(events=(following,), deliveries=(message,))

    taken: list[Delivery] = []
    queue = EventQueue(store, clock, lambda _: RetryPolicy(), run, lambda _: settled.set(), follow, taken.append)
    await queue.accept(event("first", clock.epoch()))
    async with asyncio.timeout(5):
        await settled.wait()

    kept = await store.load()
    assert (kept.events, kept.deliveries, taken) == ((following,), (message,), [message])
    assert len(queue) == 1
    assert [(one.condition, one.attempts) for one in told] == [("Success", 1)]
    await queue.aclose()
