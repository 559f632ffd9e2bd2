"""Ends containers that somebody paused: nothing can run in them, and nobody else will let them go on.

The engine freezes environments by signals (see `runtime/container.py`), so a paused container is always somebody's doing. The daemon says
so in its stream of events, which is open while there are containers. When the daemon goes away, the stream is opened again once it
answers; what was paused in between ends by its function's timeout, as everything that hangs.

Source: Docker Engine API, "Monitor events".
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from typing import TYPE_CHECKING, Final

from jupyter_lambda.errors import SandboxError

if TYPE_CHECKING:
    from jupyter_lambda.clock import Clock
    from jupyter_lambda.sandbox.docker.container import Container
    from jupyter_lambda.sandbox.docker.daemon import Daemon
    from jupyter_lambda.sandbox.docker.removal import Removal

log = logging.getLogger(__name__)
PAUSED: Final = "its container was paused from outside (docker pause), so it was ended"
_AGAIN_SECONDS: Final = 2.0


class PauseWatch:
    """Listens for pauses of one engine's containers.

    Args:
        daemon: Whose.
        removal: Removes one that has not booted yet.
        label: `name=value` that the engine's containers carry.
        clock: Time.
    """

    def __init__(self, daemon: Daemon, removal: Removal, label: str, clock: Clock) -> None:
        self._daemon = daemon
        self._removal = removal
        self._clock = clock
        self._filters = {"type": ["container"], "event": ["pause"], "label": [label]}
        self._containers: weakref.WeakValueDictionary[str, Container] = weakref.WeakValueDictionary()
        self._listening: asyncio.Task[None] | None = None
        self._endings: set[asyncio.Task[None]] = set()

    def listen(self) -> None:
        """Hear of pauses from now on: before the first container is booted."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(), name="pauses of containers")

    def add(self, container: Container) -> None:
        """Look after a container that has booted, for as long as it lives."""
        self._containers[container.container_id] = container

    async def aclose(self) -> None:
        """Listen no more. Safe to call twice."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await asyncio.gather(*self._endings, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._daemon.lines("GET", "/events", query={"filters": self._filters}) as messages:
                    async for message in messages:
                        self._on_pause(str(message.get("id") or (message.get("Actor") or {}).get("ID")))
            except SandboxError as error:
                log.debug("the daemon's events can't be heard: %s", error)
            await self._clock.sleep(_AGAIN_SECONDS)

    def _on_pause(self, container_id: str) -> None:
        log.warning("container %s: %s", container_id[:12], PAUSED)
        container = self._containers.get(container_id)
        if container is None:  # it is being booted, and whoever waits for it sees it end
            end = self._removal.remove(container_id)
        else:
            container.end_note = PAUSED
            end = container.aclose(by_force=True)
        ending = asyncio.create_task(end, name="end of a paused container")
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
