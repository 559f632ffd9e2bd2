"""Functions and their code: create, read, list, update, delete; account settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.api.aws.configuration import Moment, describe, members_given
from jupyter_lambda.api.aws.operations.code_signing import check_config
from jupyter_lambda.api.aws.pages import page
from jupyter_lambda.engine.uploaded_packages import Package, keep_package
from jupyter_lambda.errors import RequestError, VersionNotFound
from jupyter_lambda.model import limits
from jupyter_lambda.model.function import Configuration
from jupyter_lambda.model.function_settings import FunctionSettings
from jupyter_lambda.model.names import LATEST, check_function_name, is_version_number

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Context, Handler, Values
    from jupyter_lambda.model.function import Version

TOTAL_CODE_BYTES: Final = 80_530_636_800  # AWS's quota of an account; answered, not enforced
TAGS_MAX: Final = 50


async def create_function(context: Context, values: Values) -> dict[str, Any]:
    """CreateFunction: 201, State Pending."""
    name = context.unqualified(values)
    check_function_name(name)
    configuration = Configuration(**members_given(values, Configuration()))
    tags = values.get("Tags", {})
    check_tag_count(tags)
    if values.get("PackageType", "Zip") == "Zip" and not (configuration.runtime and configuration.handler):
        raise refused("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
    context.engine.catalog.check_new(name)
    signing = values.get("CodeSigningConfigArn")
    if signing:
        check_config(context, signing)
    package = await _package(context, values["Code"], values.get("PackageType", "Zip"))
    publish = values.get("Publish", False)
    version = await context.engine.changes.create(
        name, package, configuration, settings=FunctionSettings(tags=tags, code_signing_config=signing or None), publish=publish
    )
    return describe(context, version, qualifier=version.version if publish else None, moment=Moment.CREATED)


async def get_function(context: Context, values: Values) -> dict[str, Any]:
    """GetFunction: configuration, where the code is, tags, reserved concurrency."""
    reference = context.reference(values)
    version = context.version(reference)
    function = context.entry(reference).function
    answer: dict[str, Any] = {
        "Configuration": describe(context, version, qualifier=reference.qualifier),
        "Code": {"RepositoryType": "S3", "Location": context.package_url(version.package_sha256)},
    }
    if version.configuration.image:
        image = version.configuration.image
        answer["Code"] = {"RepositoryType": "ECR", "ImageUri": image, "ResolvedImageUri": image}
    if function.settings.tags:
        answer["Tags"] = function.settings.tags
    if function.reserved_concurrency is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved_concurrency}
    return answer


async def get_function_configuration(context: Context, values: Values) -> dict[str, Any]:
    """GetFunctionConfiguration."""
    reference = context.reference(values)
    return describe(context, context.version(reference), qualifier=reference.qualifier)


async def list_functions(context: Context, values: Values) -> dict[str, Any]:
    """ListFunctions; `FunctionVersion=ALL` lists every version."""
    items: list[tuple[str, tuple[Version, str | None]]] = []
    for entry in context.engine.catalog.entries():
        name, latest = entry.function.name, entry.function.latest
        if values.get("FunctionVersion") != "ALL":
            items.append((name, (latest, None)))
            continue
        items.append((f"{name} 0", (latest, LATEST)))
        numbered = sorted(entry.versions.values(), key=lambda v: int(v.version))
        items += [(f"{name} {len(v.version)}{v.version}", (v, v.version)) for v in numbered]
    return page(items, values, "Functions", lambda item: describe(context, item[0], qualifier=item[1], moment=Moment.LISTED))


async def update_function_code(context: Context, values: Values) -> dict[str, Any]:
    """UpdateFunctionCode, with `DryRun`, `Publish` and `RevisionId`."""
    name = context.unqualified(values)
    present = context.entry(context.reference(values)).function.latest
    image = bool(present.configuration.image)
    if image != bool(values.get("ImageUri")):
        word, kind = ("provide", "Image") if image else ("don't provide", "Zip")
        if image or values.get("ImageUri"):
            raise refused(f"Please {word} ImageUri when updating a function with packageType {kind}.")
    context.engine.catalog.check_revision(values.get("RevisionId"), present.revision_id)
    package = await _package(context, values, "Image" if image else "Zip")
    publish = values.get("Publish", False)
    architectures = values.get("Architectures")
    version = await context.engine.changes.update_code(
        name, package, revision_id=values.get("RevisionId"), architecture=architectures[0] if architectures else None,
        publish=publish, dry_run=values.get("DryRun", False),
    )  # fmt: skip
    return describe(context, version, qualifier=version.version if publish else None, moment=Moment.UPDATED)


async def update_function_configuration(context: Context, values: Values) -> dict[str, Any]:
    """UpdateFunctionConfiguration: what is given changes."""
    name = context.unqualified(values)
    present = context.entry(context.reference(values)).function.latest
    changed = members_given(values, present.configuration)
    version = await context.engine.changes.update_configuration(name, changed, revision_id=values.get("RevisionId"))
    return describe(context, version, qualifier=None, moment=Moment.UPDATED)


async def delete_function(context: Context, values: Values) -> None:
    """DeleteFunction, or one version; a version that is not there is none to delete."""
    reference = context.reference(values)
    context.entry(reference)
    qualifier = reference.qualifier
    if qualifier is not None and qualifier != LATEST and not is_version_number(qualifier):
        raise refused("Deletion of aliases is not currently supported.")
    try:
        await context.engine.delete(reference.name, qualifier)
    except VersionNotFound:
        return


async def get_account_settings(context: Context, _: Values) -> dict[str, Any]:
    """GetAccountSettings: limits in force and what is in use."""
    catalog, concurrency = context.engine.catalog, context.engine.settings.concurrency
    entries = list(catalog.entries())
    size = sum(v.package_bytes for e in entries for v in (e.function.latest, *e.versions.values()))
    return {
        "AccountLimit": {
            "TotalCodeSize": TOTAL_CODE_BYTES, "CodeSizeUnzipped": limits.PACKAGE_UNZIPPED_BYTES_MAX,
            "CodeSizeZipped": limits.PACKAGE_ZIPPED_BYTES_MAX, "ConcurrentExecutions": concurrency,
            "UnreservedConcurrentExecutions": max(0, concurrency - catalog.reserved_total),
        },
        "AccountUsage": {"TotalCodeSize": size, "FunctionCount": len(entries)},
    }  # fmt: skip


async def _package(context: Context, code: dict[str, Any], package_type: str) -> Package:
    if package_type == "Image":
        raise refused("Container images need the docker sandbox with an image; this engine takes zip packages through this API.")
    package = await given_package(context, code)
    if package is None:
        raise refused("Please provide a source for function code.")
    return package


async def given_package(context: Context, code: dict[str, Any]) -> Package | None:
    """The package that a request brings or names in S3, kept; None where it does neither (RequestError, PackageTooLarge)."""
    if "ZipFile" in code:
        return await keep_package(context.engine.store, code["ZipFile"])
    if "S3Bucket" not in code or "S3Key" not in code:
        return None
    content = await context.engine.code_objects.fetch(code["S3Bucket"], code["S3Key"], code.get("S3ObjectVersion"))
    return await keep_package(context.engine.store, content)


def check_tag_count(tags: dict[str, str]) -> None:
    """Refuse more tags than a resource has (RequestError)."""
    if len(tags) > TAGS_MAX:
        raise refused("Number of tags exceeds resource tag limit.")


def refused(message: str) -> RequestError:
    """An error of meaning in AWS's words (InvalidParameterValueException)."""
    return RequestError("request", message.rstrip("."), "", aws_message=message, members={"Type": "User"})


TABLE: Final[dict[str, Handler]] = {
    "CreateFunction": create_function,
    "GetFunction": get_function,
    "GetFunctionConfiguration": get_function_configuration,
    "ListFunctions": list_functions,
    "UpdateFunctionCode": update_function_code,
    "UpdateFunctionConfiguration": update_function_configuration,
    "DeleteFunction": delete_function,
    "GetAccountSettings": get_account_settings,
}
