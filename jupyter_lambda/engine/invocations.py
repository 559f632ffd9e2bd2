"""An invocation on its way: what was asked, where it stands, and who waits for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import msgspec

from jupyter_lambda.engine.result_pieces import Source
from jupyter_lambda.errors import InvalidRequestContent, JupyterLambdaError, PayloadTooLarge
from jupyter_lambda.model import limits
from jupyter_lambda.model.engine_api import RunningView
from jupyter_lambda.model.invocation import InvocationResult, Status
from jupyter_lambda.model.metrics import CountedInvocation

if TYPE_CHECKING:
    import asyncio

    from jupyter_lambda.model.function import Version
    from jupyter_lambda.model.init_times import InitTimes

Outcome = InvocationResult | JupyterLambdaError
Sink = Callable[[bytes, Source], None]  # takes a piece of a streamed result; can hold its source


class InvokeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks for."""

    function_name: str
    payload: bytes
    qualifier: str | None = None
    request_id: str
    invocation_type: str = "RequestResponse"
    function_arn: str = ""  # as the caller wrote it; the context's `invoked_function_arn`
    trace_id: str | None = None
    client_context: str | None = None
    attempt: int = 1
    patient: bool = False  # waits for concurrency instead of being throttled: batches and queued events


class Runner(Protocol):
    """What runs an invocation, as far as the invocation is concerned."""

    async def kill(self, reason: str = "failure") -> None:
        """End it with everything it started; its extensions are told the reason: failure, timeout."""
        ...


class Invocation:
    """An admitted invocation. `done` is called exactly once, on the loop, and must not block."""

    __slots__ = (
        "arrived", "arrived_epoch", "cold", "delivered", "done", "environment", "init_ms", "init_times", "provisioned", "request",
        "reserved", "sink", "spilled", "start_ms", "timer", "verdict", "version",
    )  # fmt: skip

    def __init__(
        self,
        request: InvokeRequest,
        version: Version,
        arrived: float,
        arrived_epoch: float,
        done: Callable[[Outcome], None],
        sink: Sink | None = None,
    ) -> None:
        self.request = request
        self.version = version
        self.arrived = arrived
        self.arrived_epoch = arrived_epoch
        self.done = done
        self.sink = sink  # takes a streamed result piece by piece, before `done`; None: the result comes whole
        self.environment: Runner | None = None
        self.delivered = 0.0
        self.cold = False
        self.start_ms = 0.0
        self.init_ms = 0.0
        self.init_times: InitTimes | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.reserved = False  # counts against its function's reserved concurrency
        self.provisioned = 0  # environments provisioned for its version when it was placed
        self.spilled = False  # more were busy then than are provisioned
        self.verdict: Status | None = None  # decided before the environment's death says it: timed out, cancelled

    @property
    def id(self) -> str:
        """The request id."""
        return self.request.request_id

    def view(self) -> RunningView:
        """How it is shown while it runs."""
        return RunningView(
            request_id=self.id, function_name=self.version.function_name, version=self.version.version,
            qualifier=self.request.qualifier, arrived=self.arrived_epoch, waiting=not self.delivered,
        )  # fmt: skip

    def counted(self) -> CountedInvocation:
        """How metrics count it while it runs."""
        return CountedInvocation(
            function_name=self.version.function_name, version=self.version.version, qualifier=self.request.qualifier,
            arrived=self.arrived_epoch, reserved=self.reserved, provisioned=self.provisioned, spilled=self.spilled,
        )  # fmt: skip

    def stop_timer(self) -> None:
        """The invocation ended, or its environment is being killed."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


def check_event(payload: bytes, maximum: int = limits.REQUEST_BYTES_MAX) -> None:
    """Refuse an event that Lambda would not take.

    Raises:
        PayloadTooLarge: Above the limit (RequestTooLargeException, 413).
        InvalidRequestContent: Not JSON, or nested too deep to be read; NaN and Infinity are not JSON either
            (InvalidRequestContentException, 400).
    """
    if len(payload) > maximum:
        raise PayloadTooLarge(
            "event", f"{len(payload):,} bytes, and Lambda takes {maximum:,}",
            "Pass large data by a file: --files or --mount.",
            aws_message=f"{len(payload)} byte payload is too large for the "
            f"{'Event' if maximum == limits.ASYNC_REQUEST_BYTES_MAX else 'RequestResponse'} invocation type (limit {maximum} bytes)",
        )  # fmt: skip
    try:
        _read_past(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if _has_lone_surrogate_only(payload):
            return
        raise InvalidRequestContent(
            "event", f"it is not JSON: {error}", "Send UTF-8 JSON; NaN and Infinity are not JSON.",
            aws_message=f"Could not parse request body into json: {error}", members={"Type": "User"},
        ) from error  # fmt: skip


def _has_lone_surrogate_only(payload: bytes) -> bool:
    """Whether all that the quick check disliked is half a surrogate pair, which Lambda passes on."""
    if b"\\u" not in payload:
        return False
    try:
        json.loads(payload, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


_read_past = msgspec.json.Decoder(msgspec.Raw).decode  # checks JSON without building values
