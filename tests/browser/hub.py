"""A JupyterHub for classes: a name is enough to log in, and each student has a server of their own, as a process of this user."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_lambda.clock import pause
from tests.browser.servers import name_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD: Final = "taught-in-class"
_PROXY: Final = Path(__file__).parents[2] / "labextension/node_modules/.bin/configurable-http-proxy"
_CONFIGURATION: Final = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}/hub-of-a-school/"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.ConfigurableHTTPProxy.command = {proxy!r}
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.Spawner.default_url = "/lab"
c.Spawner.args = ["--allow-root", "--LabApp.expose_app_in_browser=True"]
c.Spawner.environment = {{"JUPYTER_PATH": {data!r}, "JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_LAMBDA_SANDBOX": "process"}}
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
"""


def why_none() -> str:
    """Why no hub can run here, empty if it can."""
    if not _PROXY.is_file():
        return "configurable-http-proxy is not installed: make frontend"
    return "" if shutil.which("node") else "there is no Node: make frontend"


def home_of(root: Path, student: str) -> Path:
    """A student's home folder."""
    return root / "homes" / student


@contextmanager
def hub(root: Path, *students: str) -> Iterator[str]:
    """A hub that keeps its files in `root`; gives its address."""
    name_kernel(root, sys.executable)
    for student in students:
        home_of(root, student).mkdir(parents=True)
    port, hub_port, api_port = _free_ports(3)
    (root / "jupyterhub_config.py").write_text(
        _CONFIGURATION.format(
            port=port, hub_port=hub_port, api_port=api_port, proxy=[str(_PROXY)], password=PASSWORD,
            homes=str(root / "homes"), data=str(root / "data"),
        )
    )  # fmt: skip
    own = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": ""}
    with (root / "hub.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub"],
            cwd=root,
            stdout=log,
            stderr=log,
            env={**os.environ, **own},
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}/hub-of-a-school/"
        _wait_until_it_answers(address, process, root / "hub.log")
        yield address
    finally:
        process.send_signal(signal.SIGTERM)  # it stops the students' servers and its proxy
        try:
            process.wait(timeout=60)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _free_ports(number: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [listener.getsockname()[1] for listener in held]
    for listener in held:
        listener.close()
    return ports


def _wait_until_it_answers(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1200):
        try:
            urllib.request.urlopen(f"{address}hub/api", timeout=10).close()
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None, log.read_text()[-3000:]
            pause(0.05)
        else:
            return
    raise AssertionError(f"the hub did not answer: {log.read_text()[-3000:]}")
