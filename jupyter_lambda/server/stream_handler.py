"""`<base_url>jupyter-lambda/stream`: the engine's live stream for a page, let in by Jupyter's own rules for websockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from jupyter_lambda.clock import SystemClock
from jupyter_lambda.server.answers import AUTH_RESOURCE
from jupyter_lambda.server.stream_relay import StreamRelay

if TYPE_CHECKING:
    from jupyter_lambda.server.engine_access import EngineAccess


class StreamHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """One page's stream. Query: `since` and `engine`, from the last message that the page has, to go on from there; `window_ms`."""

    auth_resource = AUTH_RESOURCE
    _passing: asyncio.Task[None] | None = None

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Open it for whom the authorizer lets read."""
        allowed = self.authorizer.is_authorized(self, self.current_user, "read", self.auth_resource)
        if not await ensure_async(allowed):
            raise web.HTTPError(403)
        await super().get(*args, **kwargs)

    def open(self, *_args: Any, **_kwargs: Any) -> None:
        """Begin to pass messages."""
        super().open()
        access: EngineAccess = self.settings["jupyter_lambda_access"]
        relay = StreamRelay(access.find, self._give, SystemClock(), may_start=access.may_start)
        since, of_engine = self.get_query_argument("since", ""), self.get_query_argument("engine", "")
        relay.window_ms = self.get_query_argument("window_ms", "")
        self._passing = asyncio.create_task(self._pass(relay, since, of_engine))

    def on_message(self, message: str | bytes) -> None:
        """Nothing is asked on this socket."""

    def on_close(self) -> None:
        """End with the page."""
        super().on_close()
        if self._passing is not None:
            self._passing.cancel()

    async def _give(self, message: str) -> None:
        await self.write_message(message)

    async def _pass(self, relay: StreamRelay, since: str, of_engine: str) -> None:
        try:
            await relay.run(since, of_engine)
        except WebSocketClosedError:
            pass
        except Exception:
            self.log.exception("jupyter-lambda: a page's stream ended by a fault of ours")
            self.close(1011, "see the server's log")
