from __future__ import annotations

import asyncio
import copy
import pickle
import re
import signal
import threading

import pytest

from jupyter_lambda.client import connection
from jupyter_lambda.client.handle import FunctionHandle
from jupyter_lambda.client.json_boundary import EventTypeError
from jupyter_lambda.client.outcome import FunctionError, log_tail
from jupyter_lambda.errors import AliasNotFound, FunctionNotFound, PayloadTooLarge, RequestError
from jupyter_lambda.model.engine_api import LogEvent
from jupyter_lambda.model.function import Alias, Configuration, Version
from jupyter_lambda.model.invocation import Status

pytestmark = pytest.mark.anyio


@pytest.fixture
def failing(server, client):
    def handler(event):
        raise ValueError(f"bad side {event['side']}")

    server.engine.add("failing", handler)
    return FunctionHandle("failing", client)


@pytest.fixture
def stuck(server, client):
    """A handle of a function that never ends, but by the server's end."""
    server.engine.add("stuck", lambda event: threading.Event().wait(30))
    return FunctionHandle("stuck", client)


def test_calls(echo):
    assert echo({"side": 3}) == {"side": 3}
    assert echo() is None


def test_is_marked_for_capture(echo):
    assert echo.__jupyter_lambda_function__ == "echo"
    assert repr(echo["prod"]) == "<Lambda function echo:prod>"
    assert FunctionHandle("arn:aws:lambda:us-east-1:000000000000:function:echo:prod").qualifier == "prod"


def test_a_failure_shows_the_workers_traceback(failing):
    with pytest.raises(FunctionError) as raised:
        failing({"side": -1})

    error = raised.value
    assert (error.error_type, error.error_message) == ("ValueError", "bad side -1")
    assert error.invocation.record.status is Status.FAILED
    assert 'raise ValueError(f"bad side' in str(error)
    shown = [re.sub(r"\x1b\[\d+m", "", line) for line in error._render_traceback_()]
    assert shown[:2] == ["FunctionError in failing", "ValueError: bad side -1"]
    assert any(line.startswith("FunctionError from") and "test_handle.py" in line for line in shown)
    assert "client/handle.py" not in "\n".join(error._render_traceback_())


def test_the_log_is_shown_without_what_stands_there_already():
    traceback = "[ERROR] ValueError: bad\nTraceback (most recent call last):\n  File x\n    y\n"
    log = f"START RequestId: r\nhello\n{traceback}last\nEND RequestId: r\n"

    assert log_tail(log, without="[ERROR] ValueError:") == ["hello", "last"]
    assert len(log_tail(log)) == 6
    assert log_tail("1\n2\n3\n", most=2) == ["… 1 lines before", "2", "3"]


def test_the_log_does_not_say_the_message_again():
    message = "RequestId: r Error: Runtime exited with error: exit status 3"
    log = f"START RequestId: r\nbye\n{message}\nRuntime.ExitError\nEND RequestId: r\n"

    assert log_tail(log, said=message) == ["bye"]


def test_invoke_gives_failures_as_data(failing, echo):
    failed = failing.invoke({"side": 1})

    assert (failed.error.type, failed.status, failed.done) == ("ValueError", Status.FAILED, True)
    assert failed.logs == "START\nEND\n"
    with pytest.raises(FunctionError):
        failed.result()
    succeeded = echo.invoke([1])
    assert (succeeded.result(), succeeded.error, succeeded.payload) == ([1], None, b"[1]")
    assert (succeeded.report.duration_ms, succeeded.report.billed_ms) == (1.5, 2)
    assert str(succeeded.report) == "Duration: 1.50 ms  Billed Duration: 2 ms  Memory Size: 128 MB  Max Memory Used: 30 MB"
    assert succeeded.request_id in repr(succeeded)


def test_qualifier(server, echo):
    echo.publish()
    echo.alias("prod", version=1)

    assert echo.at("prod").invoke({}).record.qualifier == "prod"
    assert echo["prod"].invoke({}, qualifier="1").record.version == "1"
    assert list(echo["1"].map([1]).frame()["version"]) == ["1"]
    with pytest.raises(RequestError):
        echo.at("no such!")


def test_does_not_wait_if_told_so(server, stuck):
    invocation = stuck.invoke({}, wait=False)
    assert server.started.wait(5)

    assert not invocation.done
    assert "running" in repr(invocation)
    with pytest.raises(TimeoutError):
        invocation.result(timeout=0.01)
    invocation.cancel()
    assert invocation.wait(5)
    assert (invocation.status, invocation.error.type) == (Status.CANCELLED, "JupyterLambda.Cancelled")
    invocation.cancel()  # ended already: nothing to do


def test_what_was_refused_is_raised_where_it_is_asked_for(client):
    invocation = FunctionHandle("nothing", client).invoke({}, wait=False)

    assert invocation.wait(5)
    with pytest.raises(FunctionNotFound):
        invocation.result()
    assert "there is no such function" in repr(invocation)


