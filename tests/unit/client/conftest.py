from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from jupyter_lambda.client.engine_client import EngineClient
from jupyter_lambda.client.handle import FunctionHandle
from jupyter_lambda.testing.engine_server import EngineServer


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def short_folder():
    """A folder whose path leaves room for a unix socket's 108 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="jl-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(short_folder):
    """An engine without sandboxes; its function `echo` gives its event back."""
    server = EngineServer(short_folder / "engine.sock")
    server.engine.add("echo")
    server.start()
    yield server
    server.close()


@pytest.fixture
def client(server):
    with closing(EngineClient(server.runtime)) as client:
        yield client


@pytest.fixture
def echo(client):
    """A handle of `echo`."""
    return FunctionHandle("echo", client)
