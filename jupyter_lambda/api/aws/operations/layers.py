"""Layers: their versions, and the policies of those."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.api.aws.operations.functions import given_package, refused
from jupyter_lambda.api.aws.pages import page
from jupyter_lambda.engine.catalog import new_revision
from jupyter_lambda.engine.function_changes import encoded_hash
from jupyter_lambda.errors import Conflict, NotFound, RevisionMismatch
from jupyter_lambda.model.function_settings import Policy
from jupyter_lambda.model.resources import LayerVersion

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Context, Handler, Values
    from jupyter_lambda.model.resources import Resource

_NAME: Final = re.compile(r"(?:arn:[^:]+:lambda:[^:]+:\d{12}:layer:)?(?P<name>[a-zA-Z0-9-_]+)(?::(?P<number>\d+))?")


async def publish_layer_version(context: Context, values: Values) -> dict[str, Any]:
    """PublishLayerVersion: always a new version, whatever the content is."""
    package = await given_package(context, values["Content"])
    if package is None:
        raise refused("Please provide a source for layer content.")
    layer = LayerVersion(
        name=_name(values), number=0, created=context.engine.catalog.timestamp(), description=values.get("Description", ""),
        license=values.get("LicenseInfo", ""), runtimes=tuple(values.get("CompatibleRuntimes", ())),
        architectures=tuple(values.get("CompatibleArchitectures", ())),
    )  # fmt: skip
    return _describe_whole(context, await context.engine.resources.publish_layer(package, layer))


async def get_layer_version(context: Context, values: Values) -> dict[str, Any]:
    """GetLayerVersion."""
    if values["VersionNumber"] < 1:
        raise refused("Layer Version Cannot be less than 1")
    layer = context.engine.resources.layer(_name(values), values["VersionNumber"])
    if layer is None:
        raise _missing("The resource you requested does not exist.")
    return _describe_whole(context, layer)


async def get_layer_version_by_arn(context: Context, values: Values) -> dict[str, Any]:
    """GetLayerVersionByArn."""
    match = _NAME.fullmatch(values["Arn"])
    layer = context.engine.resources.layer(match["name"], int(match["number"] or 0)) if match else None
    if layer is None:
        raise _missing("The resource you requested does not exist.")
    return _describe_whole(context, layer)


async def list_layer_versions(context: Context, values: Values) -> dict[str, Any]:
    """ListLayerVersions, newest first."""
    name = _name(values)
    found = [layer for layer in context.engine.resources.layers() if layer.name == name and _fits(layer, values)]
    items = [(f"{999_999_999 - layer.number}", layer) for layer in reversed(found)]
    return page(items, values, "LayerVersions", lambda layer: _describe(context, layer))


async def list_layers(context: Context, values: Values) -> dict[str, Any]:
    """ListLayers, each with its newest version that fits."""
    newest: dict[str, LayerVersion] = {layer.name: layer for layer in context.engine.resources.layers() if _fits(layer, values)}

    def described(layer: LayerVersion) -> dict[str, Any]:
        arn = context.engine.resources.layer_arn(layer.name)
        return {"LayerName": layer.name, "LayerArn": arn, "LatestMatchingVersion": _describe(context, layer)}

    return page(sorted(newest.items()), values, "Layers", described)


async def delete_layer_version(context: Context, values: Values) -> None:
    """DeleteLayerVersion: functions that use it keep it, and its number is not given out again."""
    if values["VersionNumber"] < 1:
        raise refused("Layer Version Cannot be less than 1")
    layer = context.engine.resources.layer(_name(values), values["VersionNumber"])
    if layer is not None:
        mark = LayerVersion(name=layer.name, number=layer.number, deleted=True)
        await context.engine.resources.change(layer.key, lambda _: mark)


async def add_permission(context: Context, values: Values) -> dict[str, Any]:
    """AddLayerVersionPermission: kept; there is one account."""
    layer = _present(context, values)
    arn = context.engine.resources.layer_arn(layer.name, layer.number)
    account = values["Principal"]
    statement: dict[str, Any] = {
        "Sid": values["StatementId"], "Effect": "Allow", "Principal": account if account == "*" else {"AWS": _account(account)},
        "Action": values["Action"], "Resource": arn,
    }  # fmt: skip
    if "OrganizationId" in values:
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": values["OrganizationId"]}}

    def added(policy: Policy | None) -> Policy:
        statements = policy.statements if policy else ()
        if any(one["Sid"] == statement["Sid"] for one in statements):
            raise Conflict(
                f'layer "{layer.name}"', f'its policy has a statement "{statement["Sid"]}" already', "Choose another id.",
                aws_message=f"The statement id ({statement['Sid']}) provided already exists. Please provide a new statement id, or "
                "remove the existing statement.", members={"Type": "User"},
            )  # fmt: skip
        return Policy(statements=(*statements, statement), revision_id=new_revision())

    policy = await _change_policy(context, layer, values, added)
    return {"Statement": json.dumps(statement, separators=(",", ":")), "RevisionId": policy.revision_id if policy else ""}


async def get_policy(context: Context, values: Values) -> dict[str, Any]:
    """GetLayerVersionPolicy."""
    policy = _present(context, values).policy
    if policy is None:
        raise _missing("No policy is associated with the given resource.")
    document = {"Version": "2012-10-17", "Id": "default", "Statement": list(policy.statements)}
    return {"Policy": json.dumps(document, separators=(",", ":")), "RevisionId": policy.revision_id}


async def remove_permission(context: Context, values: Values) -> None:
    """RemoveLayerVersionPermission."""
    sid = values["StatementId"]

    def removed(policy: Policy | None) -> Policy | None:
        statements = policy.statements if policy else ()
        kept = tuple(one for one in statements if one["Sid"] != sid)
        if len(kept) == len(statements):
            raise _missing(f"Statement {sid} is not found in resource policy.")
        return Policy(statements=kept, revision_id=new_revision()) if kept else None

    await _change_policy(context, _present(context, values), values, removed)


async def _change_policy(context: Context, layer: LayerVersion, values: Values, change: Any) -> Policy | None:
    changed: list[Policy | None] = []

    def decide(present: Resource | None) -> Resource:
        if not isinstance(present, LayerVersion) or present.deleted:
            raise _missing("The resource you requested does not exist.")
        given = values.get("RevisionId")
        if given is not None and (present.policy is None or given != present.policy.revision_id):
            raise RevisionMismatch(
                "policy", "it was changed by somebody else in the meantime", "Read it again, then repeat the change.",
                aws_message="The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve "
                "the latest Revision Id", members={"Type": "User"},
            )  # fmt: skip
        changed.append(change(present.policy))
        return msgspec.structs.replace(present, policy=changed[0])

    await context.engine.resources.change(layer.key, decide)
    return changed[0]


def _present(context: Context, values: Values) -> LayerVersion:
    name, number = _name(values), values["VersionNumber"]
    layer = context.engine.resources.layer(name, number)
    if layer is None:
        raise _missing(f"Layer version {context.engine.resources.layer_arn(name, number)} does not exist.")
    return layer


def _name(values: Values) -> str:
    match = _NAME.fullmatch(values["LayerName"])
    return match["name"] if match else str(values["LayerName"])


def _account(given: str) -> str:
    return given if given.startswith("arn:") else f"arn:aws:iam::{given}:root"


def _fits(layer: LayerVersion, values: Values) -> bool:
    runtime, architecture = values.get("CompatibleRuntime"), values.get("CompatibleArchitecture")
    return (runtime is None or runtime in layer.runtimes) and (architecture is None or architecture in layer.architectures)


def _describe(context: Context, layer: LayerVersion) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "LayerVersionArn": context.engine.resources.layer_arn(layer.name, layer.number), "Version": layer.number,
        "Description": layer.description, "CreatedDate": layer.created,
    }  # fmt: skip
    if layer.runtimes:
        answer["CompatibleRuntimes"] = list(layer.runtimes)
    if layer.architectures:
        answer["CompatibleArchitectures"] = list(layer.architectures)
    if layer.license:
        answer["LicenseInfo"] = layer.license
    return answer


def _describe_whole(context: Context, layer: LayerVersion) -> dict[str, Any]:
    content = {
        "Location": context.package_url(layer.package_sha256), "CodeSha256": encoded_hash(layer.package_sha256),
        "CodeSize": layer.package_bytes,
    }  # fmt: skip
    arn = context.engine.resources.layer_arn(layer.name)
    return {**_describe(context, layer), "Content": content, "LayerArn": arn}


def _missing(message: str) -> NotFound:
    return NotFound("layer", message.rstrip("."), "", aws_message=message, members={"Type": "User"})


TABLE: Final[dict[str, Handler]] = {
    "PublishLayerVersion": publish_layer_version,
    "GetLayerVersion": get_layer_version,
    "GetLayerVersionByArn": get_layer_version_by_arn,
    "ListLayerVersions": list_layer_versions,
    "ListLayers": list_layers,
    "DeleteLayerVersion": delete_layer_version,
    "AddLayerVersionPermission": add_permission,
    "GetLayerVersionPolicy": get_policy,
    "RemoveLayerVersionPermission": remove_permission,
}
