"""Tags of functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.api.aws.operations.functions import check_tag_count, refused
from jupyter_lambda.errors import FunctionNotFound

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Context, Handler, Values
    from jupyter_lambda.engine.catalog import Entry


async def tag_resource(context: Context, values: Values) -> None:
    """TagResource: adds and replaces."""
    name = _name(context, values)

    def tagged(_: Entry, present: dict[str, str]) -> dict[str, str]:
        tags = {**present, **values["Tags"]}
        check_tag_count(tags)
        return tags

    await context.engine.changes.change_settings(name, tags=tagged)


async def untag_resource(context: Context, values: Values) -> None:
    """UntagResource: keys that are not there are none to remove."""
    name, gone = _name(context, values), set(values["TagKeys"])
    await context.engine.changes.change_settings(
        name, tags=lambda _, present: {key: value for key, value in present.items() if key not in gone}
    )


async def list_tags(context: Context, values: Values) -> dict[str, Any]:
    """ListTags."""
    return {"Tags": context.engine.catalog.entry(_name(context, values)).function.settings.tags}


def _name(context: Context, values: Values) -> str:
    """The function that a `Resource` ARN names (FunctionNotFound, RequestError)."""
    arn: str = values["Resource"]
    if ":function:" not in arn:
        raise FunctionNotFound(
            f'resource "{arn}"', "there is no such resource", "Tags are kept for functions.",
            aws_message="The resource you requested does not exist.", members={"Type": "User"},
        )  # fmt: skip
    reference = context.reference({"FunctionName": arn})
    if reference.qualifier is not None:
        raise refused("Tags on function aliases and versions are not supported. Please specify a function ARN.")
    context.entry(reference)
    return reference.name


TABLE: Final[dict[str, Handler]] = {"TagResource": tag_resource, "UntagResource": untag_resource, "ListTags": list_tags}
