"""What a starting engine tells its starter through the pipe it was given: one JSON object a line, the last one decides.

Used by both ends, and by nobody else: the two are always of the same version.
"""

from __future__ import annotations

import msgspec

from jupyter_lambda.errors import EngineUnavailable, JupyterLambdaError, error_classes
from jupyter_lambda.model.engine_api import ErrorBody
from jupyter_lambda.model.runtime_file import RuntimeFile


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """What it does at the moment, for a person."""

    text: str


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """It listens, and the runtime file is written."""

    runtime: RuntimeFile


class Taken(msgspec.Struct, frozen=True, tag="taken"):
    """Another engine holds the home's lock: it is starting, or on its way out."""

    lock: str


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """It could not start."""

    error: ErrorBody


Message = Progress | Ready | Taken | Failed
_DECODER: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


def encode(message: Message) -> bytes:
    """One line."""
    return msgspec.json.encode(message) + b"\n"


def decode(line: bytes) -> Message:
    """The message of one line (msgspec.DecodeError if it is none)."""
    return _DECODER.decode(line)


def as_error(body: ErrorBody) -> JupyterLambdaError:
    """The error that the engine raised, to be raised here."""
    cls = error_classes().get(body.kind, EngineUnavailable)
    return cls(body.where, body.what, body.suggestion, members=body.members)
