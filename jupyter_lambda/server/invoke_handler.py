"""`POST <base_url>jupyter-lambda/functions/{F}/invoke`: call a function from a page, and get record, payload and log at once."""

from __future__ import annotations

import uuid
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_lambda.client.invoke_call import InvokeHeads, read_result
from jupyter_lambda.errors import RequestError
from jupyter_lambda.server.answers import BridgeHandler

_HEADS = InvokeHeads()


class InvokeHandler(BridgeHandler):
    """Invokes; the event is passed as the bytes it is, and the payload comes back as text, so that no number is rounded on the way."""

    @web.authenticated
    @authorized("execute")
    async def post(self, name: str) -> None:
        """Invoke; query: `qualifier`, `type`, `request_id` (a uuid, so that the page can cancel while it waits)."""
        await self.answer(self._invoke(name))

    async def _invoke(self, name: str) -> dict[str, Any]:
        kind = self.get_query_argument("type", "RequestResponse")
        request_id = _request_id(self.get_query_argument("request_id", ""))
        first, headers = _HEADS.of(name, self.get_query_argument("qualifier", "") or None, kind, request_id)
        answer = await self.access.exchange(first, headers, self.request.body, repeatable=False)
        result = read_result(answer, name, request_id, kind)
        return {
            "record": result.record,
            "payload": result.payload.decode(errors="replace"),
            "log": result.log.decode(errors="replace"),
        }


def _request_id(given: str) -> str:
    """The page's own id if it is one, a new one if it gave none; it becomes a header's value."""
    try:
        return str(uuid.UUID(given)) if given else str(uuid.uuid4())
    except ValueError as error:
        raise RequestError("request_id", "it is not a uuid", "Leave it out, or give one.") from error
