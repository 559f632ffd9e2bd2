"""What axe-core, a keyboard and a small or enlarged page say of our own elements, view by view, light and dark."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.servers import write_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser.lab_page import LabPage

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)").expect
axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe is not installed (pip install axe-playwright-python)"
)

CELLS = (
    "%load_ext jupyter_lambda",
    """%%lambda resize --memory 256 --timeout 600
import time
RATE = {"a": 1}
def handler(event, context):
    print("side", event["side"])
    print("WARNING a warning")
    time.sleep(event.get("seconds", 0))
    return {"side": event["side"] // 2 * RATE["a"]}""",
    '[resize({"side": side}) for side in range(3)]\nresize.invoke({}).error',
    """%%lambda resize --memory 512 --timeout 600
import time
def handler(event, context):
    print("side", event["side"])
    time.sleep(event.get("seconds", 0))
    return {"side": event["side"] // 4}""",
    "%lambda alias resize live=1,2=0.1",
)
FIRST_CARD, CALLS = 1, 2


@pytest.fixture
def used(lab: LabPage, lab_root: Path) -> LabPage:
    """A page with a function that has versions, an alias, calls that went well and one that failed."""
    write_notebook(lab_root / "views.ipynb", *CELLS)
    lab.open("views.ipynb")
    lab.show_panel()
    for number in range(len(CELLS)):
        lab.run(number)
    expect(lab.function("resize")).to_contain_text("failed")
    return lab


def views(lab: LabPage) -> Iterator[str]:
    """Bring one view after the other to the front; gives its name."""
    yield "panel and closed cards"
    card = lab.open_card(FIRST_CARD)
    expect(card.get_by_role("log")).to_contain_text("side")
    yield "open card"
    lab.command("jupyter-lambda:open-function", name="resize")
    detail = lab.detail("resize")
    detail.wait_for()
    for tab in detail.get_by_role("tab").all():
        tab.click()
        name = tab.inner_text()
        if name == "Invocations":
            detail.get_by_role("row").nth(1).click()
        lab.page.wait_for_function("() => new Promise(f => requestAnimationFrame(() => requestAnimationFrame(() => f(true))))")
        yield name
    lab.page.get_by_role("tab", name="views.ipynb").click()
    card.get_by_role("button", name=re.compile("^Details of ")).click()


def test_axe_finds_nothing_serious_in_our_elements(used: LabPage) -> None:
    found = []
    for theme in ("light", "dark"):
        used.use_theme(theme)
        found += [fault for view in views(used) for fault in _faults(used, f"{view}, {theme}")]

        # Something runs: what moves has a name, too.
        card = used.open_card(FIRST_CARD)
        card.get_by_label("Event, as JSON").fill('{"side": 2, "seconds": 500}')
        card.get_by_role("button", name="Invoke", exact=True).click()
        expect(used.function("resize")).to_contain_text("1 running")
        found += _faults(used, f"running, {theme}")
        card.get_by_role("button", name=re.compile("^Stop")).first.click()
        expect(used.function("resize")).not_to_contain_text("running")
    assert found == []


def test_axe_finds_nothing_serious_where_there_is_no_engine(lab: LabPage) -> None:
    lab.open()
    lab.show_panel()
    panel = lab.page.locator("#jp-Lambda-panel")
    expect(panel).to_contain_text("The engine isn’t running")
    found = _in_both_themes(lab, "no engine")
    panel.get_by_role("button", name="Start engine").click()
    expect(panel).to_contain_text("No functions yet")
    assert found + _in_both_themes(lab, "no functions") == []


def _in_both_themes(lab: LabPage, view: str) -> list[str]:
    found = []
    for theme in ("dark", "light"):
        lab.use_theme(theme)
        found += _faults(lab, f"{view}, {theme}")
    return found


def _faults(lab: LabPage, view: str) -> list[str]:
    """What axe calls serious or critical, with the element."""
    results = axe.Axe().run(lab.page, context={"include": [['[class*="jp-Lambda"]']]})
    return [
        f"{view}: {fault['id']} ({fault['impact']}): {node['html'][:300]} – {node['any'] and node['any'][0]['message']}"
        for fault in results.response["violations"]
        if fault["impact"] in {"serious", "critical"}
        for node in fault["nodes"]
    ]


