"""The Runtime API's side of one runtime process, as a state machine without I/O.

    state       next                     response, error            init error
    INIT        → WAITING, ready         403                        → FAILED
    WAITING     replaces the waiting one 403                        403
    BUSY        403                      → ANSWERED, result         403
    ANSWERED    → WAITING, free          403                        403
    FAILED      403                      403                        403

Invocation ids that are not the present one answer 400 InvalidRequestID. Source: AWS Lambda Developer Guide, "Using the Lambda
runtime API"; statuses as read in the runtime interface emulator.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.engine.companions import Companions
    from jupyter_lambda.engine.result_pieces import Source


class Delivery(msgspec.Struct, frozen=True):
    """What `GET …/invocation/next` answers."""

    request_id: str
    deadline_ms: int
    function_arn: str
    trace_id: str
    payload: bytes
    client_context: str | None = None


class Answer(NamedTuple):
    """What the runtime is told: a status, and an error type where there is one."""

    status: int
    error_type: str | None = None


ACCEPTED = Answer(202)
INVALID_ID = Answer(400, "InvalidRequestID")
INVALID_STATE = Answer(403, "InvalidStateTransition")
TOO_LARGE = Answer(413, "RequestEntityTooLarge")


class SessionListener(Protocol):
    """Who is told what the runtime did; called synchronously, must not block."""

    def on_ready(self) -> None:
        """The runtime asked for its first invocation: init is over."""
        ...

    def on_free(self) -> None:
        """The runtime asked for another invocation."""
        ...

    def on_chunk(self, piece: bytes, source: Source) -> None:
        """A piece of a result that is streamed; `on_response` with nothing more, or `on_error`, ends it. Its source can be held."""
        ...

    def on_response(self, payload: bytes, *, too_large: bool) -> None:
        """The handler's result; `too_large` when it is above the limit (then `payload` is cut)."""
        ...

    def on_error(self, payload: bytes) -> None:
        """The handler's error, as the runtime described it."""
        ...

    def on_init_error(self, payload: bytes) -> None:
        """The function could not be initialised."""
        ...

    def on_closed(self) -> None:
        """The runtime's connection ended."""
        ...


class State(Enum):
    """Where the runtime is."""

    INIT = auto()
    WAITING = auto()
    BUSY = auto()
    ANSWERED = auto()
    FAILED = auto()


class RuntimeSession:
    """One runtime process's progress through the Runtime API."""

    __slots__ = ("_listener", "_send", "companions", "init_times", "request_id", "state", "streams")

    def __init__(self, listener: SessionListener) -> None:
        self._listener = listener
        self.companions: Companions | None = None  # the extensions at the same address
        self.streams = False  # whether the present invocation's caller takes the result in pieces
        self._send: Callable[[Delivery], None] | None = None
        self.state = State.INIT
        self.request_id: str | None = None
        self.init_times: bytes | None = None  # where its init's time went, as it told; not checked yet

    def next(self, send: Callable[[Delivery], None], init_times: bytes | None = None) -> Answer | None:
        """The runtime asks for an invocation; `send` is called once when there is one. An answer returned is a refusal."""
        before = self.state
        if before is State.BUSY or before is State.FAILED:
            return INVALID_STATE
        self._send = send
        self.state = State.WAITING
        if before is State.INIT:
            self.init_times = init_times
            self._listener.on_ready()
        elif before is State.ANSWERED:
            self._listener.on_free()
        return None

    def deliver(self, delivery: Delivery, *, streams: bool = False) -> None:
        """Hand an invocation to the waiting runtime. Only in state WAITING.

        A runtime whose connection has just ended takes it too: its death is told next, and is then this invocation's.
        """
        send = self._send
        if self.state is not State.WAITING:
            msg = f"the runtime is {self.state.name.lower()}, not waiting"
            raise RuntimeError(msg)
        self._send = None
        self.state = State.BUSY
        self.request_id = delivery.request_id
        self.streams = streams
        if send is not None:
            send(delivery)

    def chunk(self, request_id: str, piece: bytes, source: Source) -> None:
        """The runtime streams a piece of the result; one that is not for the present invocation goes nowhere."""
        if self.state is State.BUSY and request_id == self.request_id:
            self._listener.on_chunk(piece, source)

    def response(self, request_id: str, payload: bytes, *, too_large: bool = False) -> Answer:
        """The runtime sends the handler's result."""
        if self.state is not State.BUSY:
            return INVALID_STATE
        if request_id != self.request_id:
            return INVALID_ID
        self.state = State.ANSWERED
        self._listener.on_response(payload, too_large=too_large)
        return TOO_LARGE if too_large else ACCEPTED

    def error(self, request_id: str, payload: bytes) -> Answer:
        """The runtime sends the handler's error."""
        if self.state is not State.BUSY:
            return INVALID_STATE
        if request_id != self.request_id:
            return INVALID_ID
        self.state = State.ANSWERED
        self._listener.on_error(payload)
        return ACCEPTED

    def init_error(self, payload: bytes) -> Answer:
        """The runtime says that init failed; its process ends next."""
        if self.state is not State.INIT:
            return INVALID_STATE
        self.state = State.FAILED
        self._listener.on_init_error(payload)
        return ACCEPTED

    def closed(self) -> None:
        """The connection to the runtime ended."""
        self._send = None
        self._listener.on_closed()
