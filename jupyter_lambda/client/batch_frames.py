"""The frames of a batch connection as bytes: docs/engine-api.md, "Batches". Knows no socket."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

import msgspec

from jupyter_lambda.client.http_answer import CutOff
from jupyter_lambda.model.invocation import InvocationRecord

_EVENT: Final = struct.Struct("<II")
_ANSWER: Final = struct.Struct("<IIII")
_END: Final = 0xFFFFFFFF
NO_MORE_EVENTS: Final = _EVENT.pack(_END, 0)
EVENTS_MAX: Final = _END - 1  # an index is 32 bits wide, and the last one is taken

_decode = msgspec.json.Decoder(InvocationRecord).decode


class Answered(NamedTuple):
    """One event's answer."""

    number: int  # the event's index
    record: InvocationRecord
    payload: bytes
    log: bytes


def event_frame(index: int, payload: bytes) -> bytes:
    """An event, to be sent."""
    return _EVENT.pack(len(payload), index) + payload


class AnswerFrames:
    """Takes received bytes in any pieces and gives whole answers; `ended` once the engine said that there are no more."""

    def __init__(self, received: bytes = b"") -> None:
        self._buffer = bytearray(received)
        self.ended = False

    def feed(self, received: bytes) -> list[Answered]:
        """The answers that are whole now.

        Raises:
            CutOff: A record can't be read: the two sides don't speak the same language.
        """
        buffer = self._buffer
        buffer += received
        answers: list[Answered] = []
        position = 0
        while len(buffer) - position >= _ANSWER.size:
            index, record_bytes, payload_bytes, log_bytes = _ANSWER.unpack_from(buffer, position)
            if index == _END:
                self.ended = True
                break
            start = position + _ANSWER.size
            middle = start + record_bytes
            end = middle + payload_bytes
            position = end + log_bytes
            if position > len(buffer):
                position = start - _ANSWER.size
                break
            answers.append(
                Answered(index, _record(bytes(buffer[start:middle])), bytes(buffer[middle:end]), bytes(buffer[end:position]))
            )
        del buffer[:position]
        return answers


def _record(text: bytes) -> InvocationRecord:
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CutOff(f"the engine sent a record that can't be read: {error}") from error