def test_no_view_is_cut_off_where_there_is_little_room(used: LabPage) -> None:
    # Half the width in CSS pixels is what 200 % zoom makes of a page.
    for width, height in ((720, 450), (1024, 700)):
        used.page.set_viewport_size({"width": width, "height": height})
        cut_off = {view: found for view in views(used) if (found := _cut_off(used))}
        assert cut_off == {}, width


def _cut_off(used: LabPage) -> list[str]:
    """What is out of reach once Lab has laid its page out anew, which it does some time after the window changed."""
    from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

    with suppress(PlaywrightTimeoutError):
        used.page.wait_for_function(f"() => ({_CUT_OFF})().length === 0", timeout=5_000)
    return list(used.page.evaluate(_CUT_OFF))


# Controls that lie outside of their view, where no scrolling leads to them.
_CUT_OFF = """() => {
    const shown = node => node.getClientRects().length > 0;
    const lost = [];
    for (const view of document.querySelectorAll('.jp-Lambda')) {
        if (!shown(view)) continue;
        const frame = view.getBoundingClientRect();
        for (const node of view.querySelectorAll('button, input, select, textarea')) {
            if (!shown(node)) continue;
            const box = node.getBoundingClientRect();
            let scrolls = false;
            for (let up = node.parentElement; up && up !== view.parentElement; up = up.parentElement) {
                scrolls ||= up.scrollWidth > up.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(up).overflowX);
            }
            if (!scrolls && (box.right > frame.right + 1 || box.left < frame.left - 1)) {
                lost.push(`${node.tagName} ${node.getAttribute('aria-label') ?? node.textContent}`);
            }
        }
    }
    return lost;
}"""


def test_a_whole_day_without_a_pointer(used: LabPage) -> None:
    page = used.page
    # From the palette to the function's row in the panel, to its tab.
    used.command("jupyter-lambda:show-panel")
    _palette(used, "Show Lambda Panel")
    _tab_to(page, used.page.get_by_label("Filter functions"))
    page.keyboard.type("resi")
    _tab_to(page, used.function("resize"))
    page.keyboard.press("Enter")
    detail = used.detail("resize")
    expect(detail).to_be_visible()

    # Through all tabs by arrow.
    tabs = detail.get_by_role("tab")
    _tab_to(page, tabs.first)
    for number in range(1, tabs.count()):
        page.keyboard.press("ArrowRight")
        expect(tabs.nth(number)).to_be_focused()
        expect(tabs.nth(number)).to_have_attribute("aria-selected", "true")

    # Memory by keys, and a call.
    _arrow_to(page, detail, "Configuration")
    memory = detail.get_by_role("slider", name="Memory")
    _tab_to(page, memory)
    page.keyboard.press("PageUp")
    expect(memory).to_have_attribute("aria-valuetext", "1024 MB")
    expect(detail).to_contain_text("Unpublished changes")
    _tab_to(page, detail.get_by_role("tab", selected=True), back=True)
    _arrow_to(page, detail, "Invocations")
    before = detail.locator("tbody tr").count()
    _tab_to(page, detail.get_by_label("Event, as JSON"))
    page.keyboard.press("Control+A")
    page.keyboard.type('{"side": 64}')
    page.keyboard.press("Control+Enter")
    expect(detail.locator("tbody tr")).to_have_count(before + 1)
    expect(detail).to_contain_text('{"side": 16}')


def _palette(lab: LabPage, command: str) -> None:
    lab.page.keyboard.press("Control+Shift+C")
    lab.page.keyboard.type(command)
    expect(lab.page.locator(".lm-CommandPalette-item", has_text=command)).to_be_visible()
    lab.page.keyboard.press("Enter")


def _tab_to(page: Any, target: Any, *, back: bool = False) -> None:
    """Press Tab until an element has the focus; fails where it never gets there."""
    for _ in range(120):
        if target.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"no Tab leads to {target}")


def _arrow_to(page: Any, detail: Any, tab: str) -> None:
    for _ in range(detail.get_by_role("tab").count()):
        if detail.get_by_role("tab", selected=True).inner_text() == tab:
            return
        page.keyboard.press("ArrowRight")
    raise AssertionError(f"no arrow leads to {tab}")
