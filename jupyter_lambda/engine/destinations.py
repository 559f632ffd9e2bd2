"""Where the outcome of an asynchronous event goes: the record that AWS sends to a destination.

A destination that is a function gets the record as an event, queued in the transaction that ends the first one: neither is lost, and
neither comes twice for want of the other. Source: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".
"""

from __future__ import annotations

import json
import logging
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_lambda.engine.invocations import Outcome
from jupyter_lambda.errors import ValidationError
from jupyter_lambda.model.invocation import InvocationResult
from jupyter_lambda.model.names import parse_function_reference
from jupyter_lambda.store.protocol import QueuedEvent

if TYPE_CHECKING:
    from jupyter_lambda.model.function_settings import EventInvokeConfig

log = logging.getLogger(__name__)


class EndedEvent(msgspec.Struct, frozen=True):
    """An event that will not be tried again."""

    event: QueuedEvent
    outcome: Outcome  # of its last attempt
    condition: str  # Success, RetriesExhausted, EventAgeExceeded, ZeroReservedConcurrency
    attempts: int  # that really ran


def follow(ended: EndedEvent, config: EventInvokeConfig | None, *, function_arn: str, now: float) -> QueuedEvent | None:
    """The event that tells a destination function how another event ended; None where nobody is to be told.

    Args:
        ended: What ended, and how.
        config: What was put for its function and qualifier.
        function_arn: Of the function, with its qualifier.
        now: Epoch seconds.
    """
    if config is None:
        return None
    arn = config.on_success if ended.condition == "Success" else config.on_failure
    if arn is None:
        return None
    if ":lambda:" not in arn:
        log.warning("the destination %s is no function, and nothing else can be reached from here: its record is dropped", arn)
        return None
    try:
        target = parse_function_reference(arn)
    except ValidationError:
        log.warning("the destination %s is no function's ARN: its record is dropped", arn)
        return None
    trace = ended.outcome.record.trace_id if isinstance(ended.outcome, InvocationResult) else ended.event.trace_id
    payload = json.dumps(record(ended, function_arn=function_arn, now=now)).encode()
    return QueuedEvent(
        request_id=str(uuid.uuid4()), function_name=target.name, qualifier=target.qualifier, payload=payload, accepted=now, due=now,
        trace_id=trace,
    )  # fmt: skip


def record(ended: EndedEvent, *, function_arn: str, now: float) -> dict[str, Any]:
    """The record, exactly AWS's."""
    told: dict[str, Any] = {
        "version": "1.0",
        "timestamp": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": ended.event.request_id, "functionArn": function_arn, "condition": ended.condition,
            "approximateInvokeCount": ended.attempts,
        },
        "requestPayload": _document(ended.event.payload),
    }  # fmt: skip
    if isinstance(ended.outcome, InvocationResult):
        context = {"statusCode": 200, "executedVersion": ended.outcome.record.version}
        if ended.outcome.function_error is not None:
            context["functionError"] = ended.outcome.function_error
        told["responseContext"] = context
        told["responsePayload"] = _document(ended.outcome.payload)
    return told


def _document(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")
