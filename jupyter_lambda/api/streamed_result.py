"""A result that a runtime sends in pieces: passed on as it comes, with the error that its trailers may carry at the end.

Source: AWS Lambda Developer Guide, "Building a custom runtime", response streaming: `Lambda-Runtime-Function-Response-Mode: streaming`,
chunked, and the trailers `Lambda-Runtime-Function-Error-Type` and `-Body`, the latter in base64.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from jupyter_lambda.model import limits

if TYPE_CHECKING:
    from jupyter_lambda.engine.result_pieces import Source
    from jupyter_lambda.engine.runtime_session import RuntimeSession

_TAIL_BYTES: Final = 65_536
_LAST_CHUNK: Final = b"\r\n0\r\n"
_ERROR_TYPE: Final = b"lambda-runtime-function-error-type"
_ERROR_BODY: Final = b"lambda-runtime-function-error-body"


class StreamedResult:
    """One such result.

    httptools keeps the last trailer to itself, so trailers are read from the end of what came.
    """

    def __init__(self, session: RuntimeSession, request_id: str, source: Source) -> None:
        self._session = session
        self._request_id = request_id
        self._source = source
        self._size = 0
        self._tail = b""

    def received(self, data: bytes) -> None:
        """Remember the end of what came."""
        self._tail = (self._tail + data)[-_TAIL_BYTES:]

    def piece(self, body: bytes) -> None:
        """Pass a piece on, while there are not too many."""
        self._size += len(body)
        if not self.is_too_large:
            self._session.chunk(self._request_id, body, self._source)

    @property
    def is_too_large(self) -> bool:
        """More than Lambda streams."""
        return self._size > limits.STREAMED_RESPONSE_BYTES_MAX

    def error(self) -> bytes | None:
        """The error in the trailers, None without one."""
        _, _, trailers = self._tail.rpartition(_LAST_CHUNK)
        fields = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in trailers.split(b"\r\n"))
        }
        if _ERROR_TYPE not in fields:
            return None
        try:
            return base64.b64decode(fields.get(_ERROR_BODY, b""), validate=True) or _unnamed(fields[_ERROR_TYPE])
        except ValueError:
            return fields[_ERROR_BODY]


def _unnamed(error_type: bytes) -> bytes:
    return b'{"errorType":"%b"}' % error_type.replace(b'"', b"")
