"""What a page is told of a window's changes (api/merged_stream.py)."""

from __future__ import annotations

import pytest

from jupyter_lambda.api.merged_stream import RECORDS_MAX, merge
from jupyter_lambda.engine.live import Change, Live
from jupyter_lambda.model.engine_api import WindowCounts
from jupyter_lambda.model.invocation import InvocationRecord, Status


def ended(number: int, name: str = "f", status: Status = Status.SUCCEEDED, *, cold: bool = False) -> Change:
    record = InvocationRecord(request_id=f"r-{number}", function_name=name, version="1", status=status, cold=cold)
    return Change(number, "invocation", record)


def test_records_come_in_order_with_their_counts():
    changes = [ended(1, cold=True), ended(2, "g"), ended(3, status=Status.FAILED), ended(4, status=Status.THROTTLED)]

    kept, counts = merge(changes)

    assert kept == changes
    assert counts == [
        WindowCounts(function_name="f", invocations=2, errors=1, throttles=1, cold_starts=1),
        WindowCounts(function_name="g", invocations=1),
    ]


def test_a_storm_keeps_the_latest_records_and_every_count():
    kept, counts = merge([ended(n) for n in range(500)] + [ended(500, "quiet")])

    assert [c.number for c in kept] == [*range(500 - RECORDS_MAX, 500), 500]
    assert [(c.function_name, c.invocations) for c in counts] == [("f", 500), ("quiet", 1)]


def test_of_a_name_that_changed_twice_the_last_word_counts():
    kept, counts = merge([Change(1, "function-deleted", "f"), Change(2, "event", "e"), Change(3, "function-deleted", "f")])

    assert [c.number for c in kept] == [2, 3]
    assert counts == []


@pytest.mark.asyncio
async def test_a_touch_wakes_watchers_and_changes_nothing():
    live = Live()
    with live.watch() as watcher:
        live.touch()
        await watcher.news()
        assert (watcher.take(), live.number) == ([], 0)
        live.publish("event", "e")
        live.close()
        await watcher.news()
        assert watcher.take() == []
        assert watcher.ended
