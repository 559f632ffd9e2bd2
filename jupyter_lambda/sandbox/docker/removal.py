"""Containers are removed even if the daemon is away when they should be: what could not be removed is tried again until it can."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from jupyter_lambda.errors import SandboxError

if TYPE_CHECKING:
    from jupyter_lambda.clock import Clock
    from jupyter_lambda.sandbox.docker.daemon import Daemon

log = logging.getLogger(__name__)
_REMOVE_SECONDS: Final = 20.0
_AGAIN_SECONDS: Final = 2.0


class Removal:
    """Removes containers of one daemon."""

    def __init__(self, daemon: Daemon, clock: Clock) -> None:
        self._daemon = daemon
        self._clock = clock
        self._left: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    async def remove(self, container: str) -> None:
        """Remove a container, by id or name, whatever state it is in; if that can't be now, later."""
        if not await self._try(container):
            self._left.add(container)
            if self._task is None:
                self._task = asyncio.create_task(self._again(), name="removal of containers")

    async def aclose(self) -> None:
        """Stop trying; what is left then is for the next start's sweep. Safe to call twice."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        for container in list(self._left):
            if await self._try(container):
                self._left.discard(container)
        if self._left:
            log.warning("%d containers could not be removed; the next start of the engine tries again", len(self._left))

    async def _again(self) -> None:
        while self._left:
            await self._clock.sleep(_AGAIN_SECONDS)
            for container in list(self._left):
                if not await self._try(container):
                    break  # the daemon is still away
                self._left.discard(container)
        self._task = None

    async def _try(self, container: str) -> bool:
        try:
            await self._daemon.call(
                "DELETE", f"/containers/{container}", query={"force": "1", "v": "1"}, missing_ok=True, seconds=_REMOVE_SECONDS
            )
        except SandboxError as error:
            if "already in progress" in error.what:  # it removes itself at this moment
                return True
            log.debug("container %s was not removed: %s", container, error)
            return False
        return True
