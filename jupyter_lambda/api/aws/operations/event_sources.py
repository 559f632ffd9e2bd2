"""Event source mappings: what is asked for is checked as AWS checks it, kept, and answered with its state.

No record is read here: that is the work of the room `sources`, which takes its mappings from `Resources.mappings`.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.api.aws.operations.functions import check_tag_count, refused
from jupyter_lambda.api.aws.pages import page
from jupyter_lambda.errors import Conflict, NotFound
from jupyter_lambda.model.event_source_mapping import (
    DEFAULTS,
    POSITIONED,
    STREAMS,
    EventSourceMapping,
    SourceKind,
    source_kind,
)

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Context, Handler, Values
    from jupyter_lambda.model.resources import Resource

# Members that only some kinds of source have; what is asked of another kind is refused.
_ONLY: Final[dict[str, frozenset[SourceKind]]] = {
    "ParallelizationFactor": STREAMS,
    "BisectBatchOnFunctionError": STREAMS,
    "MaximumRecordAgeInSeconds": STREAMS,
    "MaximumRetryAttempts": STREAMS,
    "TumblingWindowInSeconds": STREAMS,
    "FunctionResponseTypes": STREAMS | {SourceKind.SQS},
    "DestinationConfig": STREAMS | {SourceKind.KAFKA, SourceKind.SELF_MANAGED_KAFKA},
    "ScalingConfig": frozenset({SourceKind.SQS}),
    "Topics": frozenset({SourceKind.KAFKA, SourceKind.SELF_MANAGED_KAFKA}),
    "Queues": frozenset({SourceKind.MQ}),
    "SelfManagedEventSource": frozenset({SourceKind.SELF_MANAGED_KAFKA}),
    "SelfManagedKafkaEventSourceConfig": frozenset({SourceKind.SELF_MANAGED_KAFKA}),
    "AmazonManagedKafkaEventSourceConfig": frozenset({SourceKind.KAFKA}),
    "DocumentDBEventSourceConfig": frozenset({SourceKind.DOCUMENTDB}),
    "SourceAccessConfigurations": frozenset(
        {SourceKind.KAFKA, SourceKind.SELF_MANAGED_KAFKA, SourceKind.MQ, SourceKind.DOCUMENTDB}
    ),
}
_OPTIONS: Final = (
    *_ONLY, "BatchSize", "MaximumBatchingWindowInSeconds", "FilterCriteria", "KMSKeyArn", "MetricsConfig", "LoggingConfig",
    "ProvisionedPollerConfig",
)  # fmt: skip
_FIXED: Final = ("StartingPosition", "StartingPositionTimestamp")  # set when the mapping is made, for good
_FIFO_BATCH_MAX: Final = 10
_BATCH_WITHOUT_WINDOW_MAX: Final = 10


async def create_mapping(context: Context, values: Values) -> dict[str, Any]:
    """CreateEventSourceMapping."""
    source = values.get("EventSourceArn", "")
    kind = source_kind(source) if source else SourceKind.SELF_MANAGED_KAFKA if "SelfManagedEventSource" in values else None
    if kind is None:
        raise refused("Unrecognized event source.")
    reference = context.reference(values)
    _check_position(kind, source, values)
    options = {**DEFAULTS[kind], **_given(kind, values, (*_OPTIONS, *_FIXED))}
    _check_options(kind, source, options)
    tags = values.get("Tags", {})
    check_tag_count(tags)
    _check_function(context, values)
    made = EventSourceMapping(
        uuid=str(uuid.uuid4()), function_name=reference.name, qualifier=reference.qualifier, source=source,
        enabled=values.get("Enabled", True), modified=context.engine.clock.epoch(), options=options, tags=tags,
    )  # fmt: skip

    def decide(_: Resource | None) -> Resource:
        _check_alone(context, made)
        return made

    await context.engine.resources.change(made.key, decide)
    return {**_describe(context, made), "State": "Creating"}


async def get_mapping(context: Context, values: Values) -> dict[str, Any]:
    """GetEventSourceMapping."""
    return _describe(context, _present(context, values))


async def list_mappings(context: Context, values: Values) -> dict[str, Any]:
    """ListEventSourceMappings, of a source, of a function, or all."""
    found = context.engine.resources.mappings()
    if "EventSourceArn" in values:
        found = [mapping for mapping in found if mapping.source == values["EventSourceArn"]]
    if "FunctionName" in values:
        _check_function(context, values)
        reference = context.reference(values)
        wanted = (reference.name, reference.qualifier)
        found = [mapping for mapping in found if (mapping.function_name, mapping.qualifier) == wanted]
    items = [(mapping.uuid, mapping) for mapping in found]
    return page(items, values, "EventSourceMappings", lambda mapping: _describe(context, mapping), at_most=100)


async def update_mapping(context: Context, values: Values) -> dict[str, Any]:
    """UpdateEventSourceMapping: what is given changes."""
    before = _present(context, values)
    if "FunctionName" in values:
        _check_function(context, values)
    given = _given(before.kind, values, _OPTIONS)

    def decide(present: Resource | None) -> Resource:
        if not isinstance(present, EventSourceMapping):
            raise _missing()
        options = {**present.options, **given}
        _check_options(present.kind, present.source, options)
        changed = msgspec.structs.replace(
            present, options=options, enabled=values.get("Enabled", present.enabled), modified=context.engine.clock.epoch()
        )
        if "FunctionName" in values:
            reference = context.reference(values)
            changed = msgspec.structs.replace(changed, function_name=reference.name, qualifier=reference.qualifier)
        _check_alone(context, changed)
        return changed

    await context.engine.resources.change(before.key, decide)
    after = _present(context, values)
    state = "Updating" if after.enabled == before.enabled else "Enabling" if after.enabled else "Disabling"
    return {**_describe(context, after), "State": state}


async def delete_mapping(context: Context, values: Values) -> dict[str, Any]:
    """DeleteEventSourceMapping."""
    mapping = _present(context, values)
    await context.engine.resources.delete(mapping.key)
    return {**_describe(context, mapping), "State": "Deleting"}


def mapping_arn(context: Context, mapping_id: str) -> str:
    """A mapping's ARN."""
    return f"arn:aws:lambda:{context.region}:{context.account_id}:event-source-mapping:{mapping_id}"


