"""A request's whole body, up to a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lambda.errors import PlatformError

if TYPE_CHECKING:
    from starlette.types import Receive


async def read_body(receive: Receive, bytes_max: int) -> bytes | None:
    """Read to the end; None above the limit.

    What is above it is read past, so that the caller reads an answer instead of a broken connection.

    Raises:
        PlatformError: The sender left before the end.
    """
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise PlatformError("request", "its sender left", "")
        size += len(message.get("body", b""))
        if size <= bytes_max:
            pieces.append(message.get("body", b""))
        else:
            pieces.clear()
        if not message.get("more_body", False):
            return b"".join(pieces) if size <= bytes_max else None
