"""A page of JupyterLab in a real Chromium, as a user sees and uses it: what browser tests and the screenshots drive."""

from __future__ import annotations

import re
import shutil
import sys
import urllib.parse
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.browser.servers import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Error, Page

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
# A theme's style sheet arrives after the page has said that it changed.
_THEME_IS_THERE: Final = """isLight => {
    const probe = document.body.appendChild(document.createElement('i'));
    probe.style.backgroundColor = 'var(--jp-layout-color1)';
    const shades = getComputedStyle(probe).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number);
    probe.remove();
    return (shades.reduce((a, b) => a + b) > 384) === isLight && document.body.dataset.jpThemeLight === String(isLight);
}"""


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


# One frame, and that one Lab's: whatever of ours, or of React under ours, stands in a stack makes it another error.
_SPLASH_REMOVED_TWICE = re.compile(r"NotFoundError: Failed to execute 'removeChild' on 'Node': [^\n]*\n\s+at \S*/jlab_core\.\S+")


class LabPage:
    """JupyterLab as a user sees it, or Notebook (`app="notebooks"`), which is made of the same parts."""

    def __init__(self, page: Page, address: str, *, app: str = "lab/tree") -> None:
        self.page = page
        self.address = address
        self._app = app
        self.faults: list[str] = []
        page.on("pageerror", self._note_fault)
        # A busy machine: Lab gives a theme's style sheet 1.5 s, then asks what to do.
        late_theme = page.get_by_role("dialog", name=re.compile("Error Loading Theme"))
        page.add_locator_handler(late_theme, lambda dialog: dialog.get_by_role("button").last.click())

    def _note_fault(self, error: Error) -> None:
        """Keep every error but Lab's own one: it removes its splash twice when themes change quickly, in a timer of its own."""
        stack = error.stack or str(error)
        if not _SPLASH_REMOVED_TWICE.fullmatch(stack.strip()):
            self.faults.append(stack)

    def open(self, notebook: str = "", *, reset: bool = True) -> None:
        """Open Lab, on a notebook if one is named, and wait until it can be used."""
        path = f"{self._app}/{urllib.parse.quote(notebook)}" if notebook else "lab"
        query = f"?token={TOKEN}" + ("&reset" if reset else "")
        self.page.goto(f"{self.address}{path}{query}")
        self.page.wait_for_function("() => window.jupyterapp?.restored", timeout=60_000)
        self.page.evaluate("() => window.jupyterapp.restored.then(() => null)")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=60_000)
        if notebook:
            self.wait_for_kernel()

    def wait_for_kernel(self) -> None:
        """Wait until the kernel has answered and has nothing to do."""
        self.page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.sessionContext", timeout=60_000)
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

    def is_kernel_busy(self) -> bool:
        """Whether a cell of the notebook in front keeps the kernel from everything else."""
        return not self.page.evaluate(_KERNEL_IS_IDLE)

    def restart_kernel(self) -> None:
        """Restart the kernel of the notebook in front, and wait until it answers."""
        self.command("notebook:restart-kernel")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.wait_for_kernel()

    def wait_until_saved(self, notebook: str) -> None:
        """Save a notebook, and wait until Lab has sent its layout to the server; it does so a second after a change, in silence."""
        self.page.evaluate(
            """async notebook => {
                const app = window.jupyterapp;
                const saved = [...app.shell.widgets('main')].find(w => w.context?.path === notebook);
                await saved?.context.save();
            }""",
            notebook,
        )
        with self.page.expect_response(lambda answer: "/api/workspaces/" in answer.url and answer.request.method == "PUT"):
            self.page.evaluate("() => { window.jupyterapp.shell.layoutModified.emit() }")

    def use_theme(self, theme: str) -> None:
        """Change Lab's theme: `dark` or `light`."""
        self.command("apputils:change-theme", theme=f"JupyterLab {theme.title()}")
        self.page.wait_for_function(_THEME_IS_THERE, arg=theme == "light")

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for a fact outside the page."""
        for _ in range(900):
            if holds():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"not in 45 s: {what}")

    def show_panel(self) -> None:
        """Bring our panel to the front."""
        if self._app == "notebooks":  # it has no bar of tabs at its side
            self.command("jupyter-lambda:show-panel")
        elif not self.page.locator("#jp-Lambda-panel").is_visible():
            self.page.locator('.jp-SideBar [data-id="jp-Lambda-panel"]').click()
        self.page.locator("#jp-Lambda-panel").wait_for()

    def card(self, number: int) -> Any:
        """The live card below a cell."""
        return self.output(number).get_by_role("region", name=re.compile("^Lambda function "))

    def open_card(self, number: int) -> Any:
        """The live card below a cell, opened."""
        card = self.card(number)
        twisty = card.get_by_role("button", name=re.compile("^Details of "))
        if twisty.get_attribute("aria-expanded") == "false":
            twisty.click()
        return card

    def function(self, name: str) -> Any:
        """A function's row in the panel."""
        return self.page.locator(f'#jp-Lambda-panel [data-function="{name}"]')

    def detail(self, name: str) -> Any:
        """A function's tab in the main area."""
        return self.page.locator(f'[id="jp-Lambda-detail-{name}"]')

    def view(self, name: str, tab: str) -> Any:
        """A function's tab in the main area, brought to the front and turned to one of its own tabs."""
        self.command("jupyter-lambda:open-function", name=name)
        detail = self.detail(name)
        detail.get_by_role("tab", name=tab).click()
        return detail
