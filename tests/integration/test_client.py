"""The Python API against a real engine with real workers."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import threading
from pathlib import Path

import pytest

import jupyter_lambda as jl
from jupyter_lambda.client import connection
from jupyter_lambda.errors import Conflict, FunctionNotFound, InvalidRequestContent, RequestError, Throttled
from jupyter_lambda.model.invocation import Status

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def engine(jupyter_lambda_engine):
    """The usual engine of this test."""
    yield jl.engine()
    connection.forget_engines()


class Doorbell:
    """Rung by a handler once it runs: a port that it connects to."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(60)
        self.event = {"port": self.listener.getsockname()[1]}

    def wait(self):
        self.listener.accept()[0].close()


@pytest.fixture
def doorbell():
    bell = Doorbell()
    yield bell
    bell.listener.close()


def deploy(entry, **options):
    """Deploy one of `client_functions`: by its file, for as a callable it would bring the whole package `tests` along."""
    file = Path(__file__).with_name("client_functions.py")
    return jl.deploy(file, entry=entry, **{"name": entry, **options})


@pytest.fixture
def echo(engine):
    return deploy("mirror", name="echo", memory=1769, timeout=10)


def test_a_cold_start_tells_how_long_each_import_took(engine, tmp_path):
    (tmp_path / "app.py").write_text(
        "import xmlrpc.client, json\n\ndef handler(event, context):\n    import wave\n    return event\n"
    )
    slow = jl.deploy(tmp_path / "app.py", entry="handler", name="slow")

    cold, warm = slow.invoke(1).record, slow.invoke(2).record

    assert "xmlrpc" in [found.module for found in cold.init_times.imports]
    assert sum(found.ms for found in cold.init_times.imports if found.depth == 0) <= cold.init_times.whole_ms <= cold.init_ms
    assert (cold.cold, warm.cold, warm.init_times) == (True, False, None)


def test_saved_test_events(echo):
    assert echo.save_test_event("big", {"side": 640}).function_name == "echo"
    echo.save_test_event("small", [1])

    assert echo.test_events.names() == ["big", "small"]
    assert echo(echo.test_events["big"].value) == {"side": 640}
    assert '{"side": 640}' in repr(echo.test_events["big"])
    assert "small" in echo.test_events._repr_html_()
    echo.delete_test_event("small")
    assert len(echo.test_events) == 1
    with pytest.raises(RequestError, match="25 letters"):
        echo.save_test_event("no blanks", 1)


def test_deploy_call_and_look(echo):
    assert echo({"side": 640}) == {"side": 640}
    assert echo.deployment.answer.version == "1"
    assert echo.deployment.report.state == "deployed"
    assert echo.configuration.memory_mib == 1769
    assert jl.functions().names() == ["echo"]
    assert echo.metrics().invocations == 1
    assert "START RequestId" in echo.logs()
    assert "echo" in repr(jl.dashboard())
    assert jl.dashboard().environments[0].function_name == "echo"


@pytest.mark.parametrize(
    "event",
    [None, 2**70, "\ud800 ü \U0001f600", {"deep": [[[{"a": 1.5}]]]}, "x" * 6_000_000],
    ids=["none", "big", "text", "deep", "6MB"],
)
def test_events_come_back_as_they_went(echo, event):
    assert echo(event) == event


def test_nan_is_refused_with_its_place(echo):
    with pytest.raises(InvalidRequestContent, match=r'event\["rates"\]\[1\]: it is nan'):
        echo({"rates": [1.0, float("nan")]})


def test_the_engine_refuses_nan_of_others_too(echo):
    with pytest.raises(InvalidRequestContent, match="NaN and Infinity are not JSON"):
        echo.engine.invoke("echo", b"NaN")


def test_deploying_the_same_again_publishes_nothing(echo):
    again = deploy("mirror", name="echo")

    assert (again.deployment.answer.version, again.deployment.answer.published) == ("1", False)
    assert again.configuration.memory_mib == 1769  # what was not said stays


def test_versions_and_aliases(echo):
    changed = deploy("picky", name="echo")
    assert changed.versions.names() == ["1", "2"]
    changed.alias("prod", version=1)

    assert changed["prod"](3) == 3
    assert changed["2"](3) == 6
    assert changed.difference(1, 2).configuration["handler"] == ("client_functions.mirror", "client_functions.picky")
    with pytest.raises(Conflict):
        changed["1"].delete()
    changed.alias("prod", version=2)
    changed["1"].delete()
    assert changed.versions.names() == ["2"]
    changed.delete()
    with pytest.raises(FunctionNotFound):
        changed(1)


