"""The Jupyter server extension: a bridge between pages and the engine, without state of its own.

It lets in whom Jupyter lets in, finds or starts the engine, and passes on: REST below `<base_url>jupyter-lambda/`, the live stream at
`<base_url>jupyter-lambda/stream`. The engine's token stays on this side. It decides nothing about functions and keeps nothing of them.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Name what Jupyter loads."""
    from jupyter_lambda.server.extension import JupyterLambda

    return [{"module": "jupyter_lambda.server", "app": JupyterLambda}]
