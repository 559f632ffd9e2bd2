"""Fixtures for tests of code that uses jupyter-lambda: a home of the test's own, and an engine in it.

pytest finds them by itself where the package is installed; else put `pytest_plugins = ["jupyter_lambda.testing.plugin"]` into the
top `conftest.py`. Nothing of them touches the home, the engine or the functions of whoever runs the tests:

    def test_halves_the_side(jupyter_lambda_engine):
        resize = jl.deploy(resize_image, name="resize")
        assert resize({"side": 640}) == {"side": 320}
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import pytest

from jupyter_lambda.client.process_identity import start_ticks
from jupyter_lambda.clock import SystemClock, pause

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jupyter_lambda.client.engine_client import EngineClient

_END_SECONDS: Final = 10.0
_LOOK_AGAIN_SECONDS: Final = 0.02


@pytest.fixture
def jupyter_lambda_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home that only this test has: `$JUPYTER_LAMBDA_HOME` names it, and an engine that was started in it ends with the test."""
    from jupyter_lambda.client.connection import forget_engines

    home = tmp_path / "jupyter-lambda"
    monkeypatch.setenv("JUPYTER_LAMBDA_HOME", str(home))
    yield home
    forget_engines()
    end_engine(home)


@pytest.fixture
def jupyter_lambda_engine(jupyter_lambda_home: Path) -> EngineClient:
    """The client of an engine in the test's home, with process workers; the test fails if any process outlives it.

    Its `runtime` has the `url`, `access_key_id`, `secret_access_key` and `region` that boto3 takes.
    """
    from jupyter_lambda.client.connection import engine
    from jupyter_lambda.client.launch import ensure_engine

    ensure_engine(jupyter_lambda_home, sandbox="process")
    return engine(jupyter_lambda_home)


def end_engine(home: Path) -> None:
    """Stop a home's engine, and see that every process it had is gone (AssertionError, after killing what is left)."""
    from jupyter_lambda.client.launch import find_engine, stop_engine

    runtime = find_engine(home)
    workers = {} if runtime is None else _descendants(runtime.pid)
    stop_engine(home)
    left = _wait_for_all(workers)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not left, f"processes of the engine outlived it: {left}"


def _descendants(pid: int) -> dict[int, int | None]:
    """Every process that a process started, directly or not, with the start that tells it from a later one of its number."""
    import psutil

    try:
        return {child.pid: start_ticks(child.pid) for child in psutil.Process(pid).children(recursive=True)}
    except psutil.NoSuchProcess:
        return {}


def _wait_for_all(processes: dict[int, int | None]) -> list[int]:
    """Wait until processes are gone; returns those that are not. A zombie is gone, whenever its new parent collects it."""
    clock = SystemClock()
    deadline = clock.monotonic() + _END_SECONDS
    while alive := [pid for pid, ticks in processes.items() if ticks is not None and start_ticks(pid) == ticks]:
        if clock.monotonic() >= deadline:
            return alive
        pause(_LOOK_AGAIN_SECONDS)
    return []
