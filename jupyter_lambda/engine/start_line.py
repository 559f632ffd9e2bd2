"""The line in which starts stand where a sandbox takes only a few at a time (see `placement.on_turn`).

A start that a sandbox takes at once (a process) is never held up here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from jupyter_lambda.model.function import sandbox_kind
from jupyter_lambda.scheduling import placement
from jupyter_lambda.scheduling.placement import Begin, Drop, Hold

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.engine.environments import LiveEnvironment
    from jupyter_lambda.engine.lanes import Lane
    from jupyter_lambda.sandbox.protocol import Sandboxes

INIT_SECONDS: Final = 0.05  # what an init without heavy imports takes at most


class StartLine:
    """Gives starts their turn, lane by lane: what waits for one function holds up no other's."""

    def __init__(self, sandboxes: Sandboxes, clock: Clock) -> None:
        self._sandboxes = sandboxes
        self._clock = clock

    async def take(self, lane: Lane, start: Callable[[], Awaitable[LiveEnvironment | None]]) -> None:
        """Start an environment when it is its turn, if it is still needed then; `lane.in_line` counts it until it begins.

        Args:
            lane: Whose.
            start: Makes it; None where it could not be made.

        Raises:
            SandboxError: The sandbox that the function chose can't be had.
        """
        is_in_line = True
        try:
            kind = sandbox_kind(lane.version.configuration, self._sandboxes.kind)
            sandbox = self._sandboxes.of(kind) or await self._sandboxes.require(kind)
            if sandbox.starts_at_a_time is None:
                lane.in_line, is_in_line = lane.in_line - 1, False
                await start()
                return
            if lane.places is None:
                lane.places = asyncio.Semaphore(sandbox.starts_at_a_time)
            async with lane.places:
                is_needed = await self._is_needed(lane)
                lane.in_line, is_in_line = lane.in_line - 1, False
                if is_needed and (environment := await start()) is not None:
                    # It keeps its place until it can take work, so that the next in line knows of it; a long init keeps nobody out.
                    await environment.until_settled(max(INIT_SECONDS, environment.start_ms / 1000.0))
        finally:
            if is_in_line:
                lane.in_line -= 1

    async def _is_needed(self, lane: Lane) -> bool:
        held = 0
        while True:
            lane.pool, verdict = placement.on_turn(lane.pool, lane.in_line, lane.pace, held=held)
            match verdict:
                case Begin():
                    return True
                case Drop():
                    return False
                case Hold(seconds):
                    await self._clock.sleep(seconds)
                    held += 1
