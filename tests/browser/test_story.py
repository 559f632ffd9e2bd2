"""The whole way of one function in one page, from the cell to the dark theme, on process workers and on containers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_lambda.client.connection import engine
from jupyter_lambda.client.launch import EngineOptions, Launcher
from tests.browser.servers import write_notebook
from tests.docker_daemon import NEEDS_DOCKER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.lab_page import LabPage

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)").expect

LOAD = "%load_ext jupyter_lambda"
RESIZE = """%%lambda resize --memory 256 --timeout 900
import time
def handler(event, context):
    print("side", event["side"])
    time.sleep(event.get("seconds", 0))
    return {"side": event["side"] // 2}"""
CELLS = (
    LOAD,
    RESIZE,
    'resize({"side": 640})',
    "import time; time.sleep(600)",
    RESIZE.replace("// 2", "// 4"),
    "%lambda alias resize live=1,2=0.1",
    'resize.map([{"side": 8}] * 60, qualifier="live").frame().shape',
)
CALL = 2
SLEEP = 3


@pytest.fixture(params=["process", pytest.param("docker", marks=NEEDS_DOCKER)])
def sandbox(request: pytest.FixtureRequest, lab: LabPage, lab_root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The sandbox of the page's engine; a page starts one with processes by itself."""
    kind: str = request.param
    if kind == "docker":
        monkeypatch.setenv("DOCKER_HOST", request.getfixturevalue("docker_daemon").host)
        Launcher().ensure(EngineOptions(home=lab_root / "home", sandbox="docker"))
    return kind


def test_one_function_from_its_cell_to_the_dark_theme(lab: LabPage, lab_root: Path, sandbox: str) -> None:
    write_notebook(lab_root / f"story-{sandbox}.ipynb", *CELLS)
    lab.open(f"story-{sandbox}.ipynb")
    lab.show_panel()
    _deploys_and_calls(lab, sandbox)
    _acts_while_the_kernel_sleeps(lab)
    _outlives_the_kernel_and_the_page(lab, f"story-{sandbox}.ipynb")
    _stops_a_stuck_call_from_the_panel(lab)
    _moves_the_weight_of_an_alias(lab, lab_root)
    _goes_dark(lab)


def _deploys_and_calls(lab: LabPage, sandbox: str) -> None:
    """Deployed from a cell: the panel lists it, its card stands below the cell, and a call from a cell is a row in its tab."""
    lab.run(0)
    lab.run(1)
    expect(lab.function("resize")).to_contain_text("not invoked")
    expect(lab.card(1)).to_contain_text("resize")
    expect(lab.page.locator("#jp-Lambda-panel")).to_contain_text(f"{sandbox} sandbox")
    lab.run(CALL)
    rows = lab.view("resize", "Invocations").locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("cold")


def _acts_while_the_kernel_sleeps(lab: LabPage) -> None:
    """Log and charts move, and the memory slider changes the next REPORT, while a cell keeps the kernel busy."""
    lab.page.get_by_role("tab", name=re.compile(r"story-.*\.ipynb")).click()
    lab.run(SLEEP, wait=False)
    card = lab.open_card(1)
    log = card.get_by_role("log")
    expect(log).to_contain_text("Memory Size: 256 MB")
    before = _chart_words(card)
    card.get_by_label("Event, as JSON").fill('{"side": 1180591620717411303424, "seconds": 1.5}')
    card.get_by_role("button", name="Invoke", exact=True).click()
    expect(card).to_contain_text("1 running")
    while_busy = lab.page.wait_for_function(_OTHER_WORDS, arg=[card.element_handle(), before]).json_value()
    expect(card).to_contain_text('{"side": 590295810358705651712}')
    expect(log).to_contain_text("side 1180591620717411303424")
    lab.page.wait_for_function(_OTHER_WORDS, arg=[card.element_handle(), while_busy])

    card.get_by_role("slider", name="Memory").press("PageUp")
    expect(card).to_contain_text("Unpublished changes")
    card.get_by_label("Event, as JSON").fill('{"side": 2}')
    card.get_by_role("button", name="Invoke", exact=True).click()
    expect(log).to_contain_text("Memory Size: 512 MB")
    assert lab.is_kernel_busy()


def _outlives_the_kernel_and_the_page(lab: LabPage, notebook: str) -> None:
    """A card acts after a restart of the kernel, and a page that is loaded anew shows what it showed."""
    lab.restart_kernel()
    card = lab.card(1)
    card.get_by_role("button", name="Invoke", exact=True).click()
    lab.view("resize", "Invocations")
    expect(lab.detail("resize").locator("tbody tr")).to_have_count(4)

    lab.wait_until_saved(notebook)
    lab.open(reset=False)
    detail = lab.detail("resize")
    expect(detail.get_by_role("tab", name="Invocations")).to_have_attribute("aria-selected", "true")
    expect(detail.locator("tbody tr")).to_have_count(4)
    lab.page.get_by_role("tab", name=notebook).click()
    expect(lab.card(1)).to_contain_text("resize")


def _stops_a_stuck_call_from_the_panel(lab: LabPage) -> None:
    """What hangs is ended from the function's tab."""
    card = lab.open_card(1)
    card.get_by_label("Event, as JSON").fill('{"side": 2, "seconds": 800}')
    card.get_by_role("button", name="Invoke", exact=True).click()
    expect(lab.function("resize")).to_contain_text("1 running")
    detail = lab.view("resize", "Invocations")
    detail.locator("tbody").get_by_role("button", name="Stop", exact=True).click()
    expect(detail.locator("tbody tr").first.get_by_role("img", name="Stopped")).to_be_visible()
    expect(lab.function("resize")).not_to_contain_text("running")


def _moves_the_weight_of_an_alias(lab: LabPage, lab_root: Path) -> None:
    """The weight set by the slider is the split that calls get."""
    lab.page.get_by_role("tab", name=re.compile(r"story-.*\.ipynb")).click()
    lab.wait_for_kernel()
    for number in (0, 1, 4, 5):
        lab.run(number)
    detail = lab.view("resize", "Versions & aliases")
    slider = detail.get_by_role("slider", name=re.compile("alias live"))
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^10\b"))
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^100"))
    for _ in range(5):  # as fast as keys can come
        slider.press("PageDown")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^50"))
    client = engine(lab_root / "home")
    lab.until(lambda: [a.additional_weight for a in client.function("resize").aliases] == [0.5], "the alias has its weight")

    lab.page.get_by_role("tab", name=re.compile(r"story-.*\.ipynb")).click()
    lab.run(6)
    split = [client.metrics("resize").versions[version] for version in ("1", "2")]
    assert sum(split) == 60
    assert min(split) > 8  # that one coin shows the same face 52 times in 60: once in 10⁸ runs
    detail = lab.view("resize", "Versions & aliases")
    expect(detail).to_contain_text(re.compile(r"observed \d+"))


def _goes_dark(lab: LabPage) -> None:
    """Card and panel take the theme's colours."""
    panel = lab.page.locator("#jp-Lambda-panel")
    light = [_ground(panel), _ground(lab.detail("resize"))]
    lab.use_theme("dark")
    dark = [_ground(panel), _ground(lab.detail("resize"))]
    assert all(before != after for before, after in zip(light, dark, strict=True))
    lab.use_theme("light")


# What the charts of a card say of themselves, once that is something else than before.
_OTHER_WORDS = """([card, before]) => {
    const words = [...card.querySelectorAll('[role=img]')].map(node => node.getAttribute('aria-label') ?? '')
        .filter(text => /environment|latency/i.test(text)).join('; ');
    return words !== before && words;
}"""


def _chart_words(card: Any) -> str:
    said: str = card.page.wait_for_function(_OTHER_WORDS, arg=[card.element_handle(), ""]).json_value()
    return said


def _ground(part: Any) -> str:
    ground: str = part.evaluate("node => getComputedStyle(node).backgroundColor")
    return ground
