"""A function's tabs and the engine's, on a real engine: a cold start's imports, life lines, versions side by side, settings, a reload."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.browser.servers import write_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.lab_page import LabPage

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)").expect

LOAD = "%load_ext jupyter_lambda"
CELL = """%%lambda parts --memory 256 --timeout 10
import xmlrpc.client

def handler(event, context):
    return {"half": event["n"] // 2}"""
CALLS = 'parts({"n": 4})\nparts.invoke({}).error'
SETTINGS = "jupyter-lambda/plugin.jupyterlab-settings"


def test_what_a_function_did_is_told_in_every_tab(lab: LabPage, lab_root: Path) -> None:
    write_notebook(lab_root / "views.ipynb", LOAD, CELL, CALLS, CELL.replace("// 2", "// 2 + 1"), 'parts({"n": 2})')
    lab.open("views.ipynb")
    for number in range(5):
        lab.run(number)
    lab.command("jupyter-lambda:open-function", name="parts", tab="invocations")
    detail = lab.detail("parts")

    detail.locator("tr[data-request]", has_text="cold").last.click()
    imports = detail.locator("[data-step=import]", has_text="xmlrpc.client")
    expect(imports).to_be_visible()
    expect(detail.locator(".jp-Lambda-reportRow")).to_contain_text("Init Duration")

    detail.locator("tr[data-request]", has_text="KeyError").click()
    expect(detail.locator(".jp-Lambda-cellLines .jp-mod-failing")).to_contain_text('event["n"]')
    detail.locator(".jp-Lambda-failure").get_by_role("button", name="Open cell").click()
    expect(lab.page.locator(".jp-Notebook .jp-Cell.jp-mod-active")).to_contain_text("%%lambda parts")

    lab.command("jupyter-lambda:open-function", name="parts", tab="versions")
    merge = detail.locator(".jp-Lambda-merge")
    expect(merge.locator(".cm-merge-b .cm-changedLine")).to_contain_text("// 2 + 1")
    expect(merge.locator(".cm-merge-a .cm-changedLine")).not_to_contain_text("// 2 + 1")
    assert merge.locator(".cm-editor").count() == 2

    lab.command("jupyter-lambda:open-function", name="parts", tab="environments")
    alive = detail.locator("tr[data-environment]:not(.jp-mod-ended)")
    expect(alive.locator(".jp-Lambda-fill-busy").first).to_be_attached()
    alive.get_by_role("button", name="End environment").click()
    expect(alive).to_have_count(0)
    expect(detail.locator("tr[data-environment]", has_text="its revision was replaced")).to_be_visible()

    detail.locator("[data-tab=scaling]").click()
    expect(detail.locator(".jp-Lambda-story")).to_contain_text("from zero to 1")


def test_the_engines_tab_and_a_functions_are_there_again_as_they_were(lab: LabPage, lab_root: Path) -> None:
    write_notebook(lab_root / "again.ipynb", LOAD, CELL, CALLS)
    lab.open("again.ipynb")
    for number in range(3):
        lab.run(number)
    lab.command("jupyter-lambda:open-engine")
    engine = lab.page.locator("#jp-Lambda-engine")
    expect(engine).to_contain_text("idle_seconds")
    expect(engine).to_contain_text("for environments")  # the stream's reading of the machine
    lab.command("jupyter-lambda:open-function", name="parts", tab="invocations")
    detail = lab.detail("parts")
    detail.get_by_role("button", name="Failed").click()
    expect(detail.locator("tr[data-request]")).to_have_count(1)
    lab.wait_until_saved("again.ipynb")

    lab.open("again.ipynb", reset=False)
    expect(lab.page.locator(".lm-TabBar-tab", has_text="Lambda engine")).to_be_visible()
    lab.page.locator(".lm-TabBar-tab", has_text="parts").click()
    expect(detail.locator("[data-tab=invocations][aria-selected=true]")).to_be_visible()
    expect(detail.get_by_role("button", name="Failed")).to_have_attribute("aria-pressed", "true")


def test_each_setting_has_its_effect(lab: LabPage, lab_root: Path) -> None:
    file = lab_root / "settings" / SETTINGS
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"panelSide": "right", "defaultMemory": 320, "refreshMilliseconds": 250, "confirmations": False}))
    asked: list[str] = []
    lab.page.on("websocket", lambda socket: asked.append(socket.url))
    try:
        write_notebook(lab_root / "settings.ipynb", LOAD)
        lab.open("settings.ipynb")
        lab.run(0)
        lab.command("jupyter-lambda:show-panel")
        panel = lab.page.locator("#jp-right-stack #jp-Lambda-panel")
        expect(panel).to_contain_text("%%lambda resize --memory 320")
        panel.get_by_role("button", name="Start engine").click()
        expect(panel).to_contain_text("process sandbox")
        lab.command("jupyter-lambda:restart-engine")
        expect(panel).to_contain_text("The engine isn’t running")
        expect(panel).to_contain_text("process sandbox")
        assert any("jupyter-lambda/stream" in url and "window_ms=250" in url for url in asked)
    finally:
        file.unlink()
