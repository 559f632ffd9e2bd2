"""Event source mappings: which source feeds which function, and what AWS says of each kind of source.

Source: AWS Lambda API Reference, `CreateEventSourceMapping`, and the Developer Guide's pages of each source.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Final

import msgspec

ARN: Final = re.compile(
    r"arn:aws[a-zA-Z0-9-]*:(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):(?P<account>\d{12})?:(?P<resource>.+)"
)


class SourceKind(StrEnum):
    """What a mapping reads from."""

    SQS = "sqs"
    KINESIS = "kinesis"
    DYNAMODB = "dynamodb"
    KAFKA = "kafka"  # Amazon's
    SELF_MANAGED_KAFKA = "self-managed-kafka"
    MQ = "mq"
    DOCUMENTDB = "rds"  # its clusters' ARNs are of this service


STREAMS: Final = frozenset({SourceKind.KINESIS, SourceKind.DYNAMODB})
POSITIONED: Final = STREAMS | {SourceKind.KAFKA, SourceKind.SELF_MANAGED_KAFKA, SourceKind.DOCUMENTDB}

_COMMON: Final[dict[str, Any]] = {"MaximumBatchingWindowInSeconds": 0}
_STREAM: Final[dict[str, Any]] = {
    **_COMMON, "BatchSize": 100, "ParallelizationFactor": 1, "DestinationConfig": {"OnFailure": {}},
    "MaximumRecordAgeInSeconds": -1, "BisectBatchOnFunctionError": False, "MaximumRetryAttempts": -1, "TumblingWindowInSeconds": 0,
    "FunctionResponseTypes": [],
}  # fmt: skip
DEFAULTS: Final[dict[SourceKind, dict[str, Any]]] = {
    SourceKind.SQS: {**_COMMON, "BatchSize": 10, "FunctionResponseTypes": []},
    SourceKind.KINESIS: _STREAM,
    SourceKind.DYNAMODB: _STREAM,
    SourceKind.KAFKA: {"BatchSize": 100, "MaximumBatchingWindowInSeconds": 0, "DestinationConfig": {"OnFailure": {}}},
    SourceKind.SELF_MANAGED_KAFKA: {
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 0,
        "DestinationConfig": {"OnFailure": {}},
    },
    SourceKind.MQ: {"BatchSize": 100, "MaximumBatchingWindowInSeconds": 0},
    SourceKind.DOCUMENTDB: {"BatchSize": 100, "MaximumBatchingWindowInSeconds": 0},
}


class EventSourceMapping(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="event-source-mapping"):
    """One mapping.

    Attributes:
        uuid: Its name.
        function_name: Whom it feeds.
        qualifier: The version or alias; None for the function without one.
        source: The source's ARN; empty for a Kafka of one's own.
        enabled: Whether records are to be read.
        modified: Epoch seconds.
        options: AWS's members as they were asked for and filled up with the defaults of the source's kind.
        tags: Of the mapping.
    """

    uuid: str
    function_name: str
    qualifier: str | None = None
    source: str = ""
    enabled: bool = True
    modified: float = 0.0
    options: dict[str, Any] = {}
    tags: dict[str, str] = {}

    @property
    def key(self) -> str:
        """Its place in the store."""
        return f"event-source-mapping/{self.uuid}"

    @property
    def kind(self) -> SourceKind:
        """What it reads from."""
        found = source_kind(self.source)
        return found if found is not None else SourceKind.SELF_MANAGED_KAFKA


def source_kind(arn: str) -> SourceKind | None:
    """What an ARN names, None for something that is no event source; a DynamoDB table without its stream is none."""
    match = ARN.fullmatch(arn)
    if match is None:
        return None
    service, resource = match["service"], match["resource"]
    if service == "dynamodb":
        return SourceKind.DYNAMODB if re.fullmatch(r"table/[^/]+/stream/.+", resource) else None
    if service == "kinesis":
        return SourceKind.KINESIS if re.match(r"stream/", resource) else None
    if service == "rds":
        return SourceKind.DOCUMENTDB if resource.startswith("cluster:") else None
    return {"sqs": SourceKind.SQS, "kafka": SourceKind.KAFKA, "mq": SourceKind.MQ}.get(service)
