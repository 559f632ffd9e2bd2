"""The card as a widget, for front ends that have widgets and not our extension: VS Code, Colab, a server of another environment.

Import it only where such a card is made: anywidget and ipywidgets are not light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import anywidget
import traitlets

from jupyter_lambda.client.connection import engine
from jupyter_lambda.client.discovery import find_engine
from jupyter_lambda.client.home import home_folder, run_folder
from jupyter_lambda.notebook.front_end import STATIC
from jupyter_lambda.notebook.widget_relay import WidgetRelay

if TYPE_CHECKING:
    from pathlib import Path

_LOG_TAIL_BYTES: Final = 64 * 1024


class Card(anywidget.AnyWidget):
    """A function's live card: state, controls, logs, charts, through this kernel.

    In JupyterLab with the jupyter-lambda extension the card under a `%%lambda` cell does more: it lives on while the kernel is busy
    or gone, which a widget can't.

    Args:
        function: The function's name.
        home: The engine's home; None for the usual one.
    """

    _esm = STATIC / "card.js"
    _css = STATIC / "card.css"

    function = traitlets.Unicode().tag(sync=True)

    def __init__(self, function: str, home: str | None = None) -> None:
        super().__init__(function=function)
        folder = home_folder(home)
        self._relay = WidgetRelay(
            self.send,
            connect=lambda: engine(folder),
            find=lambda: find_engine(folder),
            read_log=lambda: _log_tail(run_folder(folder).log),
        )
        self.on_msg(self._receive)

    def close(self) -> None:
        """End it, and its threads."""
        self._relay.close()
        super().close()

    def _receive(self, _: Any, content: Any, buffers: Any) -> None:
        del buffers
        if isinstance(content, dict):
            self._relay.receive(content)


def _log_tail(log: Path) -> str:
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, 2) - _LOG_TAIL_BYTES))
            return stream.read().decode(errors="replace")
    except OSError:
        return ""
