"""An invocation's log becomes the events that CloudWatch Logs shows, each with its time (log_events.py, line_times.py, log_search.py)."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from jupyter_lambda.model.invocation import InvocationRecord
from jupyter_lambda.model.logs import LogPosition, LogQuery
from jupyter_lambda.telemetry.line_times import MARKS_MAX, LineTimes, written_ms
from jupyter_lambda.telemetry.log_events import EVENT_BYTES_MAX, events_of, log_group_of, log_span_ms
from jupyter_lambda.telemetry.log_search import SCANNED_BYTES_MAX, StoredLog, search

ID = "0b7e1f4c-0000-4000-8000-000000000000"


def record(arrived=100.0, stream="s", **members):
    return InvocationRecord(request_id="r", function_name="f", version="1", arrived=arrived, log_stream=stream, **members)


def messages(log, **members):
    return [event.message for event in events_of(record(**members), log.encode())]


def test_a_line_is_an_event_with_its_newline():
    assert messages("START\nhello\n\nEND\nlast") == ["START\n", "hello\n", "\n", "END\n", "last"]


@pytest.mark.parametrize(
    "event",
    [
        '[ERROR] ValueError: boom\nTraceback (most recent call last):\n\xa0\xa0File "f.py"\n\xa0\xa0\xa0\xa0raise\n',
        f"RequestId: {ID} Error: Runtime exited with error: exit status 1\nRuntime.ExitError\n",
        f"2026-11-24T10:00:00.000Z {ID} Task timed out after 3.00 seconds\n\n",
    ],
)
def test_what_lambda_writes_at_once_is_one_event(event):
    assert messages(f"START\n{event}END\n") == ["START\n", event, "END\n"]


def test_a_traceback_that_somebody_prints_is_lines():
    assert len(messages("oops\nTraceback (most recent call last):\nRuntime.ExitError\n")) == 3


def test_a_line_that_is_too_long_is_cut():
    assert [len(m) for m in messages("a\n" + "x" * (EVENT_BYTES_MAX + 5) + "\nb\n")] == [2, EVENT_BYTES_MAX, 6, 2]
    assert [e.number for e in events_of(record(), b"a\n" + b"x" * (EVENT_BYTES_MAX + 5) + b"\nb\n")] == [0, 1, 2, 3]


def test_events_have_the_times_of_their_marks():
    log, marks = b"INIT\nSTART\nEND\n", ((0, -7), (11, 40))
    assert [e.timestamp_ms for e in events_of(record(log_times=marks), log)] == [99_993, 99_993, 100_040]
    assert log_span_ms(record(log_times=marks)) == (99_993, 100_040)
    assert log_span_ms(record(log_times=((5, 3),))) == (100_000, 100_003)
    assert log_span_ms(record()) == (100_000, 100_000)


def test_a_functions_own_group_or_the_one_that_was_chosen():
    assert [log_group_of(record()), log_group_of(record(log_group="/mine"))] == ["/aws/lambda/f", "/mine"]


def test_marks_stay_few_and_right():
    times = LineTimes()
    for n in range(5_000):
        times.note(n * 10, 50.0 + n * 0.01)
    marks = times.take(50.0)
    assert len(marks) <= MARKS_MAX
    assert marks[0] == (0, 0)
    assert list(marks) == sorted(marks)
    gap = max(later[1] - earlier[1] for earlier, later in pairwise(marks))
    for n in range(0, marks[-1][0] // 10, 97):
        assert 0 <= n * 10 - written_ms(marks, n * 10) <= gap
    assert times.take(50.0) == ()


def test_what_is_written_within_a_millisecond_needs_no_marks():
    times = LineTimes()
    for n in range(5):
        times.note(n, 7.0 + n * 0.0001)
    assert times.take(7.0) == ()


def overlapping(count=60):
    chance = random.Random(3)
    logs = []
    for sequence in range(1, count + 1):
        marks = ((0, chance.randrange(50)), (2, chance.randrange(50, 3000)))
        made = record(round(chance.uniform(100, 110), 3), f"s{sequence % 5}", log_times=marks)
        logs.append(StoredLog(sequence, made, f"a\n{sequence}\n".encode()))
    return sorted(logs, key=lambda stored: (log_span_ms(stored.record)[0], stored.sequence))


def pages(query, logs):
    found, more = [], None
    while True:
        page = search(LogQuery(log_group="g", **query, beyond=more), logs)
        found.append(page.events)
        more = page.more
        if more is None:
            return found


def test_events_of_invocations_that_overlap_come_by_their_times():
    every = search(LogQuery(log_group="g"), overlapping()).events
    assert len(every) == 120
    assert list(every) == sorted(every)


@pytest.mark.parametrize("query", [{"limit": 7}, {"bytes_max": 200}, {"limit": 7, "start_ms": 103_000, "end_ms": 107_000}])
def test_pages_make_the_whole(query):
    whole = search(LogQuery(log_group="g", **{k: v for k, v in query.items() if k.endswith("_ms")}), overlapping()).events
    found = pages(query, overlapping())
    assert [event for page in found for event in page] == list(whole)
    assert len(found) > 5
    assert all(len(page) <= 7 for page in found)


def test_a_stream_is_read_from_its_end_as_well():
    logs = [StoredLog(n, record(100.0 + n), f"a{n}\nb{n}\n".encode()) for n in range(5)]
    page = search(LogQuery(log_group="g", backward=True, limit=3), reversed(logs))
    assert [event.message for event in page.events] == ["b3\n", "a4\n", "b4\n"]
    page = search(LogQuery(log_group="g", backward=True, limit=3, beyond=page.more), reversed(logs))
    assert [event.message for event in page.events] == ["a2\n", "b2\n", "a3\n"]


def test_the_way_back_is_the_way_there():
    logs = sorted(overlapping(), key=lambda stored: (log_span_ms(stored.record)[1], stored.sequence), reverse=True)
    found = pages({"limit": 7, "backward": True}, logs)
    assert [event for page in reversed(found) for event in page] == list(search(LogQuery(log_group="g"), overlapping()).events)


def test_an_event_that_is_larger_than_a_page_comes_alone():
    logs = [StoredLog(1, record(), b"x" * 500 + b"\ny\n")]
    page = search(LogQuery(log_group="g", bytes_max=100), logs)
    assert [len(event.message) for event in page.events] == [501]
    assert page.more == LogPosition(100_000, 1, 0)


def test_a_search_that_finds_nothing_says_where_it_stopped():
    line = b"x" * 250_000 + b"\n"
    logs = [StoredLog(n, record(100.0 + n), line) for n in range(SCANNED_BYTES_MAX // len(line) + 10)]
    page = search(LogQuery(log_group="g", matches=lambda message: False), logs)
    assert page.events == ()
    assert page.more is not None
    assert search(LogQuery(log_group="g", matches=lambda message: False, beyond=page.more), logs).more is None
