"""The Jupyter server extension.

A bridge between JupyterLab and the engine, without state of its own. So far it only announces itself: the server's log
says that the package is here and which version, which is the first question when a panel and a kernel disagree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lambda._version import __version__

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Name the module that Jupyter loads."""
    return [{"module": "jupyter_lambda.server"}]


def _load_jupyter_server_extension(server_app: ServerApp) -> None:
    """Say in the server's log what is installed, and how to see the engine."""
    server_app.log.info(
        "jupyter-lambda %s: notebooks use it by `%%load_ext jupyter_lambda`; `jupyter lambda engine status` shows the engine",
        __version__,
    )
