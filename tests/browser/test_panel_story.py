"""Whole stories in a real JupyterLab: what a user does, and what the page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.client.connection import engine
from jupyter_lambda.client.launch import stop_engine
from tests.browser.lab_page import write_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.lab_page import LabPage

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)").expect

LOAD = "%load_ext jupyter_lambda"
RESIZE = """%%lambda resize --memory 256 --timeout 10
def handler(event, context):
    print("side", event["side"])
    return {"side": event["side"] // 2}"""
HANG = """%%lambda hang --timeout 900
import time
def handler(event, context):
    time.sleep(900)"""
ODD = """%%lambda odd
def handler(event, context):
    print("\\x1b[31mred\\x1b[0m <script>document.title = 'owned'</script>")
    raise ValueError("<img src=x onerror=\\"document.title='owned'\\">")"""


def test_from_a_cell_to_the_panel_and_back(lab: LabPage, lab_root: Path) -> None:
    write_notebook(lab_root / "story.ipynb", LOAD, RESIZE, 'resize({"side": 640})', "import time; time.sleep(600)")
    lab.open("story.ipynb")
    lab.show_panel()
    expect(lab.page.locator("#jp-Lambda-panel")).to_contain_text("The engine isn’t running")

    # Deployed from a cell: the panel lists it, the card stands below the cell.
    lab.run(0)
    lab.run(1)
    expect(lab.function("resize")).to_contain_text("not invoked")
    card = lab.output(1).locator(".jp-Lambda-card")
    expect(card).to_contain_text("resize")

    # Invoked from a cell: the row is there.
    lab.run(2)
    lab.function("resize").click()
    detail = lab.detail("resize")
    detail.locator("[data-tab=invocations]").click()
    expect(detail.locator("tbody tr")).to_have_count(1)
    expect(detail.locator("tbody tr")).to_contain_text("cold")

    # The kernel sleeps in another cell, and everything still acts at once.
    lab.command("jupyter-lambda:show-panel")
    lab.page.locator(".lm-TabBar-tab", has_text="story.ipynb").first.click()
    lab.run(3, wait=False)
    card.locator(".jp-Lambda-twisty").click()
    memory = card.get_by_label("Memory in MB")
    memory.fill("512")
    memory.press("Enter")
    expect(card).to_contain_text("Unpublished changes")
    card.get_by_label("Event, as JSON").fill('{"side": 1180591620717411303424}')
    card.get_by_role("button", name="Invoke", exact=True).click()
    expect(card.locator(".jp-Lambda-payload")).to_have_text('{"side": 590295810358705651712}')
    expect(card.locator("[role=log]")).to_contain_text("Memory Size: 512 MB")

    # The kernel restarts: nothing here minds.
    lab.command("notebook:restart-kernel")
    lab.page.locator(".jp-Dialog .jp-mod-accept").click()
    lab.wait_for_kernel()
    card.get_by_role("button", name="Invoke", exact=True).click()
    expect(card.locator(".jp-Lambda-invocations tbody tr")).to_have_count(3)

    # The page is loaded again: tab and tab's tab, panel and card are as before.
    lab.function("resize").click()
    lab.page.wait_for_timeout(1500)  # Lab saves its layout a second after a change, and says nothing of it
    lab.open(reset=False)
    expect(lab.detail("resize").locator("[data-tab=invocations]")).to_have_attribute("aria-selected", "true")
    expect(lab.detail("resize").locator("tbody tr")).to_have_count(3)


def test_a_stuck_invocation_is_stopped_from_the_panel(lab: LabPage, lab_root: Path) -> None:
    write_notebook(lab_root / "stuck.ipynb", LOAD, HANG, "hang({})")
    lab.open("stuck.ipynb")
    lab.show_panel()
    lab.run(0)
    lab.run(1)
    lab.run(2, wait=False)
    expect(lab.function("hang")).to_contain_text("1 running")

    lab.function("hang").click()
    detail = lab.detail("hang")
    detail.locator("[data-tab=invocations]").click()
    detail.get_by_role("button", name="Stop", exact=True).click()

    expect(detail.locator("tbody tr").first.get_by_role("img", name="Stopped")).to_be_visible()
    expect(lab.function("hang")).not_to_contain_text("running")


def test_an_alias_weight_moved_by_slider_is_kept(lab: LabPage, lab_root: Path) -> None:
    second = RESIZE.replace("// 2", "// 4")
    write_notebook(lab_root / "alias.ipynb", LOAD, RESIZE, second, "%lambda alias resize live=1,2=0.1")
    lab.open("alias.ipynb")
    lab.show_panel()
    for number in range(4):
        lab.run(number)
    lab.function("resize").click()
    detail = lab.detail("resize")
    detail.locator("[data-tab=versions]").click()
    row = detail.locator("[data-alias=live]")
    expect(row).to_contain_text("v1 90 %")

    row.get_by_role("slider").focus()
    lab.page.keyboard.press("End")

    expect(row).to_contain_text("v2 100 %")
    client = engine(lab_root / "home")
    assert [a.additional_weight for a in client.function("resize").aliases] == [1.0]


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


def test_text_of_functions_is_text(lab: LabPage, lab_root: Path) -> None:
    write_notebook(lab_root / "odd.ipynb", LOAD, ODD, "odd.invoke({}).error")
    lab.open("odd.ipynb")
    lab.show_panel()
    for number in range(3):
        lab.run(number)
    expect(lab.function("odd")).to_contain_text("1 failed")
    lab.function("odd").click()
    detail = lab.detail("odd")
    detail.locator("[data-tab=logs]").click()
    expect(detail.locator("[role=log]")).to_contain_text("red <script>document.title")
    detail.locator("[data-tab=invocations]").click()
    expect(detail.locator("tbody tr")).to_contain_text("ValueError: <img")

    assert lab.page.title() != "owned"


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
