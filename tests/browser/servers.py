"""The Jupyter servers that pages come from: JupyterLab, Notebook, with whichever Python and below whichever prefix."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from jupyter_lambda.clock import pause
from tests.listening import wait_until_it_listens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TOKEN: Final = "a-browser-has-this"
PREFIX: Final = "/user/ada/"
KERNEL: Final = "lambda-test"
_LISTENS: Final = re.compile(r"http://127\.0\.0\.1:(\d+)/")


@contextmanager
def lab_server(
    root: Path, home: Path, *, base_url: str = PREFIX, app: str = "jupyterlab", python: str = sys.executable,
    variables: Mapping[str, str] | None = None, port: int = 0,
) -> Iterator[str]:  # fmt: skip
    """JupyterLab (or `notebook`) on `root`, with an engine home; gives its address.

    Args:
        root: The folder that its pages show.
        home: The engine's home, for the server and for its kernels.
        base_url: The prefix, `/` at both ends.
        app: The module that is the server.
        python: The interpreter that runs the server; the one of the tests runs the kernels.
        variables: Environment variables besides the usual ones.
        port: Where it listens; 0 for any free port.
    """
    settings = root / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    if not (root / "data" / "kernels" / KERNEL).exists():
        name_kernel(root, sys.executable)
    given = [
        "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={root}", f"--ServerApp.base_url={base_url}", f"--IdentityProvider.token={TOKEN}",
        "--JupyterLambda.sandbox=process", f"--JupyterLambda.home={home}", f"--LabApp.user_settings_dir={root / 'settings'}",
        f"--JupyterNotebookApp.user_settings_dir={root / 'settings'}", "--JupyterNotebookApp.expose_app_in_browser=True",
        "--LabApp.expose_app_in_browser=True", f"--LabApp.workspaces_dir={root / 'workspaces'}",
        "--AsyncIOLoopKernelRestarter.restart_limit=0",  # a kernel that is killed is dead, as otherwise after the sixth time
    ]  # fmt: skip
    own = {
        "PYTHONPATH": "", "JUPYTER_LAMBDA_HOME": str(home),
        "JUPYTER_LAMBDA_SANDBOX": "process", "JUPYTER_PATH": str(root / "data"),
        "JUPYTER_PREFER_ENV_PATH": "1", "IPYTHONDIR": str(root / "ipython"),
    }  # fmt: skip
    log = root / f"server-{app}.log"
    with log.open("wb") as stream:  # a pipe that nobody reads would stop the server once it is full
        process = subprocess.Popen(
            [python, "-m", app, *given], stdout=stream, stderr=stream, env={**os.environ, **own, **(variables or {})}
        )
    try:
        found = _port(log, process)
        wait_until_it_listens(found)
        yield f"http://127.0.0.1:{found}{base_url}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def name_kernel(root: Path, python: str, *, name: str = KERNEL) -> None:
    """A kernel on this Python, for the notebooks below `root`, whatever kernels the machine has."""
    spec = root / "data" / "kernels" / name
    spec.mkdir(parents=True, exist_ok=True)
    argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    body = {"argv": argv, "display_name": "Python 3 (ipykernel)", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(body))


def _port(log: Path, process: subprocess.Popen[bytes]) -> int:
    """The port that a server's log tells."""
    for _ in range(3000):
        if (found := _LISTENS.search(log.read_text(errors="replace"))) is not None:
            return int(found[1])
        if process.poll() is not None:
            break
        pause(0.02)
    raise AssertionError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def write_notebook(path: Path, *cells: str, kernel: str = KERNEL) -> None:
    """A notebook of code cells."""
    spec = {"name": kernel, "display_name": "Python 3 (ipykernel)", "language": "python"}
    body = [
        {"cell_type": "code", "id": f"cell-{i}", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
        for i, source in enumerate(cells)
    ]
    path.write_text(json.dumps({"cells": body, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}))
