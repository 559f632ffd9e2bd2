"""The panel by itself: an engine that comes and goes, keys instead of a pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.client.launch import stop_engine
from tests.browser.servers import write_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.lab_page import LabPage

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)").expect

LOAD = "%load_ext jupyter_lambda"
RESIZE = """%%lambda resize --memory 256 --timeout 10
def handler(event, context):
    print("side", event["side"])
    return {"side": event["side"] // 2}"""


def test_the_page_waits_for_an_engine_and_starts_one(lab: LabPage, lab_root: Path) -> None:
    write_notebook(lab_root / "engine.ipynb", LOAD, RESIZE)
    lab.open("engine.ipynb")
    lab.show_panel()
    lab.run(0)
    lab.run(1)
    panel = lab.page.locator("#jp-Lambda-panel")
    expect(lab.function("resize")).to_be_visible()

    stop_engine(lab_root / "home")
    expect(panel).to_contain_text("The engine isn’t running")
    expect(lab.function("resize")).to_be_visible()  # as it was, dimmed

    panel.get_by_role("button", name="Start engine").click()
    expect(panel).to_contain_text("process sandbox")
    expect(panel).not_to_contain_text("The engine isn’t running")


def test_the_panel_by_keyboard_in_the_dark(lab: LabPage, lab_root: Path) -> None:
    write_notebook(lab_root / "dark.ipynb", LOAD, RESIZE, RESIZE.replace("resize", "second"))
    lab.open("dark.ipynb")
    lab.show_panel()
    for number in range(3):
        lab.run(number)
    expect(lab.function("second")).to_be_visible()
    light = _ground(lab)

    lab.command("apputils:change-theme", theme="JupyterLab Dark")
    lab.page.wait_for_selector("body[data-jp-theme-light=false]", state="attached")
    lab.page.get_by_label("Filter functions").focus()
    lab.page.keyboard.press("Tab")
    lab.page.keyboard.press("Tab")
    lab.page.keyboard.press("ArrowDown")
    lab.page.keyboard.press("Enter")
    expect(lab.detail("second")).to_be_visible()
    lab.detail("second").locator("[data-tab=overview]").focus()
    lab.page.keyboard.press("ArrowRight")

    expect(lab.detail("second").locator("[data-tab=invocations]")).to_be_focused()
    assert _ground(lab) != light


def _ground(lab: LabPage) -> str:
    ground: str = lab.page.locator("#jp-Lambda-panel").evaluate("node => getComputedStyle(node).backgroundColor")
    return ground
