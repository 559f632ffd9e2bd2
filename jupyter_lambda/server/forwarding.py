"""`<base_url>jupyter-lambda/…` → `/engine/v1/…`: method, query and body pass as they are, the engine's token is put in here."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_lambda.client.error_body import error_body
from jupyter_lambda.errors import JupyterLambdaError, RequestError
from jupyter_lambda.server.answers import BridgeHandler

_PREFIX: Final = "jupyter-lambda/"
_REPEATABLE: Final = frozenset({"GET", "HEAD", "PUT"})
_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class ForwardHandler(BridgeHandler):
    """Passes a request of a page on to the engine."""

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        """Read; a log that goes on without end is the stream's business."""
        if self.get_query_argument("follow", "") == "1":
            status, body = error_body(RequestError(path, "an endless answer does not pass here", "Watch `stream` instead."))
            self.reply(body, status)
            return
        await self._forward()

    @web.authenticated
    @authorized
    async def post(self, _path: str) -> None:
        """Make, publish, cancel, stop."""
        await self._forward()

    @web.authenticated
    @authorized
    async def put(self, _path: str) -> None:
        """Set an alias."""
        await self._forward()

    @web.authenticated
    @authorized
    async def patch(self, _path: str) -> None:
        """Change a configuration."""
        await self._forward()

    @web.authenticated
    @authorized
    async def delete(self, _path: str) -> None:
        """Remove a function, a version, an alias, an environment."""
        await self._forward()

    async def _forward(self) -> None:
        method = self.request.method or "GET"
        try:
            answer = await self.access.exchange(
                f"{method} {engine_target(self.request.uri or '', self.base_url)}".encode("ascii"),
                b"Content-Type: application/json\r\n",
                self.request.body,
                repeatable=method in _REPEATABLE,
            )
        except JupyterLambdaError as error:
            status, body = error_body(error)
            self.reply(body, status)
            return
        if answer.status in _BODILESS:
            self.set_status(answer.status)
            self.finish()
        else:
            self.reply(answer.body, answer.status)


def engine_target(uri: str, base_url: str) -> str:
    """The engine's target for a request of a page; quoting stays as it is.

    Args:
        uri: Path and query as the page sent them, which a proxy may have decoded in part.
        base_url: The server's prefix, `/` at both ends.
    """
    path, _, query = uri.partition("?")
    _, _, rest = path[len(base_url) - 1 :].partition(_PREFIX)
    kept = "&".join(part for part in query.split("&") if part and not part.startswith(("token=", "_xsrf=")))
    return f"/engine/v1/{rest}" + (f"?{kept}" if kept else "")
