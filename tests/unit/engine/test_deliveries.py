"""Messages are kept until their target took them, or refused them (engine/deliveries.py)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest

from jupyter_lambda.engine import deliveries as room
from jupyter_lambda.engine.aws_endpoint import AwsEndpoint
from jupyter_lambda.engine.deliveries import Deliveries, Sender, TargetRefused
from jupyter_lambda.store.protocol import Delivery, PutDelivery
from jupyter_lambda.testing.clock import ManualClock
from jupyter_lambda.testing.store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def message(delivery_id: str = "a", accepted: float = 0.0) -> Delivery:
    return Delivery(
        delivery_id=delivery_id, function_name="f", target="arn:aws:sqs:us-east-1:000000000000:q", body=b"1", accepted=accepted
    )


class Waits(ManualClock):
    """Waiting takes no time, and moves the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)


class Target:
    """Answers each message with the next of its faults, then takes it."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.taken: list[str] = []

    def __call__(self, delivery: Delivery) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.taken.append(delivery.delivery_id)


class Desk:
    """Deliveries with a store that has what they take."""

    def __init__(self, tmp_path: Path, send: Callable[[Delivery], None]) -> None:
        self.clock = Waits()
        self.store = MemoryStore(tmp_path, self.clock)
        self.settled = asyncio.Event()
        self.deliveries = Deliveries(self.store, self.clock, send, self.settled.set)

    async def take(self, delivery: Delivery) -> None:
        self.settled.clear()
        await self.store.commit([PutDelivery(delivery)])
        self.deliveries.take(delivery)
        async with asyncio.timeout(5):
            await self.settled.wait()

    async def kept(self) -> list[Delivery]:
        return list((await self.store.load()).deliveries)


async def test_a_target_that_cannot_be_reached_is_tried_again_later_and_later(tmp_path: Path) -> None:
    target = Target(*[OSError("nobody there")] * 3)
    desk = Desk(tmp_path, target)
    await desk.take(message(accepted=desk.clock.epoch()))
    assert (target.taken, desk.clock.waited) == (["a"], [1.0, 2.0, 4.0])
    assert await desk.kept() == []
    assert len(desk.deliveries) == 0


async def test_a_refusal_is_final_and_kept_with_its_reason(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Target(TargetRefused("no such queue")))
    await desk.take(message(accepted=desk.clock.epoch()))
    (failed,) = await desk.kept()
    assert (failed.failure, failed.ended, desk.clock.waited) == ("no such queue", desk.clock.epoch(), [])
    assert desk.deliveries.failed == (failed,)


@pytest.mark.parametrize(("dead_letter", "metric"), [(True, "DeadLetterErrors"), (False, "DestinationDeliveryFailures")])
async def test_what_was_given_up_is_counted(tmp_path: Path, dead_letter: bool, metric: str) -> None:
    desk = Desk(tmp_path, Target(TargetRefused("no such queue")))
    await desk.take(msgspec.structs.replace(message(accepted=desk.clock.epoch()), dead_letter=dead_letter))
    (point,) = (await desk.store.metric_facts(None, 0.0, 2**40)).points
    assert (point.metric, point.value, point.moment) == (metric, 1.0, desk.clock.epoch())


async def test_a_message_does_not_get_older_than_an_event(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Target(*[OSError("nobody there")] * 100))
    await desk.take(message(accepted=desk.clock.epoch()))
    (failed,) = await desk.kept()
    assert failed.failure == "nobody there"
    assert room.AGE_MAX_SECONDS - room.BACK_OFF_MAX_SECONDS < sum(desk.clock.waited) <= room.AGE_MAX_SECONDS


async def test_the_oldest_failures_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "FAILED_KEPT", 2)
    desk = Desk(tmp_path, Target(*[TargetRefused("no")] * 3))
    for number in range(3):
        await desk.take(message(str(number), accepted=desk.clock.epoch() + number))
    assert [one.delivery_id for one in await desk.kept()] == ["1", "2"]


async def test_what_an_earlier_engine_kept_is_taken_up(tmp_path: Path) -> None:
    target = Target()
    desk = Desk(tmp_path, target)
    desk.deliveries.load([message("a"), msgspec.structs.replace(message("b"), failure="no", ended=1.0)])
    async with asyncio.timeout(5):
        await desk.settled.wait()
    assert target.taken == ["a"]
    assert [one.delivery_id for one in desk.deliveries.failed] == ["b"]


async def test_without_an_endpoint_it_says_so(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Sender(AwsEndpoint(None, region="us-east-1")))
    await desk.take(message(accepted=desk.clock.epoch()))
    (failed,) = await desk.kept()
    assert failed.failure == "the engine knows no AWS endpoint. Start it with --aws-endpoint URL."
