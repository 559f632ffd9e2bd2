"""Messages to queues, topics, buses and buckets: what asynchronous invocations tell destinations and dead-letter targets.

A message is kept in the transaction that ends its event, and is there until the target took it. A target that can't be reached now is
tried again; one that refuses is not, and the message stays in the store with the reason, for the metrics and for whoever looks.

Sources: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations" and "Dead-letter queues";
botocore's models of SQS, SNS, EventBridge and S3.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.engine.background import Background
from jupyter_lambda.errors import RequestError
from jupyter_lambda.model.metrics import MetricPoint
from jupyter_lambda.scheduling.retries import BACK_OFF_MAX_SECONDS, BACK_OFF_MIN_SECONDS
from jupyter_lambda.store.protocol import AddPoint, DeleteDelivery, Delivery, PutDelivery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.engine.aws_endpoint import AwsEndpoint
    from jupyter_lambda.store.protocol import Store

log = logging.getLogger(__name__)

AT_ONCE: Final = 4
FAILED_KEPT: Final = 1_000
AGE_MAX_SECONDS: Final = 21_600.0  # as long as an event may be old


class TargetRefused(Exception):
    """The target does not take the message, now or later; says why."""


class Deliveries:
    """Sends messages until their targets have them."""

    def __init__(self, store: Store, clock: Clock, send: Callable[[Delivery], None], changed: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._send = send  # blocks; raises TargetRefused, or anything else for "not now"
        self._changed = changed
        self._background = Background(asyncio.get_running_loop(), log)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting: dict[str, Delivery] = {}
        self._failed: list[Delivery] = []

    def __len__(self) -> int:
        """Messages that no target has yet."""
        return len(self._waiting)

    @property
    def failed(self) -> tuple[Delivery, ...]:
        """What was given up, oldest first; the last thousand."""
        return tuple(self._failed)

    def load(self, deliveries: Iterable[Delivery]) -> None:
        """Take up what an earlier engine had not sent."""
        for delivery in deliveries:
            if delivery.failure is None:
                self.take(delivery)
            else:
                self._failed.append(delivery)

    def take(self, delivery: Delivery) -> None:
        """Send a message that the store has."""
        self._waiting[delivery.delivery_id] = delivery
        self._background.spawn(self._deliver(delivery))

    async def aclose(self) -> None:
        """Stop; what was not sent stays in the store. Safe to call twice."""
        await self._background.aclose()

    async def _deliver(self, delivery: Delivery) -> None:
        attempts = 0
        while True:
            try:
                async with self._slots:
                    await asyncio.to_thread(self._send, delivery)
            except TargetRefused as refusal:
                await self._give_up(delivery, str(refusal))
                return
            except Exception as error:
                wait = min(BACK_OFF_MAX_SECONDS, BACK_OFF_MIN_SECONDS * 2**attempts)
                attempts += 1
                if self._clock.epoch() + wait - delivery.accepted > AGE_MAX_SECONDS:
                    await self._give_up(delivery, str(error))
                    return
                log.warning("%s could not be reached, again in %.0f s: %s", delivery.target, wait, error)
                await self._clock.sleep(wait)
            else:
                await self._store.commit([DeleteDelivery(delivery.delivery_id)])
                self._waiting.pop(delivery.delivery_id, None)
                self._changed()
                return

    async def _give_up(self, delivery: Delivery, why: str) -> None:
        log.warning("a message to %s was given up: %s", delivery.target, why)
        failed = msgspec.structs.replace(delivery, failure=why, ended=self._clock.epoch())
        self._failed.append(failed)
        old, self._failed = self._failed[:-FAILED_KEPT], self._failed[-FAILED_KEPT:]
        metric = "DeadLetterErrors" if delivery.dead_letter else "DestinationDeliveryFailures"
        point = MetricPoint(function_name=delivery.function_name, metric=metric, moment=self._clock.epoch())
        await self._store.commit([PutDelivery(failed), *(DeleteDelivery(one.delivery_id) for one in old), AddPoint(point)])
        self._waiting.pop(delivery.delivery_id, None)
        self._changed()


class Sender:
    """Puts a message where an ARN says, by the service's own API."""

    def __init__(self, endpoint: AwsEndpoint) -> None:
        self._endpoint = endpoint

    def __call__(self, delivery: Delivery) -> None:
        """Send it; blocks.

        Raises:
            TargetRefused: There is no such target, or it takes no such message.
            Exception: It could not be asked.
        """
        service = delivery.target.split(":")[2]
        try:
            client = self._endpoint.client(service)
        except RequestError as error:
            raise TargetRefused(f"{error.what}. {error.suggestion}".strip()) from error
        from botocore.exceptions import ClientError

        try:
            _SENDERS[service](client, delivery)
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
            if status < 500 and status != 429:
                raise TargetRefused(str(error)) from error
            raise
        finally:
            client.close()


def _to_queue(client: Any, delivery: Delivery) -> None:
    account, name = delivery.target.split(":")[4:6]
    url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody=_text(delivery), MessageAttributes=_attributes(delivery))


def _to_topic(client: Any, delivery: Delivery) -> None:
    client.publish(TopicArn=delivery.target, Message=_text(delivery), MessageAttributes=_attributes(delivery))


def _to_bus(client: Any, delivery: Delivery) -> None:
    context = json.loads(delivery.body)["requestContext"]
    outcome = "Success" if context["condition"] == "Success" else "Failure"
    entry = {
        "Source": "lambda", "DetailType": f"Lambda Function Invocation Result - {outcome}", "Detail": _text(delivery),
        "Resources": [delivery.target, context["functionArn"]], "EventBusName": delivery.target,
        "Time": datetime.fromtimestamp(delivery.accepted, UTC),
    }  # fmt: skip
    answer = client.put_events(Entries=[entry])
    if answer.get("FailedEntryCount"):
        raise TargetRefused(str(answer["Entries"][0].get("ErrorMessage", answer["Entries"][0])))


def _to_bucket(client: Any, delivery: Delivery) -> None:
    at = datetime.fromtimestamp(delivery.accepted, UTC)
    key = f"aws/lambda/async/{delivery.function_name}/{at:%Y/%m/%d}/{at:%Y-%m-%dT%H.%M.%S}-{uuid.UUID(delivery.delivery_id)}"
    client.put_object(Bucket=delivery.target.rpartition(":")[2], Key=key, Body=delivery.body, ContentType="application/json")


_SENDERS: Final = {"sqs": _to_queue, "sns": _to_topic, "events": _to_bus, "s3": _to_bucket}
SERVICES: Final = frozenset(_SENDERS)


def _text(delivery: Delivery) -> str:
    return delivery.body.decode("utf-8", "replace")


def _attributes(delivery: Delivery) -> dict[str, Any]:
    return {
        name: {"DataType": "Number" if name == "ErrorCode" else "String", "StringValue": value}
        for name, value in delivery.attributes.items()
    }
