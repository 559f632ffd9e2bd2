"""Versions and aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.api.aws.configuration import Moment, describe
from jupyter_lambda.api.aws.newer_areas import check_areas
from jupyter_lambda.api.aws.operations.functions import refused
from jupyter_lambda.api.aws.pages import page
from jupyter_lambda.engine.catalog import new_revision
from jupyter_lambda.model.function import Alias
from jupyter_lambda.model.names import LATEST, FunctionReference

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Context, Handler, Values
    from jupyter_lambda.model.function import Version


async def publish_version(context: Context, values: Values) -> dict[str, Any]:
    """PublishVersion: nothing changed since the last one answers that one."""
    check_areas(values)
    name = context.unqualified(values)
    context.entry(context.reference(values))
    version = await context.engine.changes.publish(
        name, values.get("Description", ""), revision_id=values.get("RevisionId"), code_sha256=values.get("CodeSha256")
    )
    return describe(context, version, qualifier=version.version)


async def list_versions(context: Context, values: Values) -> dict[str, Any]:
    """ListVersionsByFunction: `$LATEST`, then the numbered ones, oldest first."""
    entry = context.entry(context.reference(values))
    items: list[tuple[str, Version]] = [("0", entry.function.latest)]
    items += [(f"{len(v.version)}{v.version}", v) for v in sorted(entry.versions.values(), key=lambda v: int(v.version))]
    return page(items, values, "Versions", lambda v: describe(context, v, qualifier=v.version, moment=Moment.LISTED))


async def create_alias(context: Context, values: Values) -> dict[str, Any]:
    """CreateAlias."""
    name, alias_name = context.unqualified(values), values["Name"]
    context.entry(context.reference(values))
    alias = Alias(
        function_name=name, name=alias_name, version=_version(context, name, values["FunctionVersion"]),
        description=values.get("Description", ""), revision_id=new_revision(), **_routing(values),
    )  # fmt: skip
    return describe_alias(context, await context.engine.changes.create_alias(alias, arn=context.arn(name, alias_name)))


async def get_alias(context: Context, values: Values) -> dict[str, Any]:
    """GetAlias."""
    entry = context.entry(context.reference(values))
    return describe_alias(context, context.engine.catalog.alias(entry, values["Name"]))


async def list_aliases(context: Context, values: Values) -> dict[str, Any]:
    """ListAliases, of one version where `FunctionVersion` names it."""
    entry = context.entry(context.reference(values))
    wanted = values.get("FunctionVersion")
    aliases = [a for _, a in sorted(entry.aliases.items()) if wanted is None or wanted in (a.version, a.additional_version)]
    return page([(a.name, a) for a in aliases], values, "Aliases", lambda a: describe_alias(context, a))


async def update_alias(context: Context, values: Values) -> dict[str, Any]:
    """UpdateAlias: what is given changes; an empty routing ends the split."""
    name = context.unqualified(values)
    context.entry(context.reference(values))
    changed: dict[str, Any] = {}
    if "FunctionVersion" in values:
        changed["version"] = _version(context, name, values["FunctionVersion"])
    if "Description" in values:
        changed["description"] = values["Description"]
    if "RoutingConfig" in values:
        changed.update({"additional_version": None, "additional_weight": 0.0, **_routing(values)})
    alias = await context.engine.changes.update_alias(
        name, values["Name"], changed, revision_id=values.get("RevisionId"), arn=context.arn(name, values["Name"])
    )
    return describe_alias(context, alias)


async def delete_alias(context: Context, values: Values) -> None:
    """DeleteAlias; one that is not there is none to delete."""
    name = context.unqualified(values)
    context.entry(context.reference(values))
    await context.engine.catalog.delete_alias(name, values["Name"])


def describe_alias(context: Context, alias: Alias) -> dict[str, Any]:
    """An alias as AWS answers it."""
    answer: dict[str, Any] = {
        "AliasArn": context.arn(alias.function_name, alias.name), "Name": alias.name, "FunctionVersion": alias.version,
        "Description": alias.description, "RevisionId": alias.revision_id,
    }  # fmt: skip
    if alias.additional_version is not None:
        answer["RoutingConfig"] = {"AdditionalVersionWeights": {alias.additional_version: alias.additional_weight}}
    return answer


def _version(context: Context, name: str, number: str) -> str:
    """A version that an alias may point to (FunctionNotFound)."""
    if number != LATEST:
        context.version(FunctionReference(name, number))
    return number


def _routing(values: Values) -> dict[str, Any]:
    weights: dict[str, float] = values.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    if len(weights) > 1:
        raise refused("Number of items in AdditionalVersionWeights cannot be greater than 1")
    for version, weight in weights.items():
        return {"additional_version": version, "additional_weight": weight}
    return {}


TABLE: Final[dict[str, Handler]] = {
    "PublishVersion": publish_version,
    "ListVersionsByFunction": list_versions,
    "CreateAlias": create_alias,
    "GetAlias": get_alias,
    "ListAliases": list_aliases,
    "UpdateAlias": update_alias,
    "DeleteAlias": delete_alias,
}
