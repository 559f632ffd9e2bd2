"""What a front end needs to show a live card below a `%%lambda` cell.

A card is an output of its own type that our front end draws from the live stream, not a widget of this kernel (docs/decisions/110.md):
so it lives on while the kernel is busy, restarted or gone, and after the page was loaded again. The same output has an HTML form, which
front ends without ours show, and which a saved notebook tells its story by; and where the front end is known to have widgets and not
ours, a widget stands beside the two (docs/decisions/120.md).
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.client.home import home_id

if TYPE_CHECKING:
    from jupyter_lambda.model.engine_api import DeployAnswer

CARD_TYPE: Final = "application/vnd.jupyter-lambda.card+json"
WIDGET_TYPE: Final = "application/vnd.jupyter.widget-view+json"
CARD_FORMAT: Final = 1  # front ends show the HTML form of a format they don't know


def widget_view(function: str, home: str) -> dict[str, Any]:
    """A new widget's part of the output; empty where the package was installed without its front end."""
    from jupyter_lambda.notebook.front_end import has_widget

    if not has_widget():
        return {}
    from jupyter_lambda.notebook.widget import Card

    view, _ = Card(function, home or None)._repr_mimebundle_() or ({}, {})
    return {WIDGET_TYPE: view[WIDGET_TYPE]} if WIDGET_TYPE in view else {}


def card(answer: DeployAnswer, home: str, line: str = "") -> dict[str, Any]:
    """A card's data: which function, as deployed now, in which engine. It is saved with the notebook, so it names no folder.

    Args:
        answer: What the engine did.
        home: The engine's home.
        line: The cell's first line. Its sum tells a front end whether the line is another one now; it may hold a secret, so it is not
            kept itself.
    """
    configuration = answer.function.latest.configuration
    return {
        "format": CARD_FORMAT,
        "function": answer.function.name,
        "version": answer.version,
        "memory_mib": configuration.memory_mib,
        "timeout_seconds": configuration.timeout_seconds,
        "home": home_id(home) if home else "",
        "line_crc32": zlib.crc32(" ".join(line.split()).encode("utf-8", "surrogatepass")) if line else None,
    }
