"""Which form of a card this kernel's front end can show live: ours, a widget, or none that we know of.

A kernel is not told. What can be known: Visual Studio Code and Colab leave signs in the kernel; a Jupyter server that started it can be
asked whether it has our extension, and anywidget's: a page without that one shows an error in a widget's place. Everywhere else
(nbconvert, plain IPython, a kernel that another host started) nobody would show a widget, and its 300 kB would stand in the notebook.
"""

from __future__ import annotations

import json
import os
import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

STATIC: Final = Path(__file__).parents[1] / "static"  # made by the front end's build
CARD_VARIABLE: Final = "JUPYTER_LAMBDA_CARD"  # auto | widget | output
_ASK_SECONDS: Final = 1.0


def has_widget() -> bool:
    """Whether the widget's script is there: an install without Node has none."""
    return (STATIC / "card.js").is_file()


def shows_widgets_only(namespace: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> bool:
    """Whether the front end is one with widgets and without our extension.

    Args:
        namespace: The notebook's variables; Visual Studio Code keeps the notebook's path in one of them.
        environ: The kernel's environment. `JUPYTER_LAMBDA_CARD` decides by itself: `widget` or `output`.
    """
    variables = os.environ if environ is None else environ
    chosen = variables.get(CARD_VARIABLE, "auto")
    if chosen in ("widget", "output"):
        return chosen == "widget"
    if "__vsc_ipynb_file__" in namespace or "google.colab" in sys.modules:
        return True
    server = _server(variables.get("JPY_PARENT_PID", ""))
    return server is not None and _shows_widgets_only(server)


class _Server(NamedTuple):
    """A Jupyter server on this host: its address, which ends with `/`, and the token that its own file tells its own user."""

    url: str
    token: str


def _server(pid: str) -> _Server | None:
    """The Jupyter server that started this kernel, None if it was none on this host."""
    if not pid.isdigit():
        return None
    from jupyter_core.paths import jupyter_runtime_dir

    try:
        facts = json.loads((Path(jupyter_runtime_dir()) / f"jpserver-{pid}.json").read_bytes())
        url, token = facts["url"], facts["token"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return _Server(url, token) if isinstance(url, str) and url.startswith("http://") and isinstance(token, str) else None


def _shows_widgets_only(server: _Server) -> bool:
    """Whether it has anywidget's part for pages, and not ours. One that can't be asked (a hub gives no token) has ours, or nothing."""
    ours = _status(server, "jupyter-lambda/engine")
    return ours == HTTPStatus.NOT_FOUND and _status(server, "lab/extensions/anywidget/package.json") == HTTPStatus.OK


def _status(server: _Server, path: str) -> int:
    parts = urlsplit(server.url)
    connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=_ASK_SECONDS)
    try:
        connection.request("GET", f"{parts.path}{path}", headers={"Authorization": f"token {server.token}"})
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()
