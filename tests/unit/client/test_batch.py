from __future__ import annotations

import contextlib
import itertools
import signal
import socket
import struct
import threading
import tracemalloc

import msgspec
import pytest

from jupyter_lambda.client import batch as batch_module
from jupyter_lambda.client.batch import Batch
from jupyter_lambda.client.batch_exchange import BatchExchange
from jupyter_lambda.client.batch_frames import event_frame
from jupyter_lambda.client.engine_client import OpenBatch
from jupyter_lambda.client.handle import FunctionHandle
from jupyter_lambda.client.json_boundary import EventTypeError
from jupyter_lambda.client.outcome import BatchCutOff, Failure
from jupyter_lambda.client.transport import Connection
from jupyter_lambda.clock import SystemClock
from jupyter_lambda.errors import EngineUnavailable, FunctionNotFound, RequestError
from jupyter_lambda.model.invocation import InvocationRecord


class Drawn:
    """A display that keeps what was drawn."""

    def __init__(self):
        self.standings = []

    def draw(self, standing):
        self.standings.append(standing)


@pytest.fixture
def picky(server, client):
    """Fails for every tenth event."""

    def handler(event):
        if event["n"] % 10 == 9:
            raise ValueError(f"bad {event['n']}")
        return event["n"] * 2

    server.engine.add("picky", handler)
    return FunctionHandle("picky", client)


def numbered(count):
    return [{"n": n} for n in range(count)]


def test_results_come_in_the_events_order_with_failures_as_data(picky):
    results = list(picky.map(numbered(25)).results())

    assert [r for r in results if not isinstance(r, Failure)] == [2 * n for n in range(25) if n % 10 != 9]
    failures = [r for r in results if isinstance(r, Failure)]
    assert [(f.index, f.type, f.message) for f in failures] == [(9, "ValueError", "bad 9"), (19, "ValueError", "bad 19")]
    assert "raise ValueError" in failures[0].stack[-1]


def test_a_kept_batch_is_read_again_and_again(picky):
    batch = picky.map(numbered(5))

    assert list(batch) == list(batch.results()) == [0, 2, 4, 6, 8]
    assert len(batch) == 5


def test_a_stream_is_read_once(picky):
    batch = picky.map(iter(numbered(5)))
    assert list(batch.results()) == [0, 2, 4, 6, 8]

    with pytest.raises(RequestError, match="once"):
        batch.results()
    assert list(picky.map(iter(numbered(3)), keep=True).results()) == [0, 2, 4]


def test_a_streams_figures_need_no_reader_and_leave_the_results(picky):
    batch = picky.map(iter(numbered(20)))

    assert len(batch.frame()) == 20
    assert [failure.index for failure in batch.errors] == [9, 19]
    assert sum(1 for result in batch.results() if not isinstance(result, Failure)) == 18


def test_a_stream_may_be_finished_in_the_middle_of_reading(picky):
    batch = picky.map(iter(numbered(30)))
    results = batch.results()
    first = [next(results), next(results)]

    assert batch.summary().standing.answered == 30
    assert [*first, *results][:5] == [0, 2, 4, 6, 8]


def test_events_are_taken_as_needed(server, picky):
    taken = []

    def events():
        for event in itertools.count():
            taken.append(event)
            yield {"n": 10 * event}

    with picky.map(events()) as batch:
        assert list(itertools.islice(batch.results(), 10)) == [20 * n for n in range(10)]
    assert len(taken) < 10 + 3 * server.window
    assert batch.standing.ended == "stopped"


@pytest.mark.parametrize("window", [1, 3, 50])
def test_any_window_will_do(server, picky, window):
    server.window = window

    assert list(picky.map(numbered(7)).results()) == [0, 2, 4, 6, 8, 10, 12]


@pytest.mark.parametrize("window", [1, 7, 200])
def test_no_more_events_than_the_window_are_unanswered(window):
    ours, theirs = socket.socketpair()
    frame = event_frame(0, b"{}")
    with ours, theirs:
        opened = OpenBatch(Connection(ours), window)
        exchange = BatchExchange(opened, ((n, b"{}") for n in itertools.count()), lambda: True, SystemClock())
        rounds = exchange.rounds()
        for _ in range(3):  # nothing is answered in any of them
            assert next(rounds) == []

        assert exchange.unanswered == window
        assert len(theirs.recv(1_000_000)) == window * len(frame)


