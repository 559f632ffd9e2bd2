"""What goes wrong between page, server and engine, and that the page is right again by itself."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from jupyter_lambda.client.connection import engine, forget_engines
from jupyter_lambda.client.deploying import deploy
from jupyter_lambda.client.launch import EngineOptions, Launcher, ensure_engine, stop_engine
from jupyter_lambda.testing.plugin import end_engine
from tests.browser.cutting_proxy import CuttingProxy
from tests.browser.lab_page import LabPage
from tests.browser.servers import lab_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from jupyter_lambda.client.handle import FunctionHandle

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)").expect

OTHER_PROTOCOL = """
import sys
from jupyter_lambda.service.__main__ import detach
detach(sys.argv[1:])
from jupyter_lambda.service.life import main
sys.exit(main(sys.argv[1:], protocol={}))
"""


def echo(event: Any, context: Any) -> Any:
    print("took", event)
    return event


@pytest.fixture
def handle(lab_root: Path) -> Iterator[FunctionHandle]:
    """A function in the home of the shared Lab, without a kernel."""
    ensure_engine(lab_root / "home", sandbox="process")
    yield deploy(echo, "echo", engine=engine(lab_root / "home"))
    forget_engines()


def test_streams_that_are_cut_every_second_and_a_server_that_restarts(tmp_path: Path, chromium_browser: Browser) -> None:
    home = tmp_path / "home"
    ensure_engine(home, sandbox="process")
    fn = deploy(echo, "echo", engine=engine(home))
    proxy = CuttingProxy(0)
    page = chromium_browser.new_page()
    try:
        with lab_server(tmp_path, home) as address:
            proxy.target = urlsplit(address).port or 0
            lab = LabPage(page, f"http://127.0.0.1:{proxy.port}{urlsplit(address).path}")
            proxy.cut_seconds = 1.0
            lab.open()
            lab.show_panel()
            rows = lab.view("echo", "Invocations").locator("tbody tr")
            before = proxy.streams
            for number in range(20):  # as many rows as the page shows at once
                fn({"number": number})
                lab.page.wait_for_timeout(200)
            assert proxy.streams >= before + 3
            proxy.cut_seconds = None
            expect(rows).to_have_count(20)  # none is missing, none stands there twice
            expect(lab.page.locator("#jp-Lambda-panel")).not_to_contain_text("Reconnecting")
        expect(lab.page.locator("#jp-Lambda-panel")).to_contain_text("Reconnecting")
        fn({"number": "while nobody served the page"})
        with lab_server(tmp_path, home) as address:
            proxy.target = urlsplit(address).port or 0
            expect(lab.page.locator("#jp-Lambda-panel")).not_to_contain_text("Reconnecting")
            expect(rows).to_have_count(21)
            assert lab.faults == []
    finally:
        page.close()
        proxy.close()
        forget_engines()
        end_engine(home)


@pytest.mark.usefixtures("handle")
def test_an_engine_one_protocol_apart_is_used_and_two_apart_is_only_shown(lab: LabPage, lab_root: Path, tmp_path: Path) -> None:
    lab.open()
    lab.show_panel()
    panel = lab.page.locator("#jp-Lambda-panel")
    detail = lab.view("echo", "Configuration")
    memory = detail.get_by_label("Memory in MB")
    for protocol, is_foreign in ((2, False), (3, True), (1, False)):
        stop_engine(lab_root / "home")
        program = tmp_path / f"engine_{protocol}.py"
        program.write_text(OTHER_PROTOCOL.format(protocol))
        launcher = Launcher(command=(sys.executable, "-P", str(program)), protocol=protocol)
        launcher.ensure(EngineOptions(home=lab_root / "home", sandbox="process"))
        expect(panel).to_contain_text("process sandbox")
        if is_foreign:
            expect(panel).to_contain_text("of another version")
            expect(memory).to_be_disabled()
        else:
            expect(panel).not_to_contain_text("of another version")
            expect(memory).to_be_enabled()
        expect(lab.function("echo")).to_be_visible()


def test_a_clock_that_jumps(lab: LabPage, handle: FunctionHandle) -> None:
    lab.page.add_init_script("{ const real = Date.now; window.ahead = 0; Date.now = () => real.call(Date) + window.ahead; }")
    lab.open()
    lab.show_panel()
    rows = lab.view("echo", "Invocations").locator("tbody tr")
    calls = 0
    for ahead_hours in (0, 30, -200, 0):
        lab.page.evaluate("ahead => { window.ahead = ahead }", ahead_hours * 3_600_000)
        for tab in ("Overview", "Invocations"):
            handle({"ahead": ahead_hours})
            calls += 1
            lab.view("echo", tab)
        expect(rows).to_have_count(calls)
        expect(lab.function("echo")).to_contain_text(re.compile(r"1 env"))
    assert not any("NaN" in text for text in lab.page.locator(".jp-Lambda").all_inner_texts())
    assert json.dumps(lab.faults) == "[]"
