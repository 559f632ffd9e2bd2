"""The card below a cell and the badge in its corner, in a real JupyterLab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.servers import write_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.lab_page import LabPage

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)").expect

LOAD = "%load_ext jupyter_lambda"
RATIO = """%%lambda ratio --memory 256 --timeout 10

def handler(event, context):
    print("side", event["side"])
    return inner(event)

def inner(event):
    return 640 / event["side"]"""
SELECTED = "text => getSelection().toString() === text"


def test_open_cell_jumps_to_the_line_also_of_a_notebook_that_is_closed(lab: LabPage, lab_root: Path) -> None:
    write_notebook(lab_root / "ratio.ipynb", LOAD, RATIO)
    lab.open("ratio.ipynb")
    lab.run(0)
    lab.run(1)
    lab.output(1).locator(".jp-Lambda-card").wait_for()

    lab.command("jupyter-lambda:open-cell", name="ratio", line=8)
    lab.page.wait_for_function(SELECTED, arg='    return 640 / event["side"]')
    lab.open()
    lab.show_panel()
    lab.function("ratio").wait_for()

    lab.command("jupyter-lambda:open-cell", name="ratio", line=4)
    lab.page.wait_for_function(SELECTED, arg='    print("side", event["side"])')
