"""A real JupyterLab in a real Chromium, with an engine of its own: what browser tests and the screenshots drive."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.parse
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.clock import pause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

TOKEN: Final = "a-browser-has-this"
PREFIX: Final = "/user/ada/"
_LISTENS: Final = re.compile(r"http://127\.0\.0\.1:(\d+)/")
_SWITCHES: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
# A cell that is run before its kernel answered stays at [*]: Lab shows "Idle" a moment too early.
_KERNEL_ANSWERS: Final = """async () => {
    const context = window.jupyterapp.shell.currentWidget.sessionContext;
    await context.ready;
    await context.session.kernel.info;
}"""
_KERNEL_IS_IDLE: Final = """() => {
    const kernel = window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;
    return kernel?.status === 'idle' && kernel.connectionStatus === 'connected';
}"""
IDLE: Final = ".jp-Notebook-ExecutionIndicator[data-status=idle]"


def chromium() -> str | None:
    """Debian's Chromium, or what stands in its place."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def what_is_missing() -> str:
    """Why no browser test can run here, empty if it can."""
    if chromium() is None:
        return "there is no Chromium: apt-get install chromium"
    for module in ("playwright", "jupyterlab"):
        if _find_spec(module) is None:
            return f"{module} is not installed: pip install {module}"
    if not (Path(sys.prefix) / "share/jupyter/labextensions/jupyter-lambda/package.json").is_file():
        return "the panel is not built into this environment: make frontend"
    return ""


def _find_spec(module: str) -> Any:
    from importlib.util import find_spec

    return find_spec(module)


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium, headless."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=list(_SWITCHES))
        yield started
        started.close()


@contextmanager
def lab_server(root: Path, home: Path, *, base_url: str = PREFIX) -> Iterator[str]:
    """JupyterLab on `root`, with an engine home; gives its address."""
    settings = root / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    _name_this_python(root)
    log = (root / "server.log").open("wb")  # a pipe that nobody reads would stop the server once it is full
    process = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
            f"--ServerApp.root_dir={root}", f"--ServerApp.base_url={base_url}", f"--IdentityProvider.token={TOKEN}",
            "--JupyterLambda.sandbox=process", f"--JupyterLambda.home={home}", f"--LabApp.user_settings_dir={root / 'settings'}",
            "--LabApp.expose_app_in_browser=True", f"--LabApp.workspaces_dir={root / 'workspaces'}",
        ],
        stderr=log,
        env={
            **os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "JUPYTER_LAMBDA_HOME": str(home),
            "JUPYTER_LAMBDA_SANDBOX": "process", "JUPYTER_PATH": str(root / "data"),
            "JUPYTER_PREFER_ENV_PATH": "1", "IPYTHONDIR": str(root / "ipython"),
        },
    )  # fmt: skip
    log.close()
    try:
        port = _port(root / "server.log")
        _wait_until_it_listens(port)
        yield f"http://127.0.0.1:{port}{base_url}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _port(log: Path) -> int:
    """The port that a server's log tells."""
    for _ in range(3000):
        if (found := _LISTENS.search(log.read_text(errors="replace"))) is not None:
            return int(found[1])
        pause(0.02)
    raise AssertionError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def _name_this_python(root: Path) -> None:
    """A kernel on the Python that runs the tests, whatever kernels the machine has."""
    spec = root / "data" / "kernels" / "lambda-test"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Python 3 (ipykernel)", "language": "python"}))


def _wait_until_it_listens(port: int) -> None:
    for _ in range(1000):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
        except ConnectionRefusedError:
            pause(0.02)
        else:
            return
    raise AssertionError(f"nothing listens on port {port}")


def write_notebook(path: Path, *cells: str) -> None:
    """A notebook of code cells."""
    kernel = {"name": "lambda-test", "display_name": "Python 3 (ipykernel)", "language": "python"}
    body = [
        {"cell_type": "code", "id": f"cell-{i}", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
        for i, source in enumerate(cells)
    ]
    path.write_text(json.dumps({"cells": body, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}))


class LabPage:
    """JupyterLab as a user sees it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def open(self, notebook: str = "", *, reset: bool = True) -> None:
        """Open Lab, on a notebook if one is named, and wait until it can be used."""
        path = f"lab/tree/{urllib.parse.quote(notebook)}" if notebook else "lab"
        query = f"?token={TOKEN}" + ("&reset" if reset else "")
        self.page.goto(f"{self.address}{path}{query}")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=60_000)
        if notebook:
            self.page.wait_for_selector(IDLE, timeout=60_000)
            self.wait_for_kernel()

    def wait_for_kernel(self) -> None:
        """Wait until the kernel has answered and has nothing to do."""
        self.page.wait_for_function("() => window.jupyterapp.shell.currentWidget?.sessionContext", timeout=60_000)
        self.page.evaluate(_KERNEL_ANSWERS)
        self.page.wait_for_function(_KERNEL_IS_IDLE, timeout=60_000)

    def run(self, number: int, *, wait: bool = True) -> None:
        """Run a cell of the notebook, the first is 0."""
        cell = self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)
        before = cell.locator(".jp-InputPrompt").inner_text()
        for _ in range(10):
            cell.locator(".jp-InputPrompt").click()
            self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell') }")
            if self._began(number, before):  # Lab drops a run while its kernel is still being connected
                break
        if wait:
            cell.locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]:")).wait_for(timeout=60_000)

    def _began(self, number: int, before: str) -> bool:
        """Whether a cell's prompt is another one now, within five seconds."""
        from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

        script = """([n, before]) => document.querySelectorAll('.jp-Notebook .jp-CodeCell')[n]
            .querySelector('.jp-InputPrompt').innerText !== before"""
        try:
            self.page.wait_for_function(script, arg=[number, before], timeout=5_000)
        except PlaywrightTimeoutError:
            return False
        return True

    def output(self, number: int) -> Any:
        """What stands below a cell."""
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number).locator(".jp-OutputArea")

    def command(self, command: str, **arguments: Any) -> None:
        """Begin one of Lab's commands; one that asks something ends only when it was answered."""
        self.page.evaluate("([c, a]) => { window.jupyterapp.commands.execute(c, a) }", [command, arguments])

    def show_panel(self) -> None:
        """Bring our panel to the front."""
        if not self.page.locator("#jp-Lambda-panel").is_visible():
            self.page.locator('.jp-SideBar [data-id="jp-Lambda-panel"]').click()
        self.page.locator("#jp-Lambda-panel").wait_for()

    def function(self, name: str) -> Any:
        """A function's row in the panel."""
        return self.page.locator(f'#jp-Lambda-panel [data-function="{name}"]')

    def detail(self, name: str) -> Any:
        """A function's tab in the main area."""
        return self.page.locator(f'[id="jp-Lambda-detail-{name}"]')