def test_a_keyboard_interrupt_cancels(server, stuck):
    class Interrupt(KeyboardInterrupt):
        """Not mistaken for the tester's own."""

    def interrupt(number, frame):
        raise Interrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    main = threading.main_thread().ident

    def press():
        server.started.wait(5)
        signal.pthread_kill(main, signal.SIGUSR1)

    pressing = threading.Thread(target=press)
    pressing.start()
    try:
        with pytest.raises(Interrupt):
            stuck({})
    finally:
        pressing.join()
        signal.signal(signal.SIGUSR1, before)

    assert len(server.cancelled) == 1


async def test_awaits(echo, failing):
    assert await asyncio.gather(*(echo.ainvoke({"n": n}) for n in range(3))) == [{"n": 0}, {"n": 1}, {"n": 2}]
    with pytest.raises(FunctionError, match="bad side 7"):
        await failing.ainvoke({"side": 7})


async def test_a_cancelled_task_cancels_its_invocation(server, stuck):
    task = asyncio.create_task(stuck.ainvoke({}))
    await asyncio.to_thread(server.started.wait, 5)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(server.cancelled) == 1


def test_queues_events(echo):
    queued = echo.invoke({}, invocation_type="Event")

    assert (queued.status, queued.error, queued.done, queued.logs) == (Status.QUEUED, None, False, "")
    with pytest.raises(RequestError, match="no result"):
        queued.result()
    with pytest.raises(PayloadTooLarge):
        echo.invoke("x" * 1_048_576, invocation_type="Event")


def test_a_queued_event_learns_of_its_run(server, echo):
    queued = echo.invoke({}, invocation_type="Event")
    server.engine.invoke("echo", b"{}", request_id=queued.request_id)  # the engine got round to it

    assert (queued.status, queued.done, queued.logs) == (Status.SUCCEEDED, True, "START\nEND\n")


def test_an_event_without_json_form_is_not_sent(server, echo):
    with pytest.raises(EventTypeError, match=r'event\["a"\] is a set'):
        echo({"a": {1, 2}})
    assert server.requests == []


def test_versions_and_aliases(echo):
    echo.configure(memory=512, environment={"STAGE": "test"})
    version = echo.publish("larger")
    echo.alias("prod", version=1, additional=2, weight=0.25)

    assert (version.version, version.configuration.memory_mib) == ("2", 512)
    assert echo.versions.names() == ["1", "2"]
    assert echo.versions["2"].description == "larger"
    assert echo.versions[-1] == version
    assert "2" in echo.versions
    assert echo.aliases["prod"].additional_weight == 0.25
    assert echo.alias("prod").version == "1"
    assert echo.difference(1, 2).configuration["memory_mib"] == (128, 512)
    assert echo["2"].configuration.environment == {"STAGE": "test"}
    assert echo["prod"].configuration.memory_mib == 128
    assert "512 MB" in repr(echo.versions)
    assert "<table" in echo.aliases._repr_html_()
    with pytest.raises(AliasNotFound, match="Did you mean"):
        echo.alias("prd")
    with pytest.raises(KeyError, match="1, 2"):
        echo.versions["9"]


def test_deletes(server, echo):
    echo.configure(memory=512)
    echo.publish()
    echo["1"].delete()
    assert echo.versions.names() == ["2"]

    echo.delete()

    with pytest.raises(FunctionNotFound):
        echo({})


def test_logs_and_metrics(server, echo):
    server.engine.log_events = [
        LogEvent(sequence=n, timestamp=float(n), request_id=f"r{n}", log_stream="s", text=f"line {n}") for n in (1, 2)
    ]
    echo({})

    logs = echo.logs()
    assert logs.text == "line 1\nline 2\n"
    assert "line 2" in logs
    assert logs["r1"].sequence == 1
    assert [event.sequence for event in echo.follow_logs()] == [1, 2]
    metrics = echo.metrics()
    assert metrics.invocations == 1
    assert "invocations" in repr(metrics)
    assert echo.invocations()[0].function_name == "echo"


def test_shows_itself(echo):
    assert "echo" in echo._repr_html_()
    assert "<table" in echo._repr_html_()
    echo.delete()
    assert echo._repr_html_() is None


def test_travels_by_name(server, client, echo, short_folder):
    qualified = echo["prod"]

    for other in (copy.copy(qualified), copy.deepcopy(qualified)):
        assert (other, other.engine) == (qualified, client)
    data = pickle.dumps(qualified)
    assert b"token" not in data
    connection.use_engine(client)
    try:
        thawed = pickle.loads(data)
        assert thawed == qualified
        assert thawed.engine is client
        invocation = pickle.loads(pickle.dumps(echo.invoke({"n": 1})))
        assert invocation.result() == {"n": 1}
    finally:
        connection.forget_engines()


def test_is_no_sequence(echo):
    with pytest.raises(TypeError):
        iter(echo)
    assert len({echo, FunctionHandle("echo"), echo["1"]}) == 2


def test_what_a_change_answers_is_short():
    version = Version(
        function_name="f", version="2", configuration=Configuration(memory_mib=256, timeout_seconds=7, runtime="python3.11"),
        package_sha256="", package_bytes=0, content_digest="", revision_id="", last_modified="",
    )  # fmt: skip
    assert repr(version) == "<version 2 of f: 256 MB, 7 s, python3.11>"
    split = Alias(function_name="f", name="prod", version="1", additional_version="2", additional_weight=0.1)
    assert repr(split) == "<alias prod of f: 1, 2=0.1>"
