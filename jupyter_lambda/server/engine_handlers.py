"""`<base_url>jupyter-lambda/engine…`: the engine as a process. What is asked of an engine that runs goes through `forwarding`."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_lambda._version import __version__
from jupyter_lambda.client.engine_identity import engine_identity
from jupyter_lambda.model.engine_api import PROTOCOL
from jupyter_lambda.server.answers import BridgeHandler


class EngineHandler(BridgeHandler):
    """Whether an engine runs, and starting one."""

    @web.authenticated
    @authorized
    async def get(self, deed: str | None) -> None:
        """Say what runs; starts nothing."""
        if deed:
            raise web.HTTPError(405, "POST it")
        await self.answer(self._facts())

    @web.authenticated
    @authorized("execute")
    async def post(self, deed: str | None) -> None:
        """Start the engine if none runs."""
        if deed != "start":
            raise web.HTTPError(404, "there is only /start")
        await self.answer(self._start())

    async def _facts(self) -> dict[str, Any]:
        runtime = await self.access.find()
        return {
            "engine": engine_identity(runtime) if runtime else None,
            "home": str(self.access.home),
            "may_start": self.access.may_start,
            "bridge": {"version": __version__, "protocol": PROTOCOL},
        }

    async def _start(self) -> dict[str, Any]:
        return engine_identity(await self.access.start())


class EngineLogHandler(BridgeHandler):
    """The end of the engine's log."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer it as text in JSON."""
        await self.answer(self._tail())

    async def _tail(self) -> dict[str, str]:
        return {"text": await self.access.log_tail()}
