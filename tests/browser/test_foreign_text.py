"""Text from functions, notebooks and callers is text in every view: nothing of it runs, and none of it breaks a view."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.client.connection import engine
from jupyter_lambda.model.engine_api import ConfigurationChange
from tests.browser.servers import write_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.lab_page import LabPage

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)").expect

MARKUP = "<img src=x onerror=\"window.pwned='%s'\"><script>window.pwned='%s'</script>"
NOTEBOOK = "od'd <img src=x onerror=window.pwned=1>.ipynb"
ODD = f"""%%lambda odd --memory 256 -e MARKUP=<b>bold</b>
import sys
MARKUP = {MARKUP % ("log", "log")!r}
def handler(event, context):
    # {MARKUP % ("source", "source")}
    print("\\x1b[31mred\\x1b[0m", MARKUP)
    print("a\\x00b\\x07c\\x1b]0;title\\x07d\\u202ebackwards\\r<pre>")
    sys.stdout.flush()
    sys.stdout.buffer.write(b"\\xff\\xfe invalid \\xc3\\x28 <svg onload=window.pwned=2>\\n")
    print("long " + "x<i>" * 262_144)
    print("after all of it")
    if "markup" in event:
        raise type("Error<script>window.pwned=3</script>", (Exception,), {{}})(MARKUP + "\\x1b[1m\\x00" + "y" * 100_000)
    return {{"said": event, "markup": MARKUP}}"""
CALL = f"odd.invoke({{'markup': {MARKUP % ('event', 'event')!r}}}).error is not None"


def test_nothing_of_it_is_run_in_any_view(lab: LabPage, lab_root: Path) -> None:
    dialogs: list[str] = []
    lab.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    write_notebook(lab_root / NOTEBOOK, "%load_ext jupyter_lambda", ODD, CALL, ODD.replace("256", "512"))
    lab.open(NOTEBOOK)
    lab.show_panel()
    for number in range(4):
        lab.run(number)
    options = {"description": MARKUP % ("description", "description")}
    engine(lab_root / "home").configure("odd", ConfigurationChange(options=options))

    # In the card: an event, its answer, an error, the log.
    card = lab.open_card(1)
    event = card.get_by_label("Event, as JSON")
    for text in ('{"<b>": "<script>window.pwned=4</script>", "n": [1e400, -0, 123456789012345678901234567890]}', '{"markup": 1}'):
        event.fill(text)
        card.get_by_role("button", name="Invoke", exact=True).click()
        expect(card.get_by_role("log")).to_contain_text("after all of it")
        expect(card.get_by_role("button", name="Invoke", exact=True)).to_be_enabled()
    expect(lab.function("odd")).to_contain_text("failed")

    # In each view of the function.
    lab.command("jupyter-lambda:open-function", name="odd")
    detail = lab.detail("odd")
    detail.wait_for()
    for tab in detail.get_by_role("tab").all():
        tab.click()
        name = tab.inner_text()
        if name == "Invocations":
            for row in range(1, 4):
                detail.get_by_role("row").nth(row).click()
            expect(detail).to_contain_text("<img src=x onerror=")
        elif name == "Logs":
            log = detail.get_by_role("log")
            expect(log).to_contain_text(re.compile(r"red <img src=x onerror="))
            expect(log).to_contain_text("invalid")
            assert "\x00" not in log.inner_text()
            assert len(log.inner_text()) < 200_000  # a megabyte in one line is cut
        elif name.startswith("Versions"):
            for button in detail.get_by_role("button", name="Compare").all():
                button.click()
    assert lab.page.evaluate("() => window.pwned ?? null") is None
    assert dialogs == []
    assert lab.page.locator(".jp-Lambda img, .jp-Lambda script, .jp-Lambda svg[onload]").count() == 0
