"""Tags of functions and of event source mappings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.api.aws.operations.functions import check_tag_count, refused
from jupyter_lambda.errors import FunctionNotFound, NotFound
from jupyter_lambda.model.event_source_mapping import EventSourceMapping

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.api.aws.context import Context, Handler, Values
    from jupyter_lambda.model.resources import Resource

    Tags = dict[str, str]
    Change = Callable[[Tags], Tags]

_MAPPING: Final = ":event-source-mapping:"


async def tag_resource(context: Context, values: Values) -> None:
    """TagResource: adds and replaces."""

    def tagged(present: Tags) -> Tags:
        tags = {**present, **values["Tags"]}
        check_tag_count(tags)
        return tags

    await _change(context, values["Resource"], tagged)


async def untag_resource(context: Context, values: Values) -> None:
    """UntagResource: keys that are not there are none to remove."""
    gone = set(values["TagKeys"])
    await _change(context, values["Resource"], lambda present: {key: value for key, value in present.items() if key not in gone})


async def list_tags(context: Context, values: Values) -> dict[str, Any]:
    """ListTags."""
    arn: str = values["Resource"]
    if _MAPPING in arn:
        return {"Tags": _mapping(context, arn).tags}
    return {"Tags": context.engine.catalog.entry(_function(context, arn)).function.settings.tags}


async def _change(context: Context, arn: str, change: Change) -> None:
    if _MAPPING not in arn:
        await context.engine.changes.change_settings(_function(context, arn), tags=lambda _, present: change(present))
        return
    key = _mapping(context, arn).key

    def decide(present: Resource | None) -> Resource:
        if not isinstance(present, EventSourceMapping):
            raise _no_mapping(arn)
        return msgspec.structs.replace(present, tags=change(present.tags))

    await context.engine.resources.change(key, decide)


def _mapping(context: Context, arn: str) -> EventSourceMapping:
    found = context.engine.resources.mapping(arn.rpartition(":")[2])
    if found is None:
        raise _no_mapping(arn)
    return found


def _no_mapping(arn: str) -> NotFound:
    return NotFound(
        f'event source mapping "{arn}"', "there is no such mapping", "ListEventSourceMappings shows what there is.",
        aws_message=f"Event source mapping not found: {arn}", members={"Type": "User"},
    )  # fmt: skip


def _function(context: Context, arn: str) -> str:
    """The name of the function that an ARN names (FunctionNotFound, RequestError)."""
    if ":function:" not in arn:
        raise FunctionNotFound(
            f'resource "{arn}"', "there is no such resource", "Tags are kept for functions and event source mappings.",
            aws_message="The resource you requested does not exist.", members={"Type": "User"},
        )  # fmt: skip
    reference = context.reference({"FunctionName": arn})
    if reference.qualifier is not None:
        raise refused("Tags on function aliases and versions are not supported. Please specify a function ARN.")
    context.entry(reference)
    return reference.name


TABLE: Final[dict[str, Handler]] = {"TagResource": tag_resource, "UntagResource": untag_resource, "ListTags": list_tags}
