"""Where pages and kernels may live: Notebook, several servers and tabs on one engine, a kernel's environment and a server's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.client.connection import engine
from jupyter_lambda.testing.plugin import end_engine
from tests.browser.environments import OURS, PAGES, environment
from tests.browser.lab_page import LabPage
from tests.browser.servers import lab_server, name_kernel, write_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)").expect

LOAD = "%load_ext jupyter_lambda"


def cell(name: str) -> str:
    return f"%%lambda {name} --memory 256\ndef handler(event, context):\n    print('side', event['side'])\n    return event['side'] // 2"


def test_pages_of_two_servers_and_three_kernels_show_one_engine(
    lab: LabPage, lab_root: Path, tmp_path: Path, chromium_browser: Browser
) -> None:
    names = ("first", "second", "third")
    for name in names[:2]:
        write_notebook(lab_root / f"{name}.ipynb", LOAD, cell(name), f'{name}({{"side": 8}})')
    write_notebook(tmp_path / "third.ipynb", LOAD, cell("third"), 'third({"side": 8})')
    with lab_server(tmp_path, lab_root / "home", app="notebook", base_url="/") as address:
        pages = {"first": lab, "second": LabPage(lab.page.context.new_page(), lab.address)}
        pages["third"] = LabPage(chromium_browser.new_page(), address, app="notebooks")
        for name, page in pages.items():
            page.open(f"{name}.ipynb")
            for number in range(3):
                page.run(number)
        for page in pages.values():
            page.page.bring_to_front()
            page.show_panel()
            for name in names:
                expect(page.function(name)).to_be_visible()
        # Notebook 7 has cards as Lab has, and what is changed in one page is seen in the others.
        third = pages["third"]
        card = third.open_card(1)
        expect(card.get_by_role("log")).to_contain_text("side 8")
        card.get_by_label("Memory in MB").fill("1024")
        card.get_by_label("Memory in MB").press("Enter")
        expect(card).to_contain_text("Unpublished changes")
        for name in names[:2]:
            pages[name].page.bring_to_front()
            detail = pages[name].view("third", "Configuration")
            expect(detail.get_by_label("Memory in MB")).to_have_value("1024")
        assert pages["second"].faults == []
        assert [fault for fault in third.faults if "extensions/jupyter-lambda" in fault] == []  # Notebook throws some of its own
        third.page.close()


def test_a_kernel_of_another_environment_has_the_magics_and_the_server_the_front_end(
    lab: LabPage, lab_root: Path, tmp_path: Path
) -> None:
    python = environment(tmp_path / "kernel", without=PAGES, front_end=False)
    name_kernel(lab_root, python, name="other-python")
    asked = "import sys, importlib.util as u; print(sys.prefix, u.find_spec('jupyterlab'))"
    write_notebook(lab_root / "other.ipynb", LOAD, cell("resize"), asked, kernel="other-python")
    lab.open("other.ipynb")
    for number in range(3):
        lab.run(number)
    expect(lab.output(2)).to_contain_text(f"{tmp_path / 'kernel'} None")
    card = lab.open_card(1)
    card.get_by_label("Event, as JSON").fill('{"side": 640}')
    card.get_by_role("button", name="Invoke", exact=True).click()
    expect(card.get_by_role("log")).to_contain_text("side 640")
    lab.view("resize", "Configuration")
    expect(lab.detail("resize")).to_contain_text(f"{tmp_path / 'kernel'}")


def test_a_server_without_the_front_end_shows_the_plain_form_and_what_to_install_where(
    tmp_path: Path, chromium_browser: Browser
) -> None:
    python = environment(tmp_path / "server", without=(*OURS, "anywidget"))
    write_notebook(tmp_path / "plain.ipynb", LOAD, cell("resize"), 'resize({"side": 640})')
    try:
        with lab_server(tmp_path, tmp_path / "home", python=python) as address:
            lab = LabPage(chromium_browser.new_page(), address)
            lab.open("plain.ipynb")
            for number in range(3):
                lab.run(number)
            expect(lab.output(1)).to_contain_text("resize")
            expect(lab.card(1)).to_have_count(0)
            expect(lab.output(1)).to_contain_text("pip install jupyter-lambda")
            expect(lab.output(1)).to_contain_text("Jupyter server")
            expect(lab.output(2)).to_contain_text("320")
            assert lab.page.locator('[data-id="jp-Lambda-panel"]').count() == 0
            lab.page.close()
    finally:
        end_engine(tmp_path / "home")


def test_a_server_with_anywidget_alone_shows_the_card_through_the_kernel(tmp_path: Path, chromium_browser: Browser) -> None:
    python = environment(tmp_path / "server", without=OURS)
    write_notebook(tmp_path / "widget.ipynb", LOAD, cell("resize"), 'resize({"side": 640})', "import time; time.sleep(600)")
    try:
        with lab_server(tmp_path, tmp_path / "home", python=python) as address:
            lab = LabPage(chromium_browser.new_page(), address)
            lab.open("widget.ipynb")
            for number in range(3):
                lab.run(number)
            card = lab.output(1).locator(".jp-Lambda-widget .jp-Lambda-card")
            expect(card).to_contain_text("1inv")

            card.locator(".jp-Lambda-twisty").click()
            card.get_by_label("Event, as JSON").fill('{"side": 1180591620717411303424}')
            card.get_by_role("button", name="Invoke", exact=True).click()
            expect(card.locator(".jp-Lambda-payload")).to_have_text("590295810358705651712")
            expect(card.get_by_role("log")).to_contain_text("side 1180591620717411303424")
            memory = card.get_by_label("Memory in MB")
            memory.fill("512")
            memory.press("Enter")
            expect(card).to_contain_text("Unpublished changes")

            # What the engine tells is seen while the kernel is busy, too.
            lab.run(3, wait=False)
            engine(tmp_path / "home").invoke("resize", b'{"side": 2}')
            expect(card.locator(".jp-Lambda-invocations tbody tr")).to_have_count(3)
            assert lab.faults == []
            lab.page.close()
    finally:
        end_engine(tmp_path / "home")
