from __future__ import annotations

import math
import uuid

from hypothesis import given
from hypothesis import strategies as st

from jupyter_lambda.client import batch_columns
from jupyter_lambda.client.batch_columns import BatchColumns
from jupyter_lambda.model.invocation import InvocationRecord, Status
from jupyter_lambda.telemetry.percentiles import percentile


def record(**values):
    defaults = {"request_id": str(uuid.uuid4()), "function_name": "f", "version": "3", "environment_id": "e1", "duration_ms": 2.0}
    return InvocationRecord(**{**defaults, **values})


def filled(*records):
    columns = BatchColumns()
    for one in records:
        columns.settle(columns.expect(), one)
    return columns


def test_rows_are_filled_in_any_order():
    columns = BatchColumns()
    for _ in range(3):
        columns.expect()
    columns.settle(2, record(duration_ms=7.0, version="4"))
    columns.settle(0, record(duration_ms=5.0, cold=True, init_ms=30.0, start_ms=4.0))

    frame = columns.frame_columns()
    assert (frame["index"], frame["duration_ms"], frame["version"]) == ([0, 2], [5.0, 7.0], ["3", "4"])
    assert frame["init_ms"][0] == 30.0
    assert math.isnan(frame["init_ms"][1])
    assert (columns.answered, columns.cold_starts, len(columns)) == (2, 1, 3)


def test_request_ids_of_any_kind():
    known = str(uuid.uuid4())
    columns = filled(record(request_id=known), record(request_id="odd"), record(request_id=""))

    assert [columns.request_id(i) for i in range(3)] == [known, "odd", None]


def test_failures():
    columns = filled(
        record(status=Status.FAILED, error_type="ValueError", error_message="bad: 3"), record(), record(status=Status.TIMED_OUT)
    )

    assert list(columns.failures()) == [0, 2]
    assert columns.error_text(0) == "ValueError: bad: 3"
    assert columns.error_text(2) == "timed-out"


def test_error_texts_are_bounded(monkeypatch):
    monkeypatch.setattr(batch_columns, "_DISTINCT_MAX", 10)
    columns = filled(*(record(status=Status.FAILED, error_type="E", error_message=f"{n}" * 1000) for n in range(50)))

    assert len(columns.errors.texts) < 15
    assert columns.error_text(49) == "E"
    assert len(columns.error_text(3)) < 600


def test_groups():
    columns = filled(
        record(cold=True, init_ms=100.0, duration_ms=9.0, billed_ms=109, max_memory_mib=80),
        record(duration_ms=1.0, billed_ms=1, max_memory_mib=70),
        record(duration_ms=3.0, billed_ms=3, status=Status.FAILED),
    )

    cold, warm, everything = columns.groups()

    assert (cold.name, cold.events, cold.init_p50_ms, cold.max_memory_mib) == ("cold", 1, 100.0, 80)
    assert (warm.events, warm.failed, warm.duration_p50_ms, warm.duration_max_ms, warm.init_p50_ms) == (2, 1, 1.0, 3.0, None)
    assert (everything.events, everything.billed_ms) == (3, 113)


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=60))
def test_the_running_median_is_near_the_true_one(durations):
    columns = filled(*(record(duration_ms=duration) for duration in durations))

    true = percentile(durations, 50)
    assert true <= columns.running_median_ms() * 1.0001
    assert columns.running_median_ms() <= true * 1.023


def test_nothing_has_no_median():
    assert BatchColumns().running_median_ms() is None
