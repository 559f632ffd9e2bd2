"""Where the outcome of an asynchronous event goes: the record that AWS sends to a destination, and the event to a dead-letter target.

A destination that is a function gets the record as an event, any other one as a message; both are kept in the transaction that ends the
first event: neither is lost, and neither comes twice for want of the other. A function that is not there, or a record that is larger than
an event may be, is counted in that transaction as a failed delivery. Source: AWS Lambda Developer Guide, "Capturing records of
Lambda asynchronous invocations" and "Adding a dead-letter queue".
"""

from __future__ import annotations

import json
import logging
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.engine.invocations import Outcome
from jupyter_lambda.errors import ValidationError, aws_code
from jupyter_lambda.model import limits
from jupyter_lambda.model.invocation import InvocationResult
from jupyter_lambda.model.metrics import MetricPoint
from jupyter_lambda.model.names import FunctionReference, parse_function_reference
from jupyter_lambda.store.protocol import AddPoint, Change, Delivery, PutDelivery, PutEvent, QueuedEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.model.function_settings import EventInvokeConfig

log = logging.getLogger(__name__)

ERROR_MESSAGE_BYTES_MAX: Final = 1_024


class EndedEvent(msgspec.Struct, frozen=True):
    """An event that will not be tried again."""

    event: QueuedEvent
    outcome: Outcome  # of its last attempt
    condition: str  # Success, RetriesExhausted, EventAgeExceeded, ZeroReservedConcurrency
    attempts: int  # that really ran


class Following(msgspec.Struct, frozen=True):
    """What the end of an event brings about; kept in the transaction that ends it."""

    events: tuple[QueuedEvent, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    failures: tuple[MetricPoint, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """For the store."""
        return (*map(PutEvent, self.events), *map(PutDelivery, self.deliveries), *map(AddPoint, self.failures))


def follow(
    ended: EndedEvent,
    config: EventInvokeConfig | None,
    dead_letter: str | None,
    *,
    function_arn: str,
    now: float,
    is_there: Callable[[FunctionReference], bool],
) -> Following:
    """Who is told how an event ended: the destination of its condition, and the dead-letter target of a failure.

    Args:
        ended: What ended, and how.
        config: What was put for its function and qualifier.
        dead_letter: The ARN of the version's dead-letter queue or topic.
        function_arn: Of the function, with its qualifier.
        now: Epoch seconds.
        is_there: Whether a function, with its qualifier, is one that can be invoked.
    """
    events: list[QueuedEvent] = []
    failures: list[MetricPoint] = []
    deliveries: list[Delivery] = []
    succeeded = ended.condition == "Success"
    target = None if config is None else config.on_success if succeeded else config.on_failure
    if target is not None:
        body = json.dumps(record(ended, function_arn=function_arn, now=now)).encode()
        if ":lambda:" in target:
            told = _event(ended, target, body, now, is_there)
            if told is not None:
                events.append(told)
            else:
                name, qualifier = ended.event.function_name, ended.event.qualifier
                point = MetricPoint(function_name=name, qualifier=qualifier, metric="DestinationDeliveryFailures", moment=now)
                failures.append(point)
        else:
            deliveries.append(_delivery(ended, target, body, now))
    if dead_letter is not None and not succeeded:
        attributes = _dead_letter_attributes(ended)
        deliveries.append(_delivery(ended, dead_letter, ended.event.payload, now, dead_letter=True, attributes=attributes))
    return Following(tuple(events), tuple(deliveries), tuple(failures))


def _event(
    ended: EndedEvent, arn: str, payload: bytes, now: float, is_there: Callable[[FunctionReference], bool]
) -> QueuedEvent | None:
    """The record as an event; None where it can't be delivered."""
    try:
        target = parse_function_reference(arn)
    except ValidationError:
        log.warning("the destination %s is no function's ARN: its record is dropped", arn)
        return None
    if not is_there(target):
        log.warning("there is no function %s: a record for it is dropped", arn)
        return None
    if len(payload) > limits.ASYNC_REQUEST_BYTES_MAX:
        log.warning("a record of %d bytes for %s is larger than an event may be: it is dropped", len(payload), arn)
        return None
    trace = ended.outcome.record.trace_id if isinstance(ended.outcome, InvocationResult) else ended.event.trace_id
    return QueuedEvent(
        request_id=str(uuid.uuid4()), function_name=target.name, qualifier=target.qualifier, payload=payload, accepted=now, due=now,
        trace_id=trace,
    )  # fmt: skip


def _delivery(
    ended: EndedEvent,
    target: str,
    body: bytes,
    now: float,
    *,
    dead_letter: bool = False,
    attributes: dict[str, str] | None = None,
) -> Delivery:
    return Delivery(
        delivery_id=str(uuid.uuid4()), function_name=ended.event.function_name, target=target, body=body, accepted=now,
        dead_letter=dead_letter, attributes=attributes or {},
    )  # fmt: skip


def _dead_letter_attributes(ended: EndedEvent) -> dict[str, str]:
    """What stands beside the event in a dead-letter queue."""
    if isinstance(ended.outcome, InvocationResult):
        code, message = "200", ended.outcome.record.error_message or ""
    else:
        code, message = str(aws_code(ended.outcome).status.value), ended.outcome.what
    attributes = {"RequestID": ended.event.request_id, "ErrorCode": code}
    shown = message.encode()[:ERROR_MESSAGE_BYTES_MAX].decode("utf-8", "ignore")
    return {**attributes, "ErrorMessage": shown} if shown else attributes  # an empty value is none that SQS takes


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
