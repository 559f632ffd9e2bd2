"""What holds for every test: no test ever meets the engine, the settings or the history of the person who runs it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.docker_daemon import open_daemon
from tests.runtime_programs import versions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.docker_daemon import Daemon

# Settings of the caller's shell that would change what is tested.
_FOREIGN = ("JUPYTER_LAMBDA_", "AWS_", "_X_AMZN_", "LAMBDA_")
_KEPT = ("JUPYTER_LAMBDA_TEST_",)  # switches of the test suite itself


def pytest_report_header() -> str:
    """Say which runtime clients the tests meet."""
    return versions()


@pytest.fixture(scope="session", autouse=True)
def _own_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Point every home folder of Jupyter, IPython and this package at a temporary place, here and in child processes."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(_FOREIGN) and not name.startswith(_KEPT):
            del os.environ[name]
    base: Path = tmp_path_factory.mktemp("surroundings")
    for name in ("JUPYTER_LAMBDA_HOME", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
        os.environ[name] = str(base / name.lower())
    os.environ["JUPYTER_PLATFORM_DIRS"] = "1"
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def docker_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A Docker daemon for tests that are marked with NEEDS_DOCKER, started when the first one asks."""
    daemon = open_daemon(tmp_path_factory.mktemp("docker"))
    yield daemon
    daemon.stop()
