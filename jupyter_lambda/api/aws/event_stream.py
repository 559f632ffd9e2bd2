"""Messages of `application/vnd.amazon.eventstream`: a prelude with lengths, headers, a payload, and checksums of both.

Source: Smithy, "Amazon Event Stream specification".
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

_LENGTHS: Final = struct.Struct(">II")
_CHECKSUM: Final = struct.Struct(">I")
_STRING: Final = 7


def message(event_type: str, payload: bytes, content_type: str) -> bytes:
    """One event."""
    headers = b"".join(
        _header(name, value)
        for name, value in ((":event-type", event_type), (":content-type", content_type), (":message-type", "event"))
    )
    total = _LENGTHS.size + _CHECKSUM.size + len(headers) + len(payload) + _CHECKSUM.size
    prelude = _LENGTHS.pack(total, len(headers))
    head = prelude + _CHECKSUM.pack(zlib.crc32(prelude)) + headers
    return b"".join((head, payload, _CHECKSUM.pack(zlib.crc32(payload, zlib.crc32(head)))))


def _header(name: str, value: str) -> bytes:
    text = value.encode()
    return bytes((len(name),)) + name.encode() + struct.pack(">BH", _STRING, len(text)) + text
