"""What is proposed at the cursor."""

import threading

import pytest

from jupyter_lambda.clock import SystemClock
from jupyter_lambda.errors import EngineUnavailable
from jupyter_lambda.notebook.completion import KnownFunction, completions
from jupyter_lambda.notebook.function_directory import FunctionDirectory, ask_running_engine

FUNCTIONS = [KnownFunction("classify", ("1", "2"), ("prod", "preview")), KnownFunction("clean"), KnownFunction("resize", ("7",))]


def complete(line):
    return completions(line, lambda: FUNCTIONS)


@pytest.mark.parametrize(
    ("line", "proposed"),
    [
        ("%%lambda cl", ["classify", "clean"]),
        ("%%lambda resize --me", ["--memory"]),
        ("%%lambda resize --sandbox ", ["docker", "process"]),
        (
            "%%lambda resize --runtime python3.1",
            ["python3.10", "python3.11", "python3.12", "python3.13", "python3.14", "python3.15"],
        ),
        ("%%lambda resize --memory 512 --mem", []),
        ("%%lambda classify --alias p", ["preview", "prod"]),
        ("%%lambda resize --no-publish cl", []),
        ("%lambda inv", ["invoke"]),
        ("%lambda show re", ["resize"]),
        ("%lambda versions classify ", ["$LATEST", "1", "2"]),
        ("%lambda versions classify 1 ", ["$LATEST", "1", "2"]),
        ("%lambda alias classify pr", ["preview", "prod"]),
        ("%lambda alias classify prod=", ["prod=1", "prod=2"]),
        ("%lambda invoke classify --qualifier ", ["$LATEST", "1", "2", "preview", "prod"]),
        ("%lambda invoke classify --ta", ["--tail"]),
        ("%lambda list ", []),
        ("%lambda nonsense ", []),
        ("%lambdas", []),
        ("x = 1", []),
    ],
)
def test_proposes(line, proposed):
    assert complete(line) == proposed


def test_files_complete_as_paths(tmp_path, monkeypatch):
    (tmp_path / "model.bin").write_bytes(b"")
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    assert complete("%%lambda f --files mo") == ["model.bin", "models/"]
    assert complete(f"%%lambda f --mount {tmp_path}/mo") == [f"{tmp_path}/model.bin", f"{tmp_path}/models/"]


def test_nobody_is_asked_where_no_function_can_stand():
    def asked():
        raise AssertionError("asked")

    assert completions("%%lambda resize --time", asked) == ["--timeout"]


class ManualClock(SystemClock):
    now = 0.0

    def monotonic(self):
        return self.now


def test_a_slow_engine_is_not_waited_for():
    release, asked = threading.Event(), []

    def ask():
        asked.append(1)
        release.wait(20)
        return FUNCTIONS

    directory = FunctionDirectory(ask, SystemClock())
    assert directory.functions() == ()
    assert directory.functions() == ()
    assert len(asked) == 1  # the second time it looks whether the first thread has come back
    release.set()
    directory._running.join(20)
    assert directory.functions() == FUNCTIONS


def test_a_quick_answer_is_waited_for():
    never = threading.Event()

    def ask():
        never.wait(0.05)
        return FUNCTIONS

    assert FunctionDirectory(ask, SystemClock(), wait_seconds=20).functions() == FUNCTIONS


def test_what_is_known_is_asked_anew_after_a_second():
    asked, clock = [], ManualClock()

    def ask():
        asked.append(1)
        return FUNCTIONS

    directory = FunctionDirectory(ask, clock, wait_seconds=20)
    for clock.now in (0.0, 0.5, 1.6):
        assert directory.functions() == FUNCTIONS
    assert len(asked) == 2


def test_an_engine_that_refuses_proposes_nothing():
    def ask():
        raise EngineUnavailable("engine", "gone")

    assert FunctionDirectory(ask, SystemClock()).functions() == ()


def test_no_engine_is_started_for_a_proposal(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_LAMBDA_HOME", str(tmp_path / "home"))
    assert ask_running_engine() == ()
    assert not (tmp_path / "home").exists()
