"""Event source mappings: made, found, changed, removed, and refused in AWS's words.

Source: AWS Lambda API Reference, `CreateEventSourceMapping` and its neighbours; recorded errors.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_lambda.client.launch import ensure_engine
from jupyter_lambda.clock import SystemClock
from jupyter_lambda.testing.plugin import end_engine
from tests.conformance.conftest import ECHO, RUNTIME, Keys, zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conformance.conftest import Functions

ACCOUNT = "us-east-1:000000000000"
FUNCTION_ARN = f"arn:aws:lambda:{ACCOUNT}:function:"


@pytest.fixture
def queue() -> str:
    return f"arn:aws:sqs:{ACCOUNT}:queue-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def stream() -> str:
    return f"arn:aws:kinesis:{ACCOUNT}:stream/s-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def table_stream() -> str:
    return f"arn:aws:dynamodb:{ACCOUNT}:table/t-{uuid.uuid4().hex[:8]}/stream/2026-11-29T00:00:00.000"


@pytest.fixture(autouse=True)
def _tidy(client: Any) -> Iterator[None]:
    yield
    for page in client.get_paginator("list_event_source_mappings").paginate():
        for mapping in page["EventSourceMappings"]:
            client.delete_event_source_mapping(UUID=mapping["UUID"])


def members(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in ("ResponseMetadata", "LastModified", "UUID")}


def test_a_queues_mapping_lives(client: Any, function: str, queue: str, refused: Callable[..., Any]) -> None:
    made = client.create_event_source_mapping(EventSourceArn=queue, FunctionName=function)
    mapping_id = made["UUID"]
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert members(made) == {
        "EventSourceArn": queue, "FunctionArn": FUNCTION_ARN + function, "BatchSize": 10, "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": [], "State": "Creating", "StateTransitionReason": "USER_INITIATED",
        "EventSourceMappingArn": f"arn:aws:lambda:{ACCOUNT}:event-source-mapping:{mapping_id}",
    }  # fmt: skip
    assert abs(made["LastModified"].timestamp() - SystemClock().epoch()) < 60
    assert members(client.get_event_source_mapping(UUID=mapping_id)) == {**members(made), "State": "Enabled"}

    changed = client.update_event_source_mapping(UUID=mapping_id, Enabled=False, ScalingConfig={"MaximumConcurrency": 5})
    assert (changed["ResponseMetadata"]["HTTPStatusCode"], changed["State"]) == (202, "Disabling")
    found = client.get_event_source_mapping(UUID=mapping_id)
    assert (found["State"], found["ScalingConfig"], found["BatchSize"]) == ("Disabled", {"MaximumConcurrency": 5}, 10)
    assert client.update_event_source_mapping(UUID=mapping_id, BatchSize=4)["State"] == "Updating"
    assert client.get_event_source_mapping(UUID=mapping_id)["State"] == "Disabled"

    gone = client.delete_event_source_mapping(UUID=mapping_id)
    assert (gone["ResponseMetadata"]["HTTPStatusCode"], gone["State"], gone["BatchSize"]) == (202, "Deleting", 4)
    for operation in (client.get_event_source_mapping, client.update_event_source_mapping, client.delete_event_source_mapping):
        said = refused(operation, UUID=mapping_id)
        assert (said.code, said.status) == ("ResourceNotFoundException", 404)
        assert said.message == "The resource you requested does not exist."


def test_a_streams_mapping_has_a_streams_members(client: Any, functions: Functions, stream: str) -> None:
    function = functions.create()
    version = client.publish_version(FunctionName=function)["Version"]
    pattern = json.dumps({"data": {"side": [{"numeric": [">", 3]}]}})
    made = client.create_event_source_mapping(
        EventSourceArn=stream, FunctionName=f"{function}:{version}", StartingPosition="AT_TIMESTAMP", Enabled=False,
        StartingPositionTimestamp=1_790_000_000, FilterCriteria={"Filters": [{"Pattern": pattern}]}, BatchSize=200,
    )  # fmt: skip
    found = client.get_event_source_mapping(UUID=made["UUID"])
    expected = {
        "BatchSize": 200, "MaximumBatchingWindowInSeconds": 0, "ParallelizationFactor": 1, "DestinationConfig": {"OnFailure": {}},
        "MaximumRecordAgeInSeconds": -1, "BisectBatchOnFunctionError": False, "MaximumRetryAttempts": -1,
        "TumblingWindowInSeconds": 0, "FunctionResponseTypes": [], "State": "Disabled", "StateTransitionReason": "User action",
        "LastProcessingResult": "No records processed", "StartingPosition": "AT_TIMESTAMP",
        "FilterCriteria": {"Filters": [{"Pattern": pattern}]}, "FunctionArn": f"{FUNCTION_ARN}{function}:{version}",
    }  # fmt: skip
    assert expected.items() <= found.items()
    assert found["StartingPositionTimestamp"].timestamp() == 1_790_000_000


def test_kafka_and_mq(client: Any, function: str) -> None:
    servers = {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka:1000"]}}
    made = client.create_event_source_mapping(FunctionName=function, SelfManagedEventSource=servers, Topics=["topic"])
    assert (made["Topics"], made["SelfManagedEventSource"], "EventSourceArn" in made) == (["topic"], servers, False)
    assert made["SelfManagedKafkaEventSourceConfig"] == {"ConsumerGroupId": made["UUID"]}
    broker = f"arn:aws:mq:{ACCOUNT}:broker:b:b-1"
    made = client.create_event_source_mapping(FunctionName=function, EventSourceArn=broker, Queues=["q"])
    assert (made["Queues"], made["BatchSize"]) == (["q"], 100)


def test_lists_by_source_and_by_function(client: Any, functions: Functions, queue: str, stream: str) -> None:
    one, other = functions.create(), functions.create()
    for function in (one, other):
        client.create_event_source_mapping(EventSourceArn=queue, FunctionName=function)
    client.create_event_source_mapping(EventSourceArn=stream, FunctionName=one, StartingPosition="LATEST")

    def sources(**asked: Any) -> list[tuple[str, str]]:
        pages = client.get_paginator("list_event_source_mappings").paginate(**asked, PaginationConfig={"PageSize": 1})
        found = [mapping for page in pages for mapping in page["EventSourceMappings"]]
        return sorted((mapping["EventSourceArn"], mapping["FunctionArn"].rpartition(":")[2]) for mapping in found)

    assert sources() == sorted([(queue, one), (queue, other), (stream, one)])
    assert sources(EventSourceArn=queue) == sorted([(queue, one), (queue, other)])
    assert sources(FunctionName=one) == sorted([(queue, one), (stream, one)])
    assert sources(FunctionName=FUNCTION_ARN + other, EventSourceArn=stream) == []


def test_one_source_feeds_a_function_once(
    client: Any, function: str, queue: str, stream: str, table_stream: str, refused: Callable[..., Any]
) -> None:
    kafka = {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka:1000", "kafka:2000"]}}
    arn = FUNCTION_ARN + function
    cases: list[tuple[dict[str, Any], str]] = [
        ({"EventSourceArn": queue}, f'An event source mapping with SQS arn (" {queue} ") and function (" {function} ") already exists.'),
        ({"EventSourceArn": stream, "StartingPosition": "LATEST"},
         f'The event source arn (" {stream} ") and function (" {function} ") provided mapping already exists.'),
        ({"EventSourceArn": table_stream, "StartingPosition": "LATEST"},
         f'The event source arn (" {table_stream} ") and function (" {function} ") provided mapping already exists.'),
        ({"SelfManagedEventSource": kafka, "Topics": ["topic"]},
         f'An event source mapping with event source ("kafka:1000,kafka:2000"), function ("{arn}"), topics ("topic") already exists.'),
    ]  # fmt: skip
    for asked, message in cases:
        first = client.create_event_source_mapping(FunctionName=function, **asked)["UUID"]
        said = refused(client.create_event_source_mapping, FunctionName=function, **asked)
        assert (said.code, said.status, said.members["Type"]) == ("ResourceConflictException", 409, "User")
        assert said.message == f"{message} Please update or delete the existing mapping with UUID {first}"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"EventSourceArn": f"arn:aws:s3:{ACCOUNT}:bucket"}, "Unrecognized event source."),
        ({}, "Unrecognized event source."),
        ({"EventSourceArn": f"arn:aws:dynamodb:{ACCOUNT}:table/without-stream"}, "Unrecognized event source."),
        ({"EventSourceArn": f"arn:aws:sqs:{ACCOUNT}:q", "DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:sqs:{ACCOUNT}:d"}}},
         "Unsupported DestinationConfig parameter for given event source mapping type."),
        ({"EventSourceArn": f"arn:aws:dynamodb:{ACCOUNT}:table/t/stream/s", "StartingPosition": "AT_TIMESTAMP",
          "StartingPositionTimestamp": 1.0},
         f"Unsupported starting position for arn type: arn:aws:dynamodb:{ACCOUNT}:table/t/stream/s"),
        ({"EventSourceArn": f"arn:aws:kinesis:{ACCOUNT}:stream/s"},
         "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null."),
        ({"EventSourceArn": f"arn:aws:sqs:{ACCOUNT}:q", "BatchSize": 100},
         "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"),
        ({"EventSourceArn": f"arn:aws:sqs:{ACCOUNT}:q", "FilterCriteria": {"Filters": [{"Pattern": "no json"}]}},
         "Invalid filter pattern definition."),
    ],
)  # fmt: skip
def test_what_no_source_can_have(
    client: Any, function: str, refused: Callable[..., Any], asked: dict[str, Any], message: str
) -> None:
    said = refused(client.create_event_source_mapping, FunctionName=function, **asked)
    assert (said.code, said.status, said.message) == ("InvalidParameterValueException", 400, message)
    assert client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"] == []


def test_a_function_that_there_is_none_of(client: Any, queue: str, refused: Callable[..., Any]) -> None:
    said = refused(client.create_event_source_mapping, FunctionName="nobody", EventSourceArn=queue)
    assert (said.code, said.status, said.message) == ("ResourceNotFoundException", 404, "Function does not exist")


def test_tags(client: Any, function: str, queue: str, refused: Callable[..., Any]) -> None:
    made = client.create_event_source_mapping(EventSourceArn=queue, FunctionName=function, Tags={"a": "1", "b": "2"})
    arn = made["EventSourceMappingArn"]
    client.tag_resource(Resource=arn, Tags={"c": "3"})
    client.untag_resource(Resource=arn, TagKeys=["a"])
    assert client.list_tags(Resource=arn)["Tags"] == {"b": "2", "c": "3"}
    nobody = f"arn:aws:lambda:{ACCOUNT}:event-source-mapping:{uuid.uuid4()}"
    said = refused(client.list_tags, Resource=nobody)
    assert (said.code, said.status, said.message) == (
        "ResourceNotFoundException", 404, f"Event source mapping not found: {nobody}",
    )  # fmt: skip


def test_a_mapping_outlives_the_engine(tmp_path: Path, queue: str) -> None:
    home = tmp_path / "home"
    try:
        first = ensure_engine(home, sandbox="process")
        client = Keys(first.url, first.access_key_id, first.secret_access_key).client()
        client.create_function(
            FunctionName="kept", Runtime=RUNTIME, Handler="f.handler", Role="arn:aws:iam::000000000000:role/r",
            Code={"ZipFile": zipped(ECHO)},
        )  # fmt: skip
        made = client.create_event_source_mapping(EventSourceArn=queue, FunctionName="kept")
        end_engine(home)
        again = ensure_engine(home, sandbox="process")
        client = Keys(again.url, again.access_key_id, again.secret_access_key).client()
        found = client.get_event_source_mapping(UUID=made["UUID"])
        assert members(found) == {**members(made), "State": "Enabled"}
    finally:
        end_engine(home)
