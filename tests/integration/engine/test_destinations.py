"""The outcome of an asynchronous event goes to a destination function, as AWS's record (engine/destinations.py).

Source: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from jupyter_lambda.engine.invocations import InvokeRequest
from jupyter_lambda.model import limits
from jupyter_lambda.model.function_settings import EventInvokeConfig
from jupyter_lambda.store.protocol import PutFunction
from jupyter_lambda.testing.sandbox import FakeSandbox, HandlerRaisedError, Turn

if TYPE_CHECKING:
    from tests.integration.engine.conftest import Bench, MakeEngine

pytestmark = pytest.mark.asyncio
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"


class Told:
    """What the destination `told` was called with; `f` answers or fails."""

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails
        self.calls = 0
        self.records: asyncio.Queue[Any] = asyncio.Queue()

    async def __call__(self, turn: Turn) -> bytes:
        event = json.loads(turn.event)
        if isinstance(event, dict) and "requestContext" in event:
            self.records.put_nowait(event)
            return b"null"
        self.calls += 1
        if self.fails:
            raise HandlerRaisedError("ValueError", "no")
        return b'{"done": true}'

    async def record(self) -> Any:
        async with asyncio.timeout(5):
            return await self.records.get()


async def bench_with(make: MakeEngine, told: Told, **config: Any) -> Bench:
    bench = await make(FakeSandbox(told), async_retry_base_seconds=0.01)
    await bench.deploy("told")
    kept = EventInvokeConfig(last_modified=0.0, on_success=f"{ARN}told", on_failure=f"{ARN}told", **config)
    await bench.engine.changes.change_settings("f", event_invoke=lambda _, __: {"$LATEST": kept})
    return bench


def event() -> InvokeRequest:
    return InvokeRequest(function_name="f", payload=b'{"a": 1}', request_id="r-1", invocation_type="Event")


async def until_an_event_ended(bench: Bench) -> None:
    with bench.engine.live.watch() as watcher:
        await bench.engine.accept_event(event())
        async with asyncio.timeout(5):
            async for change in watcher.changes():
                if change.kind == "event":
                    break


async def delivery_failures(bench: Bench) -> list[str]:
    """The functions whose records could not be delivered."""
    facts = await bench.engine.store.metric_facts(None, 0.0, 1e12)
    return [point.function_name for point in facts.points if point.metric == "DestinationDeliveryFailures"]


async def test_success_is_told(make: MakeEngine) -> None:
    told = Told(fails=False)
    bench = await bench_with(make, told)
    await bench.engine.accept_event(event())
    record = await told.record()
    assert record.pop("timestamp").endswith("Z")
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": "r-1", "functionArn": f"{ARN}f:$LATEST", "condition": "Success", "approximateInvokeCount": 1,
        },
        "requestPayload": {"a": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"done": True},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("config", "attempts"), [({}, 3), ({"maximum_retry_attempts": 0}, 1), ({"maximum_retry_attempts": 1}, 2)]
)
async def test_a_failure_is_told_after_its_retries(make: MakeEngine, config: dict[str, int], attempts: int) -> None:
    told = Told(fails=True)
    bench = await bench_with(make, told, **config)
    await bench.engine.accept_event(event())
    record = await told.record()
    assert told.calls == attempts
    assert (record["requestContext"]["condition"], record["requestContext"]["approximateInvokeCount"]) == (
        "RetriesExhausted",
        attempts,
    )
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorType"] == "ValueError"


async def test_an_event_that_grew_too_old_is_told(make: MakeEngine) -> None:
    told = Told(fails=True)
    bench = await bench_with(make, told, maximum_age_seconds=0)
    await bench.engine.accept_event(event())
    assert (await told.record())["requestContext"]["condition"] == "EventAgeExceeded"


async def test_nothing_runs_with_a_reserved_concurrency_of_zero(make: MakeEngine) -> None:
    told = Told(fails=False)
    bench = await bench_with(make, told)
    await bench.engine.catalog.change("f", lambda e: [PutFunction(msgspec.structs.replace(e.function, reserved_concurrency=0))])
    await bench.engine.accept_event(event())
    record = await told.record()
    assert (record["requestContext"]["condition"], record["requestContext"]["approximateInvokeCount"]) == (
        "ZeroReservedConcurrency",
        0,
    )
    assert "responseContext" not in record
    assert told.calls == 0


async def test_a_destination_that_can_not_be_reached_ends_the_event(make: MakeEngine) -> None:
    told = Told(fails=False)
    bench = await bench_with(make, told)
    queue = EventInvokeConfig(last_modified=0.0, on_success="arn:aws:sqs:us-east-1:000000000000:q")
    await bench.engine.changes.change_settings("f", event_invoke=lambda _, __: {"$LATEST": queue})
    await until_an_event_ended(bench)
    assert len(bench.engine.queue) == 0


@pytest.mark.parametrize(
    "target",
    [
        f"{ARN}gone",
        f"{ARN}told:7",
        "arn:aws:lambda:eu-west-1:000000000000:function:told",
        "arn:aws:lambda:us-east-1:111111111111:function:told",
        "arn:aws:lambda:us-east-1:000000000000:layer:x:y:1",
    ],
)
async def test_a_destination_that_is_no_function_here_is_counted(make: MakeEngine, target: str) -> None:
    told = Told(fails=False)
    bench = await bench_with(make, told)
    config = EventInvokeConfig(last_modified=0.0, on_success=target)
    await bench.engine.changes.change_settings("f", event_invoke=lambda _, __: {"$LATEST": config})
    await until_an_event_ended(bench)
    assert await delivery_failures(bench) == ["f"]
    assert told.records.empty()


async def test_a_record_that_is_larger_than_an_event_may_be_is_counted(make: MakeEngine) -> None:
    async def answer(_: Turn) -> bytes:
        return b'"' + b"x" * limits.ASYNC_REQUEST_BYTES_MAX + b'"'

    bench = await make(FakeSandbox(answer))
    config = EventInvokeConfig(last_modified=0.0, on_success=f"{ARN}f")
    await bench.engine.changes.change_settings("f", event_invoke=lambda _, __: {"$LATEST": config})
    await until_an_event_ended(bench)
    assert await delivery_failures(bench) == ["f"]
