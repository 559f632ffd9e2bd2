"""Notebooks run in real kernels, on a real engine, without a Jupyter server."""

from __future__ import annotations

import os

import pytest
from nbclient import NotebookClient

from jupyter_lambda.testing.plugin import end_engine


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home whose engine, with every worker, is gone at the end."""
    folder = tmp_path / "lambda-home"
    monkeypatch.setenv("JUPYTER_LAMBDA_HOME", str(folder))
    monkeypatch.setenv("JUPYTER_LAMBDA_SANDBOX", "process")
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")  # the kernel of this environment, not one of the same name elsewhere
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    yield folder
    end_engine(folder)


@pytest.fixture
def run_notebook(home):
    """Execute a notebook in a fresh kernel and return it with its outputs."""

    def run(notebook, folder, **variables):
        client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
        client.create_kernel_manager()
        client.execute(env={**os.environ, **variables})
        return notebook

    return run
