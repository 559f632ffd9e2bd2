"""A version's configuration in AWS's members, and AWS's members as a version's configuration.

Source: recorded answers of CreateFunction, GetFunction, UpdateFunction… and ListFunctions; lambda reference, "State machine".
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.engine.function_changes import encoded_hash
from jupyter_lambda.errors import RequestError
from jupyter_lambda.model import limits

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Context, Values
    from jupyter_lambda.model.function import Configuration, Version

# Kept as they were given, and answered; nothing here acts on them.
KEPT: Final = ("VpcConfig", "KMSKeyArn", "FileSystemConfigs", "ImageConfig", "TracingConfig", "SnapStart")
_EMPTY_ID: Final = "8eeff65f6809a3ce81507fe733fe09b835899b99481ba22fd75b5a7338290ec1"
_DEPRECATED: Final = (
    "nodejs", "nodejs4.3", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x", "nodejs16.x", "nodejs18.x",
    "nodejs20.x", "java8", "java8.al2", "python2.7", "python3.6", "python3.7", "python3.8", "python3.9", "dotnetcore1.0",
    "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "dotnet6", "nodejs4.3-edge", "go1.x", "ruby2.5", "ruby2.7", "provided",
    "provided.al2",
)  # fmt: skip


class Moment(Enum):
    """When a configuration is told: what AWS says of a function's state then."""

    CREATED = auto()  # by the operation that made it: Pending
    UPDATED = auto()  # by the operation that changed it: an update in progress
    SETTLED = auto()  # at any later look: Active, so that waiters end at once
    LISTED = auto()  # lists say nothing of states


def describe(context: Context, version: Version, *, qualifier: str | None, moment: Moment = Moment.SETTLED) -> dict[str, Any]:
    """A version as AWS answers it; `qualifier` is what stands at the end of its ARN, None for nothing."""
    configuration = version.configuration
    answer: dict[str, Any] = {
        "FunctionName": version.function_name,
        "FunctionArn": context.arn(version.function_name, qualifier),
        "Runtime": configuration.runtime,
        "Role": configuration.role or f"arn:aws:iam::{context.account_id}:role/jupyter-lambda",
        "Handler": configuration.handler,
        "CodeSize": version.package_bytes,
        "Description": version.description or configuration.description,
        "Timeout": configuration.timeout_seconds,
        "MemorySize": configuration.memory_mib,
        "LastModified": version.last_modified,
        "CodeSha256": version.image_id.removeprefix("sha256:") or encoded_hash(version.package_sha256),
        "Version": version.version,
        "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": version.revision_id,
        "PackageType": "Image" if version.image_id else "Zip",
        "Architectures": [configuration.architecture],
        "EphemeralStorage": {"Size": configuration.ephemeral_mib},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": _logging(version),
    }
    if configuration.environment:
        answer["Environment"] = {"Variables": configuration.environment}
    if configuration.dead_letter:
        answer["DeadLetterConfig"] = {"TargetArn": configuration.dead_letter}
    if configuration.layers:
        answer["Layers"] = [{"Arn": arn, "CodeSize": _layer_bytes(context, arn)} for arn in configuration.layers]
    if version.image_id:
        del answer["Runtime"], answer["Handler"]
    answer.update(_kept(configuration))
    answer.update(_state(version, moment, is_building=bool(context.engine.preparations.building(version.function_name))))
    if moment is not Moment.LISTED and configuration.runtime:
        answer["RuntimeVersionConfig"] = {"RuntimeVersionArn": f"arn:aws:lambda:{context.region}::runtime:{_EMPTY_ID}"}
    return answer


def _layer_bytes(context: Context, arn: str) -> int:
    name, number = arn.split(":")[-2:]
    layer = context.engine.resources.layer(name, int(number))
    return layer.package_bytes if layer else 0


def _kept(configuration: Configuration) -> dict[str, Any]:
    kept = dict(configuration.kept)
    if "VpcConfig" in kept:
        vpc = kept["VpcConfig"]
        kept["VpcConfig"] = {
            "SubnetIds": vpc.get("SubnetIds", []), "SecurityGroupIds": vpc.get("SecurityGroupIds", []), "VpcId": "",
            "Ipv6AllowedForDualStack": vpc.get("Ipv6AllowedForDualStack", False),
        }  # fmt: skip
    if "ImageConfig" in kept:
        kept["ImageConfigResponse"] = {"ImageConfig": kept.pop("ImageConfig")}
    if "SnapStart" in kept:
        kept["SnapStart"] = {"ApplyOn": kept["SnapStart"].get("ApplyOn", "None"), "OptimizationStatus": "Off"}
    return kept


def _logging(version: Version) -> dict[str, str]:
    given = version.configuration.logging
    answer: dict[str, str] = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{version.function_name}", **given}
    if answer["LogFormat"] == "JSON":
        return {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", **answer}
    return answer


def _state(version: Version, moment: Moment, *, is_building: bool) -> dict[str, str]:
    creating = "The function is being created."
    if moment is Moment.LISTED:
        return {}
    if moment is Moment.CREATED or (is_building and not version.failure):
        return {"State": "Pending", "StateReason": creating, "StateReasonCode": "Creating"}
    if version.failure:
        return {
            "State": "Failed", "StateReason": version.failure, "StateReasonCode": "InvalidRuntime",
            "LastUpdateStatus": "Failed", "LastUpdateStatusReason": version.failure,
            "LastUpdateStatusReasonCode": "InvalidRuntime",
        }  # fmt: skip
    if moment is Moment.UPDATED:
        return {
            "State": "Active", "LastUpdateStatus": "InProgress", "LastUpdateStatusReason": creating,
            "LastUpdateStatusReasonCode": "Creating",
        }  # fmt: skip
    return {"State": "Active", "LastUpdateStatus": "Successful"}


def members_given(values: Values, present: Configuration) -> dict[str, Any]:
    """The members of `Configuration` that a request sets, laid over `present` where a part of one is given."""
    changed: dict[str, Any] = {}
    for name, member in _PLAIN.items():
        if name in values:
            changed[member] = values[name]
    if "EphemeralStorage" in values:
        changed["ephemeral_mib"] = values["EphemeralStorage"]["Size"]
    if "Environment" in values:
        changed["environment"] = dict(values["Environment"].get("Variables", {}))
    if "Layers" in values:
        changed["layers"] = tuple(values["Layers"])
    if "Architectures" in values:
        changed["architecture"] = values["Architectures"][0]
    if "DeadLetterConfig" in values:
        changed["dead_letter"] = values["DeadLetterConfig"].get("TargetArn") or None
    if "LoggingConfig" in values:
        changed["logging"] = present.logging | values["LoggingConfig"]
    given = {name: values[name] for name in KEPT if name in values}
    if given:
        changed["kept"] = {name: value for name, value in (present.kept | given).items() if value}
    if "runtime" in changed:
        _check_runtime(changed["runtime"])
    return changed


_PLAIN: Final = {
    "Runtime": "runtime", "Role": "role", "Handler": "handler", "Description": "description", "Timeout": "timeout_seconds",
    "MemorySize": "memory_mib",
}  # fmt: skip


def _check_runtime(runtime: str) -> None:
    if runtime in _DEPRECATED and runtime not in limits.RUNTIMES:
        raise RequestError(
            f'runtime "{runtime}"', "AWS no longer takes it", f"Use one of {', '.join(limits.RUNTIMES)}.",
            aws_message=f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions.", members={"Type": "User"},
        )  # fmt: skip
