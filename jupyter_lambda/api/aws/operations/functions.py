"""Functions and their code: create, read, list, update, delete; account settings."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.api.aws.configuration import Moment, describe, members_given
from jupyter_lambda.api.aws.newer_areas import check_areas
from jupyter_lambda.api.aws.operations.code_signing import check_code, check_config
from jupyter_lambda.api.aws.pages import page
from jupyter_lambda.engine.uploaded_packages import Package, empty_package, keep_package
from jupyter_lambda.errors import RequestError, SandboxError, VersionNotFound
from jupyter_lambda.model import limits
from jupyter_lambda.model.function import Configuration
from jupyter_lambda.model.function_settings import FunctionSettings
from jupyter_lambda.model.names import LATEST, check_function_name, is_version_number
from jupyter_lambda.sandbox.protocol import ImageSpec

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Context, Handler, Values
    from jupyter_lambda.model.function import Version

log = logging.getLogger(__name__)
TOTAL_CODE_BYTES: Final = 80_530_636_800  # AWS's quota of an account; answered, not enforced
TAGS_MAX: Final = 50
_NO_RUNTIME: Final = "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."


async def create_function(context: Context, values: Values) -> dict[str, Any]:
    """CreateFunction: 201, State Pending."""
    check_areas(values)
    name = context.unqualified(values)
    check_function_name(name)
    configuration = Configuration(**members_given(values, Configuration()))
    tags = values.get("Tags", {})
    check_tag_count(tags)
    image = _image_uri(values)
    if image is not None:
        configuration = msgspec.structs.replace(configuration, image=image)
    elif not (configuration.runtime and configuration.handler):
        raise refused("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
    context.engine.catalog.check_new(name)
    signing = values.get("CodeSigningConfigArn")
    if signing:
        check_config(context, signing)
        check_code(context, signing)
    package = await _package(context, values["Code"], image)
    publish = values.get("Publish", False)
    version = await context.engine.changes.create(
        name, package, configuration, settings=FunctionSettings(tags=tags, code_signing_config=signing or None), publish=publish
    )
    context.engine.build_ahead(version)
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
    if version.image_id:
        image = version.configuration.image
        name = str(image).partition("@")[0]
        answer["Code"] = {"RepositoryType": "ECR", "ImageUri": image, "ResolvedImageUri": f"{name}@{version.image_id}"}
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
    check_areas(values)
    name = context.unqualified(values)
    function = context.entry(context.reference(values)).function
    present = function.latest
    image: str | None = values.get("ImageUri")
    if bool(present.image_id) != bool(image):
        word, kind = ("provide", "Image") if present.image_id else ("don't provide", "Zip")
        raise refused(f"Please {word} ImageUri when updating a function with packageType {kind}.")
    context.engine.catalog.check_revision(values.get("RevisionId"), present.revision_id)
    check_code(context, function.settings.code_signing_config)
    package = await _package(context, values, image)
    publish = values.get("Publish", False)
    architectures = values.get("Architectures")
    version = await context.engine.changes.update_code(
        name, package, revision_id=values.get("RevisionId"), architecture=architectures[0] if architectures else None,
        publish=publish, dry_run=values.get("DryRun", False), image=image,
    )  # fmt: skip
    context.engine.build_ahead(version)
    return describe(context, version, qualifier=version.version if publish else None, moment=Moment.UPDATED)


async def update_function_configuration(context: Context, values: Values) -> dict[str, Any]:
    """UpdateFunctionConfiguration: what is given changes."""
    check_areas(values)
    name = context.unqualified(values)
    function = context.entry(context.reference(values)).function
    present = function.latest
    changed = members_given(values, present.configuration)
    if present.image_id and {"runtime", "handler", "layers"} & {name for name, value in changed.items() if value}:
        raise refused(_NO_RUNTIME)
    if changed.get("layers"):
        check_code(context, function.settings.code_signing_config)
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


def _image_uri(values: Values) -> str | None:
    """The image of a function that shall be made from one, None for one with a package (RequestError where both or neither is given)."""
    image: str | None = values["Code"].get("ImageUri")
    if values.get("PackageType", "Zip") != "Image":
        if image:
            raise refused("Please don't provide ImageUri when creating a function with packageType Zip.")
        return None
    if not image:
        raise refused("Please provide ImageUri when creating a function with packageType Image.")
    if values.get("Runtime") or values.get("Handler") or values.get("Layers"):
        raise refused(_NO_RUNTIME)
    return f"{image}:latest" if image in ("host", "build") else image  # words that mean no image by themselves


async def _package(context: Context, code: dict[str, Any], image: str | None) -> Package:
    if image is not None:
        return await _image_package(context, image)
    package = await given_package(context, code)
    if package is None:
        raise refused("Please provide a source for function code.")
    return package


async def _image_package(context: Context, image: str) -> Package:
    try:
        image_id = await context.engine.ensure_image(ImageSpec(image=image, sandbox="docker"), log.info)
        if not image_id:
            raise SandboxError(f'image "{image}"', "it needs containers", "Start the engine with --sandbox docker.")
    except SandboxError as error:
        what = f"Source image {image} does not exist. Provide a valid source image. ({error.what}. {error.suggestion})"
        raise refused(what) from error
    return await empty_package(context.engine.store, image_id)


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
