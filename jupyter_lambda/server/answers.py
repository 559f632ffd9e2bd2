"""What handlers have in common: who may, and how errors are answered.

Authentication, authorization, the XSRF check and the check of a request's origin are Jupyter's own (`APIHandler`); an administrator's
authorizer sees the resource `jupyter_lambda` with the actions read, write and execute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from jupyter_server.base.handlers import APIHandler

from jupyter_lambda.client.error_body import error_body
from jupyter_lambda.errors import JupyterLambdaError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from jupyter_lambda.server.engine_access import EngineAccess

AUTH_RESOURCE: Final = "jupyter_lambda"


class BridgeHandler(APIHandler):
    """A handler that knows the way to the engine."""

    auth_resource = AUTH_RESOURCE

    @property
    def access(self) -> EngineAccess:
        """The way to the engine, made once by the extension."""
        access: EngineAccess = self.settings["jupyter_lambda_access"]
        return access

    async def answer(self, work: Awaitable[Any]) -> None:
        """Answer with what the work gives, as JSON, or with the error it raises."""
        try:
            self.reply(msgspec.json.encode(await work))
        except JupyterLambdaError as error:
            status, body = error_body(error)
            self.reply(body, status)

    def reply(self, body: bytes, status: int = 200) -> None:
        """Answer with JSON that is encoded already."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(body)