def _check_position(kind: SourceKind, source: str, values: Values) -> None:
    position = values.get("StartingPosition")
    if position is None:
        if kind in STREAMS:
            raise refused(
                "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null."
            )
        return
    if kind not in POSITIONED or (kind is SourceKind.DYNAMODB and position == "AT_TIMESTAMP"):
        raise refused(f"Unsupported starting position for arn type: {source}")
    if (position == "AT_TIMESTAMP") != ("StartingPositionTimestamp" in values):
        raise refused("StartingPositionTimestamp is required for, and only for, StartingPosition AT_TIMESTAMP.")


def _given(kind: SourceKind, values: Values, names: tuple[str, ...]) -> dict[str, Any]:
    for name, kinds in _ONLY.items():
        if name in values and kind not in kinds:
            raise refused(f"Unsupported {name} parameter for given event source mapping type.")
    return {name: values[name] for name in names if name in values}


def _check_options(kind: SourceKind, source: str, options: dict[str, Any]) -> None:
    size, window = options["BatchSize"], options["MaximumBatchingWindowInSeconds"]
    if kind is SourceKind.SQS:
        if source.endswith(".fifo"):
            if window:
                raise refused("Batching window is not supported for FIFO queues.")
            if size > _FIFO_BATCH_MAX:
                raise refused("BatchSize must be less than or equal to 10 for FIFO queues.")
        elif size > _BATCH_WITHOUT_WINDOW_MAX and not window:
            raise refused("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")
    if kind in (SourceKind.KAFKA, SourceKind.SELF_MANAGED_KAFKA) and not options.get("Topics"):
        raise refused("Topics is required for Kafka event sources.")
    if kind is SourceKind.MQ and not options.get("Queues"):
        raise refused("Queues is required for Amazon MQ event sources.")
    age = options.get("MaximumRecordAgeInSeconds", -1)
    if -1 < age < 60:
        raise refused("MaximumRecordAgeInSeconds must be -1, or at least 60.")
    for one in options.get("FilterCriteria", {}).get("Filters", []):
        if not _is_pattern(one.get("Pattern")):
            raise refused("Invalid filter pattern definition.")


