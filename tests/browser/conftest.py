"""Browser tests: one JupyterLab and one Chromium for all; each test has a notebook of its own and an empty engine."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.testing.plugin import end_engine
from tests.browser.lab_page import LabPage, browser, what_is_missing
from tests.browser.servers import lab_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

ACTION_MS = 45_000  # the machine may be busy with other tests; a healthy page needs a fraction of a second


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip all of it, saying why, where something is missing."""
    ours = [item for item in items if "tests/browser/" in item.nodeid]
    missing = what_is_missing() if ours else ""
    for item in ours:
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.timeout(300))
        if missing:
            item.add_marker(pytest.mark.skip(reason=missing))


@pytest.fixture(scope="package")
def chromium_browser() -> Iterator[Browser]:
    """Chromium; it ends with this folder, because Playwright keeps an event loop running, beside which no other test can run one."""
    from playwright.sync_api import expect

    expect.set_options(timeout=ACTION_MS)
    with browser() as started:
        yield started


@pytest.fixture(scope="package")
def lab_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that Lab shows."""
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="package")
def lab_address(lab_root: Path) -> Iterator[str]:
    """A Lab below a prefix, with the test's engine home."""
    with lab_server(lab_root, lab_root / "home") as address:
        yield address


@pytest.fixture
def lab(chromium_browser: Browser, lab_address: str, lab_root: Path) -> Iterator[LabPage]:
    """A fresh browser profile on Lab, and no engine; the test fails if the page threw an error."""
    context = chromium_browser.new_context(viewport={"width": 1440, "height": 900})
    page = LabPage(context.new_page(), lab_address)
    page.page.set_default_timeout(ACTION_MS)
    yield page
    context.close()
    for kept in (lab_root / "settings").rglob("themes.jupyterlab-settings"):
        kept.unlink(missing_ok=True)  # a theme is the user's, not the browser profile's
    end_engine(lab_root / "home")
    shutil.rmtree(lab_root / "home", ignore_errors=True)
    assert page.faults == []
