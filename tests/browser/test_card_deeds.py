"""What a card says of its cell and its kernel, and what it offers to do, in a real JupyterLab."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.browser.servers import write_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.lab_page import LabPage

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)").expect

LOAD = "%load_ext jupyter_lambda"
HALF = """%%lambda half --memory 256 --timeout 10
def handler(event, context):
    return 1 / event["side"]"""


def test_a_card_tells_of_a_cell_that_differs_and_of_a_kernel_that_died(lab: LabPage, lab_root: Path) -> None:
    write_notebook(lab_root / "deeds.ipynb", LOAD, HALF, "import os\nos.getpid()")
    lab.open("deeds.ipynb")
    for number in range(3):
        lab.run(number)
    card = lab.card(1)
    head, news = card.locator(".jp-Lambda-card-head"), card.locator(".jp-Lambda-card-news")
    badge = lab.page.locator(".jp-Notebook .jp-CodeCell").nth(1).locator(".jp-Lambda-badge")

    # The menu lies above everything and leads to the cell; what is written there is another cell than the deployed one.
    expect(head).not_to_contain_text("cell differs")
    more = card.get_by_role("button", name="More for half")
    more.click()
    menu = card.get_by_role("menu")
    expect(menu.get_by_role("menuitem", name="Publish")).to_be_disabled()
    box = menu.bounding_box()
    assert box is not None
    assert lab.page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('.jp-Lambda-menu') !== null",
        [box["x"] + 8, box["y"] + box["height"] - 8],
    )
    lab.page.keyboard.press("ArrowDown")
    lab.page.keyboard.press("Enter")
    lab.page.wait_for_function("() => getSelection().toString().startsWith('%%lambda half')")
    lab.page.keyboard.press("End")
    lab.page.keyboard.type(" --tmp 600")
    expect(head).to_contain_text("cell differs")
    for _ in range(10):
        lab.page.keyboard.press("Backspace")
    expect(head).not_to_contain_text("cell differs")

    # The kernel dies; the function does not.
    os.kill(int(lab.output(2).inner_text().strip().split()[-1]), signal.SIGKILL)
    dead = lab.page.get_by_role("dialog")
    lab.page.add_locator_handler(dead, lambda dialog: dialog.get_by_role("button").last.click())
    expect(news).to_contain_text("Kernel not running.")
    lab.open_card(1)
    card.get_by_label("Event, as JSON").fill('{"side": 2}')
    card.get_by_role("button", name="Invoke", exact=True).click()
    expect(card.locator(".jp-Lambda-answer")).to_contain_text("0.5")
    expect(news).to_contain_text("Kernel not running.")

    # A failure is more pressing, and the badge names its line.
    card.get_by_label("Event, as JSON").fill('{"side": 0}')
    card.get_by_role("button", name="Invoke", exact=True).click()
    expect(news).to_contain_text("at cell line 3")
    expect(badge).to_have_text("v1failed at line 3")
