"""From the engine's stream to one page, across the engine's lives.

What a relay meets, and where it goes:

    no engine runs                      the page is told `down`; look again until one does
    it can't be reached, refuses us     it is ending, or another took its place: look again
    its stream ends                     it stopped or was killed: the page is told, look again
    the page leaves                     the relay's task is cancelled
    the page is slow                    nothing is read from the engine meanwhile, which resynchronises who falls behind
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda._version import __version__
from jupyter_lambda.client.engine_identity import engine_id, engine_identity
from jupyter_lambda.model.engine_api import PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.model.runtime_file import RuntimeFile

    Find = Callable[[], Awaitable[RuntimeFile | None]]
    Send = Callable[[str], Awaitable[None]]

LOOK_AGAIN_SECONDS: Final = 0.25  # reading one small file; a page is told of a new engine within this time


class StreamRelay:
    """Passes one page's stream.

    Args:
        find: The engine that runs now.
        send: Gives the page a message; returns once there is room for another.
        clock: Waits between two looks.
        may_start: Told to the page: whether it can offer to start one.
    """

    def __init__(self, find: Find, send: Send, clock: Clock, *, may_start: bool) -> None:
        self._find = find
        self._send = send
        self._clock = clock
        self._may_start = may_start
        self._told_down = False
        self.window_ms = ""  # what the page wants merged into one message; empty: the engine decides

    async def run(self, since: str, of_engine: str) -> None:
        """Pass messages until cancelled.

        Args:
            since: The last number that the page has; empty for none.
            of_engine: The engine's life that the number is from.
        """
        while True:
            runtime = await self._find()
            if runtime is None:
                await self._tell_down()
            else:
                resumed = since if since.isdigit() and of_engine == engine_id(runtime) else ""
                if await self._pass_on(runtime, resumed):
                    since = of_engine = ""  # what came since then is not known here: begin with a snapshot
            await self._clock.sleep(LOOK_AGAIN_SECONDS)

    async def _pass_on(self, runtime: RuntimeFile, since: str) -> bool:
        """Pass the messages of one engine until they end; False if it could not be reached."""
        from websockets.asyncio.client import unix_connect  # 40 ms that a server's start does without
        from websockets.exceptions import WebSocketException

        window = f"&window_ms={self.window_ms}" if self.window_ms.isdigit() else ""
        address = f"ws://engine/engine/v1/stream?merged=1{window}{f'&since={since}' if since else ''}"
        reached = False
        try:
            async with unix_connect(
                runtime.socket, address, additional_headers={"Authorization": f"Bearer {runtime.token}"},
                compression=None, max_size=None, open_timeout=5, close_timeout=1,
            ) as messages:  # fmt: skip
                reached = True
                self._told_down = False
                await self._tell({"state": "up", "engine": engine_identity(runtime), "resumed": bool(since)})
                async for message in messages:
                    await self._send(message if isinstance(message, str) else message.decode())
        except (OSError, WebSocketException):
            pass
        return reached

    async def _tell_down(self) -> None:
        if not self._told_down:
            self._told_down = True
            await self._tell({"state": "down", "may_start": self._may_start})

    async def _tell(self, facts: dict[str, Any]) -> None:
        await self._send(json.dumps({"type": "engine", "bridge": {"version": __version__, "protocol": PROTOCOL}, **facts}))