def test_a_decorated_function_and_a_file(engine, tmp_path):
    @jl.lambda_function(timeout=5)
    def double(event, context):
        return event * 2

    assert double(4) == 8
    file = tmp_path / "halve.py"
    file.write_text("def handler(event, context):\n    return event // 2\n")
    assert jl.deploy(file)(8) == 4
    assert jl.functions().names() == ["double", "halve"]


def test_a_failure_shows_the_workers_lines_and_log(engine):
    fn = deploy("picky")

    with pytest.raises(jl.FunctionError) as raised:
        fn(4)

    shown = str(raised.value)
    assert shown.startswith("ValueError: bad 4")
    assert 'raise ValueError(f"bad {event}")' in shown
    assert "looking at 4" in shown
    assert raised.value.invocation.report.duration_ms > 0
    assert fn(1) == 2  # the environment stays


def test_a_batch(engine):
    fn = deploy("picky", memory=1769)

    batch = fn.map(range(100), concurrency=2)

    results = list(batch.results())
    assert [r for r in results if not isinstance(r, jl.Failure)] == [2 * n for n in range(100) if n % 5 != 4]
    assert [failure.index for failure in batch.errors] == list(range(4, 100, 5))
    frame = batch.frame()
    assert len(frame) == 100
    assert 1 <= frame["cold"].sum() <= 2
    assert frame["environment"].nunique() <= 2
    assert (frame["duration_ms"] > 0).all()
    assert set(frame["version"]) == {"$LATEST"}
    assert batch.summary().groups[-1].failed == 20
    assert fn.metrics().invocations == 100


def test_a_stream_larger_than_the_window(echo):
    batch = echo.map({"n": n} for n in range(3_000))

    assert sum(result["n"] for result in batch.results()) == sum(range(3_000))


def test_leaving_a_stream_ends_it(echo):
    for result in echo.map({"n": n} for n in range(10**9)).results():
        if result["n"] == 50:
            break

    assert echo({"n": 1}) == {"n": 1}


def test_a_reservation_of_none_throttles(echo):
    echo.configure(reserved_concurrency=0)

    with pytest.raises(Throttled):
        echo(1)
    echo.configure(clear_reserved_concurrency=True)
    assert echo(1) == 1


def test_a_timeout_is_an_outcome(engine):
    fn = deploy("endless", timeout=1)

    with pytest.raises(jl.FunctionError, match=r"Task timed out after 1\.00 seconds") as raised:
        fn()

    assert raised.value.error_type == "Sandbox.Timedout"
    assert "endless" in raised.value.invocation.logs


def test_cancel_from_another_thread(engine, doorbell):
    invocation = deploy("endless", timeout=60).invoke(doorbell.event, wait=False)
    doorbell.wait()

    invocation.cancel()

    assert invocation.wait(30)
    assert invocation.status is Status.CANCELLED


def test_a_kernel_interrupt_cancels(engine, doorbell):
    fn = deploy("endless", timeout=60)
    main = threading.main_thread().ident

    def press():
        doorbell.wait()
        signal.pthread_kill(main, signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        fn(doorbell.event)
    pressing.join()

    assert deploy("mirror", name="after")(1) == 1  # the engine goes on
    assert [record.status for record in fn.invocations()] == [Status.CANCELLED]


async def test_on_a_loop(echo):
    assert await asyncio.gather(*(echo.ainvoke(n) for n in range(20))) == list(range(20))
    with pytest.raises(jl.EventTypeError):
        await echo.ainvoke({1, 2})


def test_a_handle_outlives_its_engine(echo):
    assert echo(1) == 1
    first = jl.engine().runtime.pid
    os.kill(first, signal.SIGKILL)

    assert pickle.loads(pickle.dumps(echo))(2) == 2
    assert echo(3) == 3
    assert jl.engine().runtime.pid != first


def test_amazons_client_reaches_the_same_functions(echo):
    answer = jl.boto3_client("lambda").invoke(FunctionName="echo", Payload=b'{"a": 1}')

    assert answer["Payload"].read() == b'{"a": 1}'


def test_unknown_options_are_refused_before_anything_is_deployed(engine):
    with pytest.raises(RequestError, match="Did you mean"):
        deploy("mirror", memroy=512)
    assert len(jl.functions()) == 0
