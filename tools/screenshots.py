"""Make the pictures of the panel, the card and a function's tabs in docs/images/, from a real JupyterLab with a real engine.

Run by `make screenshots`. It needs what the browser tests need; see docs/panel.md.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

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
    time.sleep(0.03)
    return [math.sin(ord(c)) for c in event["text"]]""",
    """results = embed.map([{"text": "runs like production" * (n % 4 + 1)} for n in range(120)])
[resize({"side": side}) for side in range(20)]
embed.invoke({"text": ""}).error""",
)


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
                _take(LabPage(page, address))
        finally:
            end_engine(root / "home")
    return 0


def _take(lab: LabPage) -> None:
    lab.open("embeddings.ipynb")
    lab.show_panel()
    _save(lab, "panel-empty-light")
    for number in range(len(CELLS)):
        lab.run(number)
    lab.page.locator('[data-function="embed"] .jp-Lambda-news', has_text="failed").wait_for()
    _both(lab, "lab")
    lab.output(2).locator(".jp-Lambda-twisty").click()
    lab.output(2).locator(".jp-Lambda-logLine").first.wait_for()
    lab.output(2).locator(".jp-Lambda-card-head").scroll_into_view_if_needed()
    _both(lab, "card")
    lab.function("embed").click()
    # No picture of the configuration: it shows folders of the machine that made it.
    for tab in ("overview", "invocations", "logs", "versions", "environments"):
        lab.detail("embed").locator(f"[data-tab={tab}]").click()
        lab.page.wait_for_timeout(700)  # a picture of what was asked for when the tab was shown
        _both(lab, f"detail-{tab}")
    lab.page.set_viewport_size({"width": 760, "height": 900})
    _save(lab, "detail-narrow-light")


def _both(lab: LabPage, name: str) -> None:
    for theme, said in (("JupyterLab Dark", "false"), ("JupyterLab Light", "true")):
        lab.command("apputils:change-theme", theme=theme)
        lab.page.wait_for_selector(f"body[data-jp-theme-light={said}]", state="attached")
        _save(lab, f"{name}-{'light' if said == 'true' else 'dark'}")


def _save(lab: LabPage, name: str) -> None:
    lab.page.wait_for_timeout(300)  # two frames and a stylesheet
    lab.page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
