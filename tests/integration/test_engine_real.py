"""The real engine in its process: what it promises over restarts, and that its whole family ends with it."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jupyter_lambda.client.home import run_folder
from jupyter_lambda.client.launch import EngineOptions, Launcher, find_engine, stop_engine
from jupyter_lambda.client.stopping import wait_for_end
from jupyter_lambda.errors import NewerHome
from jupyter_lambda.testing.plugin import end_engine, jupyter_lambda_engine, jupyter_lambda_home  # noqa: F401 - fixtures
from tests.integration.engine_traffic import Connection, deploy
from tests.integration.processes import assert_gone, family_of

SECONDS = 30.0
SLOW = "import time, os\ndef handler(event, context):\n    time.sleep(event)\n    return os.getpid()\n"


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    yield folder
    end_engine(folder)


@pytest.fixture
def start(home):
    """Start or find the engine, with settings, and connect."""
    connections = []

    def connect(**settings):
        options = EngineOptions(home=home, sandbox="process", settings={name: str(value) for name, value in settings.items()})
        connections.append(Connection(Launcher().ensure(options)))
        return connections[-1]

    yield connect
    for connection in connections:
        connection.close()


def invoke(connection, name, event=b"1", **headers):
    return connection.call("POST", f"/2015-03-31/functions/{name}/invocations", event, headers)


def test_credentials_stay_and_the_token_goes(home, start):
    start()
    before = find_engine(home)
    stop_engine(home)
    start()
    after = find_engine(home)

    assert (before.access_key_id, before.secret_access_key) == (after.access_key_id, after.secret_access_key)
    assert before.access_key_id.startswith("JLAMBDA")
    assert before.token != after.token


def test_functions_outlive_their_engine(home, start):
    deploy(start(), "echo")
    stop_engine(home)

    assert invoke(start(), "echo", b'{"a": 1}') == (200, b'{"a": 1}')


def test_nothing_is_said_without_the_token(home, start):
    start()
    nobody = Connection(find_engine(home))
    nobody._token = "guessed"

    assert nobody.call("GET", "/engine/v1/status")[0] == 403
    assert nobody.call("GET", "/health")[0] == 200
    nobody.close()


def test_no_secret_is_in_the_log(home, start):
    connection = start()
    deploy(connection, "echo")
    invoke(connection, "echo", b'"a password"')
    runtime, log = find_engine(home), run_folder(home).log.read_text()

    assert runtime.token not in log
    assert runtime.secret_access_key not in log
    assert "a password" not in log


def test_stopping_ends_the_whole_family(home, start):
    connection = start()
    deploy(connection, "echo")
    invoke(connection, "echo")
    family = family_of(find_engine(home).pid)
    assert len(family) >= 3  # the engine, a zygote, a worker

    stop_engine(home)
    assert_gone(family, 1.0)
    assert [path.name for path in run_folder(home).folder.iterdir()] == ["engine.log"]


def test_a_stop_lets_what_runs_finish(home, start):
    connection = start()
    deploy(connection, "slow", SLOW, timeout_seconds=20)
    invoke(connection, "slow", b"0")
    answer = []
    waiting = threading.Thread(target=lambda: answer.append(invoke(connection, "slow", b"1.0")))
    waiting.start()
    await_running(Connection(find_engine(home)))
    stop_engine(home)
    waiting.join(SECONDS)

    assert answer[0][0] == 200


def test_a_stop_cuts_off_what_takes_longer_than_its_grace(home, start):
    connection = start(stop_grace_seconds=0.3)
    deploy(connection, "slow", SLOW, timeout_seconds=60)
    answer = []
    waiting = threading.Thread(target=lambda: answer.append(call_or_cut_off(connection, "slow", b"50")))
    waiting.start()
    await_running(Connection(find_engine(home)))
    family = family_of(find_engine(home).pid)
    assert stop_engine(home, timeout=10.0)
    waiting.join(SECONDS)

    assert_gone(family, 1.0)
    assert answer != []


def test_a_second_signal_ends_it_at_once_and_its_workers_too(home, start):
    connection = start(stop_grace_seconds=60)
    deploy(connection, "slow", SLOW, timeout_seconds=60)
    waiting = threading.Thread(target=call_or_cut_off, args=(connection, "slow", b"50"))
    waiting.start()
    await_running(Connection(find_engine(home)))
    runtime = find_engine(home)
    family = family_of(runtime.pid)
    os.kill(runtime.pid, signal.SIGTERM)
    assert not wait_for_end(runtime, 0.5)
    os.kill(runtime.pid, signal.SIGTERM)
    waiting.join(SECONDS)

    assert_gone(family, 2.0)
    assert "engine.json" not in [path.name for path in run_folder(home).folder.iterdir()]


def test_workers_that_rest_are_gone_with_the_next_start_of_a_killed_engine(home, start):
    """A frozen process does not die of SIGKILL before it is thawed, and nobody is left to thaw it but the next engine."""
    connection = start(freeze_after_ms=0)
    deploy(connection, "echo")
    invoke(connection, "echo")
    await_status(lambda: connection.get("/engine/v1/environments")[0]["state"] in ("frozen", "idle"))
    runtime = find_engine(home)
    family = family_of(runtime.pid)
    os.kill(runtime.pid, signal.SIGKILL)
    assert wait_for_end(runtime, SECONDS)
    start()

    assert_gone(family, 1.0)


def test_it_leaves_by_itself_when_nothing_is_left_to_do(home, start):
    connection = start(idle_seconds=0.5, environment_idle_seconds=0.3)
    deploy(connection, "echo")
    invoke(connection, "echo")
    runtime = find_engine(home)
    family = family_of(runtime.pid)
    connection.close()

    assert wait_for_end(runtime, SECONDS)
    assert_gone(family, 1.0)


def test_a_kernel_that_is_killed_with_its_group_loses_nothing(home):
    code = (
        "import signal; from pathlib import Path; from jupyter_lambda.client.launch import *\n"
        f"print(ensure_engine({str(home)!r}, sandbox='process').pid, flush=True); signal.pause()"
    )
    kernel = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)
    pid = int(kernel.stdout.readline())
    connection = Connection(find_engine(home))
    deploy(connection, "echo")
    os.killpg(kernel.pid, signal.SIGKILL)
    kernel.wait()
    kernel.stdout.close()

    assert find_engine(home).pid == pid
    assert invoke(connection, "echo", b'"still"') == (200, b'"still"')
    connection.close()


def test_workers_get_nothing_of_the_engines_environment(home, start, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the caller's")
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:password@host")
    connection = start()
    deploy(connection, "variables", "import os\ndef handler(event, context):\n    return dict(os.environ)\n")
    status, body = invoke(connection, "variables")

    assert status == 200
    assert b"the caller" not in body
    assert b"password" not in body


def test_a_home_of_a_newer_version_is_said_to_the_starter(home, start):
    import sqlite3

    start()
    stop_engine(home)
    database = sqlite3.connect(home / "lambda.db")
    database.execute("PRAGMA user_version = 9999")
    database.close()

    with pytest.raises(NewerHome):
        start()
    assert find_engine(home) is None


def test_status_says_what_the_starter_was_told(home, start):
    connection = start()
    runtime, status = find_engine(home), connection.get("/engine/v1/status")

    assert (status["pid"], status["url"], status["home"]) == (runtime.pid, runtime.url, str(home))
    assert Path(status["runtime_file"]) == run_folder(home).runtime_file
    assert "--sandbox" in Launcher().start_command(EngineOptions(home=home, sandbox="process"))[-1]


def test_users_fixtures_give_an_engine_of_the_tests_own(jupyter_lambda_engine, jupyter_lambda_home):  # noqa: F811
    import jupyter_lambda as jl

    assert find_engine() == jupyter_lambda_engine.runtime
    assert jupyter_lambda_engine.runtime.home == str(jupyter_lambda_home)
    assert jl.engine() is jupyter_lambda_engine


def await_running(connection):
    """Wait until an invocation runs."""
    await_status(lambda: connection.get("/engine/v1/status")["running"])
    connection.close()


def await_status(holds):
    """Wait until something can be seen from outside; the engine has no event that a plain caller could wait for."""
    for _ in range(600):
        if holds():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it never was so")


def call_or_cut_off(connection, name, event):
    import http.client

    try:
        return invoke(connection, name, event)
    except (OSError, http.client.HTTPException) as error:
        return error