def test_no_events(picky):
    batch = picky.map([])

    assert (list(batch.results()), len(batch), batch.errors) == ([], 0, [])
    assert list(batch.frame()["duration_ms"]) == []
    assert "done" in repr(batch)


def test_large_events_and_results(client, server):
    server.engine.add("mirror")
    server.window = 8
    events = ["x" * 1_500_000 + str(n) for n in range(12)]

    assert list(FunctionHandle("mirror", client).map(events).results()) == events


def test_an_event_that_is_too_large_fails_alone(client, server):
    results = list(FunctionHandle("echo", client).map([1, "x" * 7_000_000, 3]).results())

    assert (results[0], results[2]) == (1, 3)
    assert (results[1].index, results[1].type) == (1, "RequestTooLargeException")
    assert "6,291,456" in results[1].message


def test_a_number_that_json_has_not_fails_alone_too(client):
    results = FunctionHandle("echo", client).map([1, {"n": float("nan")}, 3]).results()

    assert (results[0], results[2]) == (1, 3)
    assert (results[1].index, results[1].type) == (1, "InvalidRequestContentException")
    assert 'events[1]["n"]: it is nan' in results[1].message


def test_an_event_without_json_form_ends_the_batch(picky):
    with pytest.raises(EventTypeError, match=r'events\[3\]\["n"\] is a set'):
        picky.map([*numbered(3), {"n": {1}}])


def test_a_generator_that_raises_ends_the_batch(picky):
    def events():
        yield from numbered(3)
        raise ZeroDivisionError

    batch = picky.map(events())
    with pytest.raises(ZeroDivisionError):
        batch.wait()
    assert batch.standing.ended == "stopped"


def test_an_unknown_function(client):
    with pytest.raises(FunctionNotFound):
        FunctionHandle("nothing", client).map([1])


@pytest.mark.parametrize("concurrency", [0, -1])
def test_concurrency_is_at_least_one(picky, concurrency):
    with pytest.raises(RequestError, match="below one"):
        picky.map([], concurrency=concurrency)


def test_an_engine_that_goes_away_leaves_what_was_answered(server, client, picky):
    def events():
        yield from numbered(server.window)
        while batch.standing.answered < server.window:
            batch_turn = yield {"n": 1}
            assert batch_turn is None
        server.close()
        yield {"n": 2}

    batch = Batch(client, "picky", events(), shown=False)
    with pytest.raises(BatchCutOff, match="the others may have run") as raised:
        batch.wait()

    assert raised.value.batch is batch
    assert isinstance(raised.value, EngineUnavailable)
    assert len(batch.frame()) == batch.standing.answered >= server.window
    assert batch.standing.ended == "cut off"


def test_unanswered_events_of_a_cut_batch_say_so(server, client, picky):
    release = threading.Event()

    def handler(event):
        if event["n"] == 1:
            server.close()
            release.wait(5)
        return event

    server.engine.add("fatal", handler)
    with pytest.raises(BatchCutOff) as raised:
        FunctionHandle("fatal", client).map(numbered(2))
    release.set()

    assert [result.type for result in raised.value.batch.results()] == ["Unanswered", "Unanswered"]


def test_a_keyboard_interrupt_ends_the_batch(server, client):
    server.engine.add("stuck", lambda event: threading.Event().wait(30))
    server.window = 1

    class Interrupt(KeyboardInterrupt):
        """Not mistaken for the tester's own."""

    def interrupt(number, frame):
        raise Interrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    main = threading.main_thread().ident
    pressing = threading.Thread(target=lambda: (server.started.wait(5), signal.pthread_kill(main, signal.SIGUSR1)))
    pressing.start()
    drawn = Drawn()
    batch = Batch(client, "stuck", numbered(2), display=drawn)
    try:
        with pytest.raises(Interrupt):
            batch.wait()
    finally:
        pressing.join()
        signal.signal(signal.SIGUSR1, before)

    assert drawn.standings[-1].ended == "interrupted"
    assert "interrupted" in repr(batch)


