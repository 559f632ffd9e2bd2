"""Fixtures for tests of code that uses jupyter-lambda: a home of the test's own, and an engine in it.

pytest finds them by itself where the package is installed; else put `pytest_plugins = ["jupyter_lambda.testing.plugin"]` into the
top `conftest.py`. Nothing of them touches the home, the engine or the functions of whoever runs the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psutil

    from jupyter_lambda.model.runtime_file import RuntimeFile

_END_SECONDS: Final = 10.0


@pytest.fixture
def jupyter_lambda_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home that only this test has: `$JUPYTER_LAMBDA_HOME` names it, and an engine that was started in it ends with the test."""
    home = tmp_path / "jupyter-lambda"
    monkeypatch.setenv("JUPYTER_LAMBDA_HOME", str(home))
    yield home
    end_engine(home)


@pytest.fixture
def jupyter_lambda_engine(jupyter_lambda_home: Path) -> RuntimeFile:
    """A running engine in the test's home, with process workers; the test fails if any process outlives it.

    Its `url`, `access_key_id`, `secret_access_key` and `region` are what boto3 takes.
    """
    from jupyter_lambda.client.launch import ensure_engine

    return ensure_engine(jupyter_lambda_home, sandbox="process")


def end_engine(home: Path) -> None:
    """Stop a home's engine, and see that every process it had is gone (AssertionError, after killing what is left)."""
    from jupyter_lambda.client.launch import find_engine, stop_engine

    runtime = find_engine(home)
    workers = [] if runtime is None else _descendants(runtime.pid)
    stop_engine(home)
    left = _wait_for_all(workers)
    for process in left:
        process.kill()
    assert not left, f"processes of the engine outlived it: {left}"


def _descendants(pid: int) -> list[psutil.Process]:
    """Every process that a process started, directly or not."""
    import psutil

    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _wait_for_all(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Wait until processes are gone; returns those that are not."""
    import psutil

    _gone, alive = psutil.wait_procs(processes, timeout=_END_SECONDS)
    return alive
