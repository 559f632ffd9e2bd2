"""The engine that this process uses where no other is named: found or started once, at the first need."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from jupyter_lambda.client.engine_client import EngineClient

if TYPE_CHECKING:
    import os

    from jupyter_lambda.model.runtime_file import RuntimeFile

_known: dict[str, EngineClient] = {}  # by home
_lock = threading.Lock()


def engine(home: str | os.PathLike[str] | None = None) -> EngineClient:
    """The client of a home's engine, which is started if it does not run.

    Args:
        home: The engine's home; None for `$JUPYTER_LAMBDA_HOME`, else `lambda/` in Jupyter's data folder.

    Raises:
        EngineUnavailable: It could not be started.
    """
    from jupyter_lambda.client.home import home_folder

    key = str(home_folder(home))
    with _lock:
        if key not in _known:
            _known[key] = EngineClient(_ensure(key), lambda: _ensure(key))
        return _known[key]


def use_engine(client: EngineClient, home: str | os.PathLike[str] | None = None) -> None:
    """Let `engine()` give this client from now on: for tests, and for whoever started an engine with options of their own."""
    from jupyter_lambda.client.home import home_folder

    with _lock:
        _known[str(home_folder(home))] = client


def forget_engines() -> None:
    """Close every client that `engine()` gave; the next call connects anew. The engines run on."""
    with _lock:
        for client in _known.values():
            client.close()
        _known.clear()


def _ensure(home: str) -> RuntimeFile:
    from jupyter_lambda.client.launch import ensure_engine

    return ensure_engine(home)