def _is_pattern(text: Any) -> bool:
    try:
        pattern = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return False
    return isinstance(pattern, dict)


def _check_function(context: Context, values: Values) -> None:
    reference = context.reference(values)
    if context.engine.catalog.find(reference.name) is None:
        raise NotFound(
            f'function "{reference.name}"', "there is no such function", "ListFunctions shows what there is.",
            aws_message="Function does not exist", members={"Type": "User"},
        )  # fmt: skip
    context.version(reference)


def _check_alone(context: Context, mapping: EventSourceMapping) -> None:
    """Refuse a second mapping between one source and one function (Conflict)."""
    for other in context.engine.resources.mappings():
        if other.uuid == mapping.uuid or not _same_ends(other, mapping):
            continue
        raise Conflict(
            "event source mapping", f"there is one already between this source and the function: {other.uuid}",
            "Update or delete that one.", aws_message=_conflict(context, mapping, other.uuid), members={"Type": "User"},
        )  # fmt: skip


def _same_ends(one: EventSourceMapping, other: EventSourceMapping) -> bool:
    ends = ("function_name", "qualifier", "source")
    if any(getattr(one, name) != getattr(other, name) for name in ends):
        return False
    parts = ("Topics", "Queues", "SelfManagedEventSource", "DocumentDBEventSourceConfig")
    return all(one.options.get(part) == other.options.get(part) for part in parts)


def _conflict(context: Context, mapping: EventSourceMapping, other: str) -> str:
    function = context.arn(mapping.function_name, mapping.qualifier)
    if mapping.kind is SourceKind.SQS:
        start = f'An event source mapping with SQS arn (" {mapping.source} ") and function (" {mapping.function_name} ") already exists.'
    elif mapping.kind in STREAMS:
        start = f'The event source arn (" {mapping.source} ") and function (" {mapping.function_name} ") provided mapping already exists.'
    else:
        servers = mapping.options.get("SelfManagedEventSource", {}).get("Endpoints", {}).get("KAFKA_BOOTSTRAP_SERVERS", [])
        named = {"event source": mapping.source or ",".join(servers), "function": function}
        if "Topics" in mapping.options:
            named["topics"] = ",".join(mapping.options["Topics"])
        told = ", ".join(f'{what} ("{name}")' for what, name in named.items())
        start = f"An event source mapping with {told} already exists."
    return f"{start} Please update or delete the existing mapping with UUID {other}"


def _present(context: Context, values: Values) -> EventSourceMapping:
    found = context.engine.resources.mapping(values["UUID"])
    if found is None:
        raise _missing()
    return found


def _missing() -> NotFound:
    return NotFound(
        "event source mapping", "there is none of this UUID", "ListEventSourceMappings shows what there is.",
        aws_message="The resource you requested does not exist.", members={"Type": "User"},
    )  # fmt: skip


def _describe(context: Context, mapping: EventSourceMapping) -> dict[str, Any]:
    streams = mapping.kind in STREAMS
    answer: dict[str, Any] = {
        "UUID": mapping.uuid, "EventSourceMappingArn": mapping_arn(context, mapping.uuid),
        "FunctionArn": context.arn(mapping.function_name, mapping.qualifier), "LastModified": mapping.modified,
        "State": "Enabled" if mapping.enabled else "Disabled",
        "StateTransitionReason": "User action" if streams else "USER_INITIATED", **mapping.options,
    }  # fmt: skip
    if mapping.source:
        answer["EventSourceArn"] = mapping.source
    if streams:
        answer["LastProcessingResult"] = "No records processed"
    if mapping.kind in (SourceKind.KAFKA, SourceKind.SELF_MANAGED_KAFKA):
        member = "AmazonManagedKafkaEventSourceConfig" if mapping.source else "SelfManagedKafkaEventSourceConfig"
        answer[member] = {"ConsumerGroupId": mapping.uuid, **mapping.options.get(member, {})}
    return answer


TABLE: Final[dict[str, Handler]] = {
    "CreateEventSourceMapping": create_mapping,
    "GetEventSourceMapping": get_mapping,
    "ListEventSourceMappings": list_mappings,
    "UpdateEventSourceMapping": update_mapping,
    "DeleteEventSourceMapping": delete_mapping,
}
