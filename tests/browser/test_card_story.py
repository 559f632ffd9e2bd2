"""The card below a cell and the badge in its corner, in a real JupyterLab."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.servers import write_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.lab_page import LabPage

soup = pytest.importorskip("bs4", reason="beautifulsoup4 is not installed (it comes with nbconvert)")
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


def test_events_are_saved_errors_lead_to_their_line_and_the_notebook_keeps_the_story(lab: LabPage, lab_root: Path) -> None:
    write_notebook(lab_root / "story.ipynb", LOAD, RATIO, "ratio.test_events.names()")
    lab.open("story.ipynb")
    lab.run(0)
    lab.run(1)
    card = lab.output(1).locator(".jp-Lambda-card")
    card.locator(".jp-Lambda-twisty").click()

    # An event is checked while it is written, kept with the function, and there for the kernel.
    event = card.get_by_label("Event, as JSON")
    event.fill('{\n  "side": 0,\n}')
    expect(card.locator(".jp-Lambda-fault")).to_contain_text("Line 3")
    expect(card.get_by_role("button", name="Invoke", exact=True)).to_be_disabled()
    event.fill('{"side": 0}')
    card.get_by_role("button", name="Save as…").click()
    card.get_by_label("Name of the test event").fill("nothing")
    lab.page.keyboard.press("Enter")
    expect(card.get_by_label("Saved test events and templates")).to_have_value("saved:nothing")
    lab.run(2)
    expect(lab.output(2)).to_contain_text("['nothing']")

    # A failure shows the cell's own lines, and leads to them.
    card.get_by_role("button", name="Invoke", exact=True).click()
    expect(card.locator(".jp-Lambda-card-news")).to_contain_text("ZeroDivisionError division by zero at cell line 8: return 640")
    expect(card.locator(".jp-Lambda-failure li.jp-mod-bad")).to_have_text('8    return 640 / event["side"]')
    card.get_by_role("button", name="Open cell at line 8").click()
    lab.page.wait_for_function(SELECTED, arg='    return 640 / event["side"]')

    # A setting is published on a click.
    memory = card.get_by_label("Memory in MB")
    memory.fill("512")
    memory.press("Enter")
    card.get_by_role("button", name="Publish v2").click()
    expect(card.locator(".jp-Lambda-card-head")).to_contain_text("v2")
    expect(card.locator(".jp-Lambda-card-head")).not_to_contain_text("unpublished")

    # Saved, the notebook tells it without us; and the card that was open is open.
    lab.page.wait_for_timeout(1500)  # figures are asked for when all is quiet; Lab saves its state a second later
    lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")
    saved = json.loads((lab_root / "story.ipynb").read_text())
    (output,) = saved["cells"][1]["outputs"]
    html = "".join(output["data"]["text/html"])
    assert '<td align="right">1</td>' in html
    assert "ZeroDivisionError: division by zero" in html
    assert html.count("<!--jupyter-lambda state-->") == 1
    told = _without_looks(lab_root / "story.ipynb")
    headings, figures = ([cell.text for cell in told.table(kind)] for kind in ("th", "td"))
    assert dict(zip(headings, figures, strict=True))["errors"] == "1"
    assert "✕" in told.ul.text
    assert "ZeroDivisionError: division by zero" in told.ul.text
    lab.open("story.ipynb", reset=False)
    expect(card.locator(".jp-Lambda-eventBox")).to_be_visible()
    expect(card.get_by_label("Saved test events and templates")).to_contain_text("nothing")


def _without_looks(notebook: Path) -> Any:
    """What nbconvert makes of a notebook, less styles, scripts and attributes: the most that a sanitiser takes away."""
    from nbconvert import HTMLExporter

    page = soup.BeautifulSoup(HTMLExporter().from_filename(str(notebook))[0], "html.parser")
    for element in page(["style", "script"]):
        element.decompose()
    for element in page(True):
        element.attrs = {}
    return page


def test_a_badge_says_whether_the_cell_is_what_is_deployed(lab: LabPage, lab_root: Path) -> None:
    write_notebook(lab_root / "badge.ipynb", LOAD, RATIO)
    lab.open("badge.ipynb")
    badge = lab.page.locator(".jp-Notebook .jp-CodeCell").nth(1).locator(".jp-Lambda-badge")
    lab.run(0)
    expect(badge).to_contain_text("engine not running")
    lab.run(1)
    expect(badge).to_have_text("v1deployed")

    # While it is written, before anything is run; and back again.
    lab.command("jupyter-lambda:open-cell", name="ratio", line=8)
    lab.page.wait_for_function(SELECTED, arg='    return 640 / event["side"]')
    lab.page.keyboard.press("End")
    lab.page.keyboard.type(" + 1")
    expect(badge).to_have_text("v1cell differs")
    for _ in range(4):
        lab.page.keyboard.press("Backspace")
    expect(badge).to_have_text("v1deployed")

    badge.click()
    expect(lab.detail("ratio")).to_be_visible()


def test_options_are_completed_and_explained_by_the_kernel(lab: LabPage, lab_root: Path) -> None:
    write_notebook(lab_root / "options.ipynb", LOAD, "%%lambda ratio --mem\n1")
    lab.open("options.ipynb")
    lab.run(0)
    editor = lab.page.locator(".jp-Notebook .jp-CodeCell").nth(1).locator(".cm-content")
    editor.click()
    lab.page.keyboard.press("Control+Home")
    lab.page.keyboard.press("End")
    lab.command("completer:invoke-notebook")
    lab.page.locator(".jp-Completer-item", has_text="--memory").click()
    expect(editor.locator(".cm-line").first).to_have_text("%%lambda ratio --memory")

    lab.page.keyboard.press("Shift+Tab")
    expect(lab.page.locator(".jp-Tooltip")).to_contain_text("--memory MB")
