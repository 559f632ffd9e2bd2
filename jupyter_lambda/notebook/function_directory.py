"""What the engine knows of functions, for completion: fresh within a second, and never waited for."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from jupyter_lambda.errors import JupyterLambdaError
from jupyter_lambda.notebook.completion import KnownFunction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jupyter_lambda.clock import Clock

WAIT_SECONDS: Final = 0.06  # completion as a whole has 0.1
FRESH_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class FunctionDirectory:
    """Asks in a thread of its own; who reads gets what is known after `wait_seconds` at the latest.

    Args:
        ask: Fetches all functions from an engine that runs; answers an empty list where none does.
        clock: Decides what is fresh.
        wait_seconds: How long who reads may wait.
    """

    def __init__(self, ask: Callable[[], Sequence[KnownFunction]], clock: Clock, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._ask, self._clock, self._wait_seconds = ask, clock, wait_seconds
        self._known: Sequence[KnownFunction] = ()
        self._fetched = float("-inf")
        self._running: threading.Thread | None = None

    def functions(self) -> Sequence[KnownFunction]:
        """What is known, after at most `wait_seconds`."""
        if self._clock.monotonic() - self._fetched > FRESH_SECONDS:
            self._refresh()
        return self._known

    def _refresh(self) -> None:
        """Wait for the thread that asks; one at a time, so that a stuck engine costs one thread and no more."""
        if self._running is None or not self._running.is_alive():
            self._running = threading.Thread(target=self._fetch, name="jupyter-lambda-completion", daemon=True)
            self._running.start()
        self._running.join(self._wait_seconds)

    def _fetch(self) -> None:
        try:
            self._known = self._ask()
            self._fetched = self._clock.monotonic()
        except (JupyterLambdaError, OSError) as error:
            _log.debug("completion asked in vain: %s", error)


def ask_running_engine() -> Sequence[KnownFunction]:
    """The functions of the engine that runs, none if none does: looking must not start one."""
    from jupyter_lambda.client.discovery import find_engine
    from jupyter_lambda.client.engine_client import EngineClient

    runtime = find_engine()
    if runtime is None:
        return ()
    engine = EngineClient(runtime)
    try:
        return [
            KnownFunction(
                detail.function.name,
                tuple(version.version for version in detail.versions),
                tuple(alias.name for alias in detail.aliases),
            )
            for detail in engine.functions()
        ]
    finally:
        engine.close()
