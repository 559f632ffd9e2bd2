"""Retention of a log group holds for whoever reads, on the disk, and after a restart (engine/log_groups.py, api/aws/logs/)."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.api.aws.logs.events import filter_log_events, get_log_events
from jupyter_lambda.api.aws.logs.groups import describe_log_streams
from jupyter_lambda.engine.log_groups import EXPIRY_SECONDS, LogGroups
from jupyter_lambda.errors import NotFound
from jupyter_lambda.model.invocation import InvocationRecord
from jupyter_lambda.model.logs import LogQuery
from jupyter_lambda.testing.clock import ManualClock
from jupyter_lambda.testing.store import MemoryStore

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.store.protocol import Store
    from tests.integration.engine.conftest import Bench, MakeEngine

pytestmark = pytest.mark.asyncio
GROUP, DAY = "/aws/lambda/f", 86_400.0


def log(store: Store, arrived: float, stream: str = "s") -> None:
    record = InvocationRecord(request_id=f"r{arrived}", function_name="f", version="1", arrived=arrived, log_stream=stream)
    store.record(record, f"line at {arrived:.0f}\n".encode())


async def stored(store: Store) -> list[str]:
    return [event.message for event in (await store.find_log_events(LogQuery(log_group=GROUP))).events]


async def shown(bench: Bench) -> list[str]:
    return [event["message"] for event in (await filter_log_events(bench.engine, {"logGroupName": GROUP}))["events"]]


async def test_what_is_older_than_retention_is_gone_from_the_disk(make: MakeEngine) -> None:
    bench = await make()
    now = time.time()  # noqa: TID251
    for age in (3.0, 2.0, 0.5):
        log(bench.engine.store, now - age * DAY)
    assert len(await stored(bench.engine.store)) == 3
    await bench.engine.log_groups.keep_for(GROUP, 1)
    assert await stored(bench.engine.store) == [f"line at {now - 0.5 * DAY:.0f}\n"]
    assert len(await bench.engine.store.invocations("f")) == 3


async def test_what_is_older_is_not_shown_though_it_is_still_stored(make: MakeEngine) -> None:
    bench = await make()
    now = time.time()  # noqa: TID251
    log(bench.engine.store, now)
    await bench.engine.log_groups.keep_for(GROUP, 1)
    log(bench.engine.store, now - 2 * DAY)
    log(bench.engine.store, now - 2 * DAY, "old")
    assert len(await stored(bench.engine.store)) == 3
    assert await shown(bench) == [f"line at {now:.0f}\n"]
    answer = await get_log_events(bench.engine, {"logGroupName": GROUP, "logStreamName": "s", "startFromHead": True})
    assert [event["message"] for event in answer["events"]] == [f"line at {now:.0f}\n"]
    streams = (await describe_log_streams(bench.engine, {"logGroupName": GROUP}))["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == ["s"]


async def test_retention_holds_after_a_restart(make: MakeEngine) -> None:
    bench = await make()
    log(bench.engine.store, time.time())  # noqa: TID251
    await bench.engine.log_groups.keep_for(GROUP, 3)
    await bench.engine.aclose()
    again = await make()
    group = await again.engine.log_groups.find(GROUP)
    assert group.retention_days == 3
    await again.engine.log_groups.keep_for(GROUP, None)
    assert (await again.engine.log_groups.find(GROUP)).retention_days is None


async def test_retention_goes_on_while_the_engine_runs(tmp_path: Path) -> None:
    clock = ManualClock()
    store = MemoryStore(tmp_path, clock)
    groups = LogGroups(store, clock)
    log(store, clock.epoch())
    await groups.keep_for(GROUP, 1)
    groups.load((await store.load()).resources)
    assert len(await stored(store)) == 1
    async with asyncio.timeout(5):
        while await stored(store):
            await clock.until_sleeping()
            clock.advance(EXPIRY_SECONDS)
            await asyncio.sleep(0)  # lets whoever was woken run
    await groups.aclose()


async def test_a_group_that_nobody_wrote_to_is_none(make: MakeEngine) -> None:
    bench = await make()
    with pytest.raises(NotFound, match="none"):
        await bench.engine.log_groups.keep_for(GROUP, 1)
