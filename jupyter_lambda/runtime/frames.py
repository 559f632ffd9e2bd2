"""Several streams in one TCP connection between a container and its engine: both ends cut and join it with this.

A frame is a head (kind, channel, length of what follows) and its payload. Channels are numbered by whoever opens them: odd by the engine
(a worker's log and its Runtime API connection), even by the container (connections to the Runtime API's address). A sender may have
`WINDOW_BYTES` of a channel under way; the receiver grants more as it passes bytes on, so a stream that nobody reads stops itself and no
other one.

    CONTROL   both ways      a message of `zygote.py` or `container.py`, as JSON
    DATA      both ways      bytes of a channel
    END       both ways      no more bytes of it
    CREDIT    both ways      so many more bytes may come (4 bytes)
    OPEN      to the engine  somebody has connected to the Runtime API's address
    MEMORY    to the engine  bytes held, processes that the kernel has killed for memory (8 bytes each)

What a worker wrote before its answer, and what it held then, is sent before the answer is.
"""

from __future__ import annotations

import struct

CONTROL, DATA, END, CREDIT, OPEN, MEMORY = range(6)
WINDOW_BYTES = 262_144
PIECE_BYTES = 65_536
CONTROL_BYTES_MAX = 1 << 24
TICKET_BYTES = 16  # names the container that is expected
SECRET_BYTES = 32
_HEAD = struct.Struct("!BII")
CREDIT_OF = struct.Struct("!I")
MEMORY_OF = struct.Struct("!QQ")


def frame(kind: int, channel: int, payload: bytes = b"") -> bytes:
    """One frame, as it is sent."""
    return _HEAD.pack(kind, channel, len(payload)) + payload


class Splitter:
    """Finds frames in what arrives."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, int, bytes]]:
        """Take bytes; returns the frames that are whole now: kind, channel, payload.

        Raises:
            ValueError: What arrives are no frames.
        """
        self._received += data
        found = []
        at = 0
        while len(self._received) - at >= _HEAD.size:
            kind, channel, length = _HEAD.unpack_from(self._received, at)
            if kind > MEMORY or length > (CONTROL_BYTES_MAX if kind == CONTROL else PIECE_BYTES):
                raise ValueError(f"no frame: kind {kind}, {length} bytes")
            end = at + _HEAD.size + length
            if len(self._received) < end:
                break
            found.append((kind, channel, bytes(self._received[at + _HEAD.size : end])))
            at = end
        del self._received[:at]
        return found
