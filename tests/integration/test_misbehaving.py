"""Functions that do what functions should not, on a real engine: each ends as Lambda says, and the next call is served."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import jupyter_lambda as jl
from jupyter_lambda.client import connection
from jupyter_lambda.client.launch import ensure_engine
from jupyter_lambda.model.invocation import Status
from jupyter_lambda.testing.plugin import end_engine

FUNCTIONS = Path(__file__).with_name("misbehaving_functions.py")


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    home = tmp_path_factory.mktemp("misbehaving") / "home"
    ensure_engine(home, sandbox="process")
    yield connection.engine(home)
    connection.forget_engines()
    end_engine(home)


@pytest.fixture
def deploy(engine):
    def deploy(entry, **options):
        return jl.deploy(FUNCTIONS, entry=entry, name=entry, publish=False, engine=engine, **{"timeout": 20, **options})

    return deploy


@pytest.mark.parametrize("entry", ["replace_output", "move_away", "leave_threads", "leave_daemon", "kill_everybody"])
def test_lives_on_with_its_globals(deploy, entry):
    function = deploy(entry)
    assert [function(None), function(None)] == [1, 2]


def test_a_closed_output_hides_no_failure(deploy):
    function = deploy("closed_output_lives")
    assert function.invoke(None).error.message == "nobody hears this"
    assert function(None) == 2


@pytest.mark.parametrize(
    ("entry", "status", "error_type", "says"),
    [
        ("close_everything", Status.EXITED, "Runtime.ExitError", "exit status"),
        ("exit_3", Status.EXITED, "Runtime.ExitError", "exit status 3"),
        ("interrupt", Status.EXITED, "Runtime.ExitError", "signal: interrupt"),
        ("crash", Status.EXITED, "Runtime.ExitError", "signal: segmentation fault"),
        ("recurse", Status.FAILED, "RecursionError", "maximum recursion depth exceeded"),
        ("nest", Status.FAILED, "Runtime.MarshalError", "Unable to marshal response"),
        ("raise_untold", Status.FAILED, "Untold", "whose text can't be made"),
        ("raise_much", Status.FAILED, "ValueError", "xxxxx"),
    ],
)
def test_ends_as_lambda_says_each_time(deploy, entry, status, error_type, says):
    function = deploy(entry, memory=512)
    for _ in range(2):
        ended = function.invoke(None)
        assert (ended.status, ended.error.type) == (status, error_type)
        assert says in ended.error.message


def test_a_function_that_stops_itself_times_out(deploy):
    ended = deploy("stop", timeout=1).invoke(None)
    assert (ended.status, ended.error.type) == (Status.TIMED_OUT, "Sandbox.Timedout")


def test_a_pool_of_processes_works_or_says_why_not(deploy):
    """Lambda itself has no semaphores for it; ours are there wherever /dev/shm can be the environment's own."""
    ended = deploy("use_pool", memory=256).invoke(None)
    if ended.error is None:
        assert ended.result() == [1, 4, 9]
    else:
        assert ended.error.type in ("PermissionError", "OSError")


def test_lines_that_look_like_the_platforms_change_no_figures(deploy):
    ended = deploy("pretend").invoke(None)
    lines = ended.logs.splitlines()
    assert lines[-2] == f"END RequestId: {ended.request_id}"
    assert re.match(rf"REPORT RequestId: {ended.request_id}\tDuration: ", lines[-1])
    assert [line for line in lines if line.startswith("REPORT")] == [
        f"REPORT RequestId: {ended.request_id}\tDuration: 1.00 ms",
        lines[-1],
    ]


def test_a_module_that_fails_is_told_as_it_failed(engine, tmp_path):
    file = tmp_path / "broken.py"
    file.write_text("raise RuntimeError('module says no')\ndef handler(event, context): pass\n")
    ended = jl.deploy(file, entry="handler", name="broken", publish=False, engine=engine).invoke(None)
    assert (ended.error.type, ended.error.message) == ("RuntimeError", "module says no")
