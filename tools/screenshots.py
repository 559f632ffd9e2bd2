"""Make the pictures of every view in docs/images/, from a real JupyterLab with a real engine: light, dark, empty, busy, failing, narrow.

Run by `make screenshots`, which installs what that needs. Folders of the machine that makes them are written as a reader's.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from jupyter_lambda.client.launch import stop_engine
from jupyter_lambda.testing.plugin import end_engine
from tests.browser.lab_page import LabPage, browser, what_is_missing
from tests.browser.servers import lab_server, write_notebook

IMAGES: Final = Path(__file__).parents[1] / "docs/images"
CELLS: Final = (
    "%load_ext jupyter_lambda",
    """%%lambda resize --memory 256 --timeout 10
def handler(event, context):
    print("side", event["side"])
    return {"side": event["side"] // 2}""",
    """%%lambda embed --memory 512 --timeout 10
import math, time

def handler(event, context):
    print(len(event["text"]), "characters")
    if not event["text"]:
        raise ValueError("no text to embed")
    time.sleep(0.02 + len(event["text"]) / 4000)
    return [math.sin(ord(c)) for c in event["text"]]""",
    """results = embed.map([{"text": "runs like production" * (n % 4 + 1)} for n in range(120)])
[resize({"side": side}) for side in range(20)][-1]""",
    """%%lambda embed --memory 512 --timeout 10
import math, time

def handler(event, context):
    print(len(event["text"]), "characters")
    if not event["text"]:
        raise ValueError("no text to embed")
    time.sleep(0.01 + len(event["text"]) / 8000)
    return [round(math.sin(ord(c)), 3) for c in event["text"]]""",
    "%lambda alias embed live=1,2=0.1",
    'embed.map([{"text": "runs like production"}] * 60, qualifier="live").frame().head(3)',
    """%%lambda parse --memory 128 --timeout 3
def handler(event, context):
    print("parsing", event)
    return float(event["price"]) / event["count"]""",
    '[parse.invoke({"price": "12.5", "count": n}).error for n in (5, 4, 2, 0)]',
    'busy = embed.map([{"text": "runs like production" * 9}] * 20_000)',
)
EMBED, CALLS, PARSE, FAILING, BUSY = 2, 3, 7, 8, 9
# What stands in text, and in what is typed into a field, of folders that only this machine has.
_REPLACE: Final = """pairs => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        for (const [folder, shown] of pairs) {
            if (walker.currentNode.data.includes(folder)) {
                walker.currentNode.data = walker.currentNode.data.replaceAll(folder, shown);
            }
        }
    }
}"""


def main() -> int:
    """Take the pictures; returns the exit status."""
    missing = what_is_missing()
    if missing:
        sys.stderr.write(f"No screenshots: {missing}.\n")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_notebook(root / "embeddings.ipynb", *CELLS)
        try:
            with lab_server(root, root / "home", base_url="/") as address, browser() as chromium:
                page = chromium.new_page(viewport={"width": 1440, "height": 900})
                page.set_default_timeout(60_000)
                Pictures(LabPage(page, address), root).take()
        finally:
            end_engine(root / "home")
    return 0


class Pictures:
    """One notebook's way through all views."""

    def __init__(self, lab: LabPage, root: Path) -> None:
        self.lab = lab
        self.root = root

    def take(self) -> None:
        """Take them all."""
        lab = self.lab
        lab.open("embeddings.ipynb")
        lab.show_panel()
        self.both("panel-empty")
        for number in range(EMBED + 2):
            lab.run(number)
        lab.page.locator('[data-function="embed"]').wait_for()
        lab.page.locator(".jp-Notebook .jp-CodeCell").first.scroll_into_view_if_needed()
        self.both("lab")
        for number in range(EMBED + 2, FAILING + 1):
            lab.run(number)
        self.details()
        self.cards()
        self.narrow()
        stop_engine(self.root / "home")
        lab.page.get_by_text("The engine isn’t running").first.wait_for()
        self.to_notebook()
        self.both("panel-engine-down")

    def cards(self) -> None:
        """Cards: failing, busy, open."""
        lab = self.lab
        self.to_notebook()
        lab.page.set_viewport_size({"width": 1440, "height": 1300})  # an open card in one piece
        failing = lab.open_card(PARSE)
        failing.get_by_role("log").get_by_text("REPORT").first.wait_for()
        self.both("card-failing", failing)
        card = lab.open_card(EMBED)
        card.get_by_role("log").get_by_text("REPORT").first.wait_for()
        event = card.get_by_label("Event, as JSON")
        event.fill('{"text": "runs like production"}')
        card.get_by_role("button", name="Invoke", exact=True).click()
        card.get_by_role("button", name="Invoke", exact=True).wait_for()
        self.both("card", card)
        lab.run(BUSY, wait=False)
        lab.function("embed").get_by_text(re.compile(r"\d running")).wait_for()
        lab.page.wait_for_timeout(8_000)  # charts of some seconds
        follow = card.get_by_role("button", name="Follow")
        if follow.get_attribute("aria-pressed") == "false":
            follow.click()
        self.both("card-busy", card)
        lab.page.set_viewport_size({"width": 1440, "height": 900})
        detail = lab.view("embed", "Scaling")
        self.both("detail-scaling", detail)
        self.to_notebook()
        lab.command("notebook:interrupt-kernel")
        lab.function("embed").get_by_text(re.compile(r"\d running")).wait_for(state="detached")

    def details(self) -> None:
        """Each tab of a function, and the engine's."""
        lab = self.lab
        lab.command("jupyter-lambda:open-function", name="embed")
        detail = lab.detail("embed")
        detail.wait_for()
        for tab in detail.get_by_role("tab").all():
            name = tab.inner_text()
            tab.click()
            if name == "Scaling":
                continue  # taken while something ran
            if name == "Invocations":
                detail.get_by_role("row").nth(1).click()
            lab.page.wait_for_timeout(900)  # what was asked for when the tab was shown
            self.both(f"detail-{name.split()[0].lower()}", detail)
        lab.command("jupyter-lambda:open-engine")
        engine = lab.page.locator(".jp-Lambda:visible", has_text="sandbox").last
        lab.page.wait_for_timeout(900)
        self.both("engine", engine)

    def narrow(self) -> None:
        """A page as wide as half a laptop's screen."""
        lab = self.lab
        lab.page.set_viewport_size({"width": 760, "height": 900})
        lab.view("embed", "Invocations")
        lab.page.wait_for_timeout(700)
        self.save("detail-narrow-light")
        self.to_notebook()
        card = lab.open_card(EMBED)
        card.scroll_into_view_if_needed()
        self.save("card-narrow-light")
        lab.page.set_viewport_size({"width": 1440, "height": 900})

    def to_notebook(self) -> None:
        """Bring the notebook to the front."""
        self.lab.page.get_by_role("tab", name="embeddings.ipynb").click()
        self.lab.page.wait_for_timeout(200)

    def both(self, name: str, part: Any = None) -> None:
        """The page, or a part of it, in the dark and in the light theme."""
        for theme in ("dark", "light"):
            self.lab.use_theme(theme)
            self.save(f"{name}-{theme}", part)

    def save(self, name: str, part: Any = None) -> None:
        """Write a picture."""
        self.lab.page.wait_for_timeout(400)  # two frames, and a style sheet
        # The longest first: one folder may hold the other.
        folders = {str(self.root): "/home/ada", sys.prefix: "/home/ada/.venv", sys.base_prefix: "/usr"}
        self.lab.page.evaluate(_REPLACE, sorted(folders.items(), key=lambda pair: -len(pair[0])))
        (part or self.lab.page).screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
