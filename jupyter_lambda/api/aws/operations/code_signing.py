"""Code signing configurations: tied to functions. No signature can be checked here, so to `Enforce` every package is an untrusted one."""

from __future__ import annotations

import secrets
import string
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.api.aws.pages import page
from jupyter_lambda.errors import CodeSigningNotFound, CodeVerificationFailed, Conflict, NotFound
from jupyter_lambda.model.resources import CodeSigningConfig

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Context, Handler, Values

_LETTERS: Final = string.ascii_lowercase + string.digits


async def create_config(context: Context, values: Values) -> dict[str, Any]:
    """CreateCodeSigningConfig."""
    made = CodeSigningConfig(
        config_id="csc-" + "".join(secrets.choice(_LETTERS) for _ in range(17)),
        publishers=tuple(values["AllowedPublishers"]["SigningProfileVersionArns"]), untrusted=_policy(values) or "Warn",
        description=values.get("Description", ""), last_modified=context.engine.catalog.timestamp(),
    )  # fmt: skip
    await context.engine.resources.change(made.key, lambda _: made)
    return {"CodeSigningConfig": _describe(context, made)}


async def get_config(context: Context, values: Values) -> dict[str, Any]:
    """GetCodeSigningConfig."""
    return {"CodeSigningConfig": _describe(context, _present(context, values))}


async def update_config(context: Context, values: Values) -> dict[str, Any]:
    """UpdateCodeSigningConfig: what is given changes."""
    config = _present(context, values)
    publishers = values.get("AllowedPublishers", {}).get("SigningProfileVersionArns", config.publishers)
    changed = msgspec.structs.replace(
        config, publishers=tuple(publishers), untrusted=_policy(values) or config.untrusted,
        description=values.get("Description", config.description), last_modified=context.engine.catalog.timestamp(),
    )  # fmt: skip
    await context.engine.resources.change(changed.key, lambda _: changed)
    return {"CodeSigningConfig": _describe(context, changed)}


async def delete_config(context: Context, values: Values) -> None:
    """DeleteCodeSigningConfig: not while a function has it."""
    config = _present(context, values)
    if _users(context, values["CodeSigningConfigArn"]):
        raise Conflict(
            "code signing configuration", "functions have it", "Take it from them first.",
            aws_message="The code signing configuration cannot be deleted because it is in use by one or more functions.",
            members={"Type": "User"},
        )  # fmt: skip
    await context.engine.resources.delete(config.key)


async def list_configs(context: Context, values: Values) -> dict[str, Any]:
    """ListCodeSigningConfigs."""
    items = [(config.config_id, config) for config in context.engine.resources.code_signing_configs()]
    return page(items, values, "CodeSigningConfigs", lambda config: _describe(context, config))


async def list_functions(context: Context, values: Values) -> dict[str, Any]:
    """ListFunctionsByCodeSigningConfig."""
    _present(context, values)
    users = _users(context, values["CodeSigningConfigArn"])
    return page([(name, name) for name in users], values, "FunctionArns", context.arn)


async def put_of_function(context: Context, values: Values) -> dict[str, Any]:
    """PutFunctionCodeSigningConfig."""
    name, arn = context.unqualified(values), values["CodeSigningConfigArn"]
    check_config(context, arn)
    context.entry(context.reference(values))
    await context.engine.changes.change_settings(name, code_signing_config=lambda _, __: arn)
    return {"CodeSigningConfigArn": arn, "FunctionName": name}


async def get_of_function(context: Context, values: Values) -> dict[str, Any]:
    """GetFunctionCodeSigningConfig: empty where the function has none."""
    name = context.unqualified(values)
    arn = context.entry(context.reference(values)).function.settings.code_signing_config
    return {} if arn is None else {"CodeSigningConfigArn": arn, "FunctionName": name}


async def delete_of_function(context: Context, values: Values) -> None:
    """DeleteFunctionCodeSigningConfig."""
    name = context.unqualified(values)
    context.entry(context.reference(values))
    await context.engine.changes.change_settings(name, code_signing_config=lambda _, __: None)


def check_config(context: Context, arn: str) -> None:
    """Refuse a configuration that there is none of, where a function is to have it (CodeSigningNotFound)."""
    if context.engine.resources.code_signing_config(arn.rsplit(":", 1)[-1]) is None:
        raise CodeSigningNotFound(
            "code signing configuration", "there is none of this ARN", "CreateCodeSigningConfig makes one.",
            aws_message="The code signing configuration cannot be found. Check that the provided configuration is not deleted: "
            f"{arn}.", members={"Type": "User"},
        )  # fmt: skip


def check_code(context: Context, arn: str | None) -> None:
    """Refuse code or layers for a function whose configuration, if it has one, enforces signatures (CodeVerificationFailed)."""
    config = None if arn is None else context.engine.resources.code_signing_config(arn.rsplit(":", 1)[-1])
    if config is not None and config.untrusted == "Enforce":
        raise CodeVerificationFailed(
            "package", "its code signing configuration enforces signatures, and none can be checked here",
            "Set the configuration to Warn, or take it from the function.",
            aws_message="Lambda cannot deploy the function. The function or layer might be signed using a signature that the client "
            "is not configured to accept. Check the provided signature for unsigned.", members={"Type": "User"},
        )  # fmt: skip


def _present(context: Context, values: Values) -> CodeSigningConfig:
    arn: str = values["CodeSigningConfigArn"]
    config = context.engine.resources.code_signing_config(arn.rsplit(":", 1)[-1])
    if config is None:
        raise NotFound(
            "code signing configuration", "there is none of this ARN", "",
            aws_message=f"The Lambda code signing configuration {arn} can not be found.",
        )  # fmt: skip
    return config


def _policy(values: Values) -> str | None:
    chosen: str | None = values.get("CodeSigningPolicies", {}).get("UntrustedArtifactOnDeployment")
    return chosen


def _users(context: Context, arn: str) -> list[str]:
    entries = context.engine.catalog.entries()
    return [entry.function.name for entry in entries if entry.function.settings.code_signing_config == arn]


def _describe(context: Context, config: CodeSigningConfig) -> dict[str, Any]:
    arn = f"arn:aws:lambda:{context.region}:{context.account_id}:code-signing-config:{config.config_id}"
    answer: dict[str, Any] = {
        "CodeSigningConfigId": config.config_id, "CodeSigningConfigArn": arn,
        "AllowedPublishers": {"SigningProfileVersionArns": list(config.publishers)},
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": config.untrusted}, "LastModified": config.last_modified,
    }  # fmt: skip
    if config.description:
        answer["Description"] = config.description
    return answer


TABLE: Final[dict[str, Handler]] = {
    "CreateCodeSigningConfig": create_config,
    "GetCodeSigningConfig": get_config,
    "UpdateCodeSigningConfig": update_config,
    "DeleteCodeSigningConfig": delete_config,
    "ListCodeSigningConfigs": list_configs,
    "ListFunctionsByCodeSigningConfig": list_functions,
    "PutFunctionCodeSigningConfig": put_of_function,
    "GetFunctionCodeSigningConfig": get_of_function,
    "DeleteFunctionCodeSigningConfig": delete_of_function,
}
