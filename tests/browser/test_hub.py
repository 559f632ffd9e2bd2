"""Students on a JupyterHub, each below a prefix of their own: functions of their own in an engine of their own."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.testing.plugin import end_engine
from tests.browser.hub import PASSWORD, home_of, hub, why_none
from tests.browser.lab_page import LabPage
from tests.browser.servers import write_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)").expect

LOAD = "%load_ext jupyter_lambda"
HOME = "import jupyter_lambda as jl; print(jl.engine().runtime.home)"
STUDENTS = ("ada", "grace")


def cell(student: str) -> str:
    return f"%%lambda of_{student}\ndef handler(event, context):\n    print('by {student}')\n    return event['side'] // 2"


@pytest.mark.skipif(bool(why_none()), reason=why_none() or "there is one")
def test_two_students_of_a_hub_have_functions_cards_and_panels_of_their_own(tmp_path: Path, chromium_browser: Browser) -> None:
    for student in STUDENTS:
        home_of(tmp_path, student)
    with ExitStack() as ended, hub(tmp_path, *STUDENTS) as address:
        pages: dict[str, LabPage] = {}
        for student in STUDENTS:
            write_notebook(home_of(tmp_path, student) / "lesson.ipynb", LOAD, cell(student), HOME)
            page = ended.enter_context(chromium_browser.new_context(viewport={"width": 1440, "height": 900})).new_page()
            page.set_default_timeout(60_000)
            page.goto(f"{address}hub/login?next=")
            page.get_by_label("Username").fill(student)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click(no_wait_after=True)
            pages[student] = LabPage(page, f"{address}user/{student}/")
        for student, lab in pages.items():  # both servers were being started meanwhile
            lab.page.wait_for_url(f"**/user/{student}/lab**", timeout=120_000)
            lab.open("lesson.ipynb")
            lab.show_panel()
            for number in range(3):
                lab.run(number)
            ended.callback(end_engine, home_of(tmp_path, student) / lab.output(2).inner_text().strip())
            assert str(home_of(tmp_path, student)) in lab.output(2).inner_text()
        for student, lab in pages.items():
            card = lab.open_card(1)
            card.get_by_label("Event, as JSON").fill('{"side": 640}')
            card.get_by_role("button", name="Invoke", exact=True).click()
            expect(card.get_by_role("log")).to_contain_text(f"by {student}")
            expect(lab.function(f"of_{student}")).to_be_visible()
            others = [other for other in STUDENTS if other != student]
            assert [lab.function(f"of_{other}").count() for other in others] == [0]
            assert lab.faults == []
