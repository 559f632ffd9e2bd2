"""Queues, topics, buses and buckets at `--aws-endpoint`: destinations, dead-letter targets, packages in S3. moto's server is the peer.

Source: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations" and "Adding a dead-letter queue".
"""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

import boto3
import pytest
from moto.server import ThreadedMotoServer

from jupyter_lambda.client.launch import ensure_engine
from jupyter_lambda.testing.plugin import end_engine
from tests.conformance.conftest import ROLE, RUNTIME, Functions, Keys, zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HANDLER = """
def handler(event, context):
    if event.get("fail"):
        raise ValueError("no such side")
    return {"side": event["side"] // 2}
"""
SECONDS = 20


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """Where SQS, SNS, EventBridge and S3 answer."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def peers(aws: str) -> Callable[[str], Any]:
    """boto3's clients of those services."""
    return lambda service: boto3.client(
        service, endpoint_url=aws, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


@pytest.fixture(scope="module")
def client(aws: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """boto3's Lambda client of an engine that knows them, and retries at once."""
    home = tmp_path_factory.mktemp("destinations") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        engine = ensure_engine(home, sandbox="process", aws_endpoint=aws, settings={"async_retry_base_seconds": "0.01"})
    yield Keys(engine.url, engine.access_key_id, engine.secret_access_key).client()
    end_engine(home)


@pytest.fixture
def queue(peers: Callable[[str], Any]) -> Inbox:
    return Inbox(peers("sqs"))


class Inbox:
    """A queue and what comes into it."""

    def __init__(self, sqs: Any) -> None:
        self._sqs = sqs
        self.url = sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        self.arn = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def allow_everybody(self) -> None:
        policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": self.arn}]}
        self._sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": json.dumps(policy)})

    def message(self) -> Any:
        """The next message, waited for."""
        answer = self._sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=SECONDS, MessageAttributeNames=["All"])
        (message,) = answer["Messages"]
        return message


def send(client: Any, function: str, event: dict[str, Any]) -> str:
    """Invoke asynchronously; returns the request id."""
    answer = client.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event))
    assert answer["StatusCode"] == 202
    return str(answer["ResponseMetadata"]["RequestId"])


def test_a_queue_and_a_topic(client: Any, functions: Functions, queue: Inbox, peers: Callable[[str], Any]) -> None:
    sns = peers("sns")
    topic = sns.create_topic(Name=f"t-{uuid.uuid4().hex[:8]}")["TopicArn"]
    behind = Inbox(peers("sqs"))
    behind.allow_everybody()
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=behind.arn)
    function = functions.create(HANDLER)
    destinations = {"OnSuccess": {"Destination": queue.arn}, "OnFailure": {"Destination": topic}}
    client.put_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=1, DestinationConfig=destinations)

    request_id = send(client, function, {"side": 640})
    record = json.loads(queue.message()["Body"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("timestamp"))
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function}:$LATEST"
    assert record == {
        "version": "1.0",
        "requestContext": {"requestId": request_id, "functionArn": arn, "condition": "Success", "approximateInvokeCount": 1},
        "requestPayload": {"side": 640}, "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"side": 320},
    }  # fmt: skip

    send(client, function, {"fail": True})
    record = json.loads(json.loads(behind.message()["Body"])["Message"])
    assert (record["requestContext"]["condition"], record["requestContext"]["approximateInvokeCount"]) == ("RetriesExhausted", 2)
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert record["responsePayload"]["errorMessage"] == "no such side"


def test_a_bus(client: Any, functions: Functions, queue: Inbox, peers: Callable[[str], Any]) -> None:
    events, bus = peers("events"), f"b-{uuid.uuid4().hex[:8]}"
    bus_arn = events.create_event_bus(Name=bus)["EventBusArn"]
    events.put_rule(Name=bus, EventBusName=bus, EventPattern=json.dumps({"source": ["lambda"]}))
    events.put_targets(Rule=bus, EventBusName=bus, Targets=[{"Id": "q", "Arn": queue.arn}])
    function = functions.create(HANDLER)
    client.put_function_event_invoke_config(FunctionName=function, DestinationConfig={"OnSuccess": {"Destination": bus_arn}})

    request_id = send(client, function, {"side": 2})
    event = json.loads(queue.message()["Body"])
    assert (event["source"], event["detail-type"]) == ("lambda", "Lambda Function Invocation Result - Success")
    assert event["resources"] == [bus_arn, event["detail"]["requestContext"]["functionArn"]]
    assert event["detail"]["requestContext"]["requestId"] == request_id


def test_a_bucket(client: Any, functions: Functions, queue: Inbox, peers: Callable[[str], Any]) -> None:
    s3, bucket = peers("s3"), f"b-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    told = {"QueueConfigurations": [{"QueueArn": queue.arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=told)
    function = functions.create(HANDLER)
    failures = {"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}}
    client.put_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=0, DestinationConfig=failures)

    queue.message()  # S3's own test event
    send(client, function, {"fail": True})
    key = unquote_plus(json.loads(queue.message()["Body"])["Records"][0]["s3"]["object"]["key"])  # as S3 writes it
    day = r"\d{4}/\d\d/\d\d/\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d"
    assert re.fullmatch(rf"aws/lambda/async/{function}/{day}-[0-9a-f-]{{36}}", key)
    record = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert record["requestPayload"] == {"fail": True}


def test_a_dead_letter_queue_gets_the_event(client: Any, functions: Functions, queue: Inbox) -> None:
    function = functions.create(HANDLER, DeadLetterConfig={"TargetArn": queue.arn})
    send(client, function, {"side": 4})
    request_id = send(client, function, {"fail": True})
    message = queue.message()
    assert json.loads(message["Body"]) == {"fail": True}
    attributes = {name: (one["DataType"], one["StringValue"]) for name, one in message["MessageAttributes"].items()}
    assert attributes == {
        "RequestID": ("String", request_id), "ErrorCode": ("Number", "200"), "ErrorMessage": ("String", "no such side"),
    }  # fmt: skip


def test_a_throttled_event_says_429(client: Any, functions: Functions, queue: Inbox) -> None:
    function = functions.create(HANDLER, DeadLetterConfig={"TargetArn": queue.arn})
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    send(client, function, {"side": 4})
    assert queue.message()["MessageAttributes"]["ErrorCode"]["StringValue"] == "429"


def test_a_package_in_s3(client: Any, functions: Functions, peers: Callable[[str], Any], refused: Callable[..., Any]) -> None:
    s3, bucket = peers("s3"), f"code-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="f.zip", Body=zipped(HANDLER))
    function = functions.create(Code={"S3Bucket": bucket, "S3Key": "f.zip"})
    answer = client.invoke(FunctionName=function, Payload=json.dumps({"side": 10}))
    assert json.loads(answer["Payload"].read()) == {"side": 5}

    values = {"FunctionName": functions.name(), "Runtime": RUNTIME, "Handler": "f.handler", "Role": ROLE}
    error = refused(client.create_function, **values, Code={"S3Bucket": bucket, "S3Key": "none.zip"})
    assert error.code == "InvalidParameterValueException"
    assert error.message.startswith("Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: ")