def test_a_stream_costs_its_columns_alone():
    """Eighty bytes an event or so, with every result read: a million are 80 MB."""

    class Instant:
        """Answers each event as it comes."""

        def open_batch(self, name, **options):
            return answering_connection()

    count = 6_000
    batch = Batch(Instant(), "any", ({"n": n} for n in range(count)), shown=False)
    results = batch.results()
    for _ in range(1_000):
        next(results)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    rest = sum(1 for _ in results)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    assert rest == count - 1_000
    assert grown < 120 * rest


def answering_connection(skip=-1, window=64):
    """The engine's side of a batch in a thread, echoing all but one event."""
    ours, theirs = socket.socketpair()
    request_id = "11111111-2222-3333-4444-555555555555"
    record = msgspec.json.encode(InvocationRecord(request_id=request_id, function_name="any", version="1", duration_ms=1.0))

    def serve():
        with contextlib.suppress(BrokenPipeError), theirs, theirs.makefile("rb") as reader:
            while True:
                length, index = struct.unpack("<II", reader.read(8) or b"\xff" * 4 + bytes(4))
                if length == 0xFFFFFFFF:
                    break
                body = reader.read(length)
                if index != skip:
                    theirs.sendall(struct.pack("<IIII", index, len(record), length, 0) + record + body)
            theirs.sendall(struct.pack("<IIII", 0xFFFFFFFF, 0, 0, 0))

    threading.Thread(target=serve, daemon=True).start()
    return OpenBatch(Connection(ours), window)


def test_a_reader_that_leaves_ends_the_batch(picky):
    batch = picky.map({"n": 10 * n} for n in itertools.count())
    for result in batch.results():
        if result == 100:
            break
    del result

    assert batch.standing.ended == "stopped"


def test_a_stream_waits_for_its_slowest_event(monkeypatch):
    """While the first event runs, later answers are held; so many, and no more are sent."""
    monkeypatch.setattr(batch_module, "_AHEAD_MAX", 30)

    class AllButTheFirst:
        def open_batch(self, name, **options):
            return answering_connection(skip=0, window=8)

    taken = []
    batch = Batch(AllButTheFirst(), "any", (taken.append(n) or n for n in itertools.count()), shown=False)
    while batch.standing.answered < 30:
        batch._go_on()
    for _ in range(3):
        batch._go_on()

    assert 30 <= len(taken) <= 30 + 8
    batch.close()


def test_the_frame_has_a_row_for_each_event(picky):
    frame = picky.map(numbered(10)).frame(results=True)

    assert list(frame.columns) == [
        "index", "status", "cold", "queued_ms", "start_ms", "init_ms", "duration_ms", "billed_ms", "max_memory_mb",
        "environment", "version", "error", "request_id", "result",
    ]  # fmt: skip
    assert list(frame["index"]) == list(range(10))
    assert frame["cold"].dtype == bool
    assert frame["init_ms"].isna().all()  # nothing was cold: unknown, not zero
    assert (frame["status"] == "failed").sum() == 1
    assert frame["error"][9] == "ValueError"
    assert frame["error"][:9].isna().all()
    assert frame["request_id"].nunique() == 10
    assert frame["result"][3] == 6
    with pytest.raises(RequestError, match="not kept"):
        picky.map(iter([])).frame(results=True)


def test_the_summary_sets_cold_beside_warm(picky):
    batch = picky.map(numbered(10))

    assert [(group.name, group.events, group.failed) for group in batch.summary().groups] == [("warm", 10, 1), ("all", 10, 1)]
    assert "event 9: ValueError" in repr(batch)
    assert "<table" in batch._repr_html_()
    assert batch.summary().as_json()["warm"]["billed_ms"] == 20


def test_the_last_state_is_drawn_once_and_no_progress_is_none(client, picky):
    drawn = Drawn()
    batch = Batch(client, "picky", numbered(10), display=drawn).wait()
    batch.close()

    assert [(s.answered, s.failed, s.total, s.ended) for s in drawn.standings] == [(10, 1, 10, "done")]
    quiet = Drawn()
    Batch(client, "picky", numbered(3), display=quiet, shown=False).wait()
    assert quiet.standings == []
