"""The engine is killed with SIGKILL at 50 random moments under load: nothing that it acknowledged is lost, no process is left.

Each promise is checked for what it covers (design: two promises of durability): records of synchronous invocations by the journal's
one `write`; functions, versions, aliases, configuration and queued events by a commit. Power loss is the store's own test.
"""

import copy
import os
import random
import signal
import subprocess
import threading

import pytest

from jupyter_lambda.client.launch import EngineOptions, Launcher, find_engine, stop_engine
from jupyter_lambda.client.stopping import wait_for_end
from jupyter_lambda.clock import SystemClock
from tests.integration.engine_traffic import Acknowledged, Connection, Traffic, deploy, missing, unanswered
from tests.integration.processes import assert_gone, processes_of

KILLS_UNDER_LOAD, KILLS_AT_START = 40, 10
SECONDS = 30.0
LEFT_SECONDS = 1.0  # design: nothing outlives its owner by more than a second of the next start


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    yield folder
    stop_engine(folder, timeout=10.0)


@pytest.fixture
def chance():
    """The same moments again where a run is to be repeated: JUPYTER_LAMBDA_TEST_SEED."""
    seed = int(os.environ.get("JUPYTER_LAMBDA_TEST_SEED") or random.SystemRandom().randrange(10**6))
    print(f"JUPYTER_LAMBDA_TEST_SEED={seed}")
    return random.Random(seed)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_fifty_kills_lose_nothing_and_leave_nobody(home, chance):
    options = EngineOptions(home=home, sandbox="process", settings={"async_retry_base_seconds": "0"})
    kept = Acknowledged()
    runtime = Launcher().ensure(options)
    connection = Connection(runtime)
    for name in ("echo", "quiet"):
        deploy(connection, name, timeout_seconds=30)
    connection.close()

    moments = ["load"] * KILLS_UNDER_LOAD + ["start"] * KILLS_AT_START
    chance.shuffle(moments)
    for moment in moments:
        before = copy.deepcopy(kept)
        if moment == "load":
            kill_under_load(Launcher().ensure(options), kept, chance.uniform(0.0, 0.3), warm=chance.random() < 0.7)
        else:
            kill_at_start(options, chance.uniform(0.0, 0.4))
        left = processes_of(home)
        connection = Connection(Launcher().ensure(options))
        assert_gone(left, LEFT_SECONDS)
        assert missing(connection, kept, since=before) == []
        connection.close()

    assert len(kept.records) > 200, "too little was acknowledged for this to say anything"
    assert kept.count() > 500, "too little was acknowledged for this to say anything"
    connection = Connection(find_engine(home))
    await_quiet(connection)
    assert missing(connection, kept) == []
    assert unanswered(connection, kept) == []
    connection.close()
    stop_engine(home)
    assert_gone(processes_of(home), LEFT_SECONDS)
    print({name: len(value) for name, value in vars(kept).items() if not isinstance(value, int)})


def kill_under_load(runtime, kept, seconds, *, warm):
    """Let callers work for a while, from the first cold start or from the first answer on, and kill the engine in the midst of it."""
    traffic = Traffic(runtime, kept)
    traffic.start()
    if warm:
        traffic.answered.wait(SECONDS)
    threading.Event().wait(seconds)
    os.kill(runtime.pid, signal.SIGKILL)
    traffic.stop()
    assert traffic.mistakes == []
    assert wait_for_end(runtime, SECONDS)


def kill_at_start(options, seconds):
    """Kill an engine while it starts, or shortly after; the one that ran ends before."""
    runtime = find_engine(options.home)
    if runtime is not None:
        os.kill(runtime.pid, signal.SIGKILL)
        assert wait_for_end(runtime, SECONDS)
    starting = subprocess.Popen([*Launcher().start_command(options), "--foreground"], stderr=subprocess.DEVNULL)
    threading.Event().wait(seconds)
    starting.kill()
    starting.wait(SECONDS)


def await_quiet(connection):
    """Wait until every queued event was carried out."""
    clock = SystemClock()
    deadline = clock.monotonic() + SECONDS
    while clock.monotonic() < deadline:
        status = connection.get("/engine/v1/status")
        if not status["queued_events"] and not status["running"]:
            return
        threading.Event().wait(0.05)
    raise AssertionError(f"events are still queued after {SECONDS:g} s: {status}")
