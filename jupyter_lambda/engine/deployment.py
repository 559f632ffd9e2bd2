"""What a deployment changes: options laid over a configuration, what counts as a change, and how it is told.

Pure: values in, values out.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import msgspec

from jupyter_lambda.errors import RequestError
from jupyter_lambda.model.engine_api import ConfigurationChange, DeployRequest, VersionDifference
from jupyter_lambda.model.function import Configuration, Function, Mount, Version
from jupyter_lambda.model.function_settings import FunctionSettings, Provisioned
from jupyter_lambda.model.names import did_you_mean, is_version_number

_UNITS = {"memory_mib": " MB", "timeout_seconds": " s", "ephemeral_mib": " MB"}


def configuration_with(before: Version | None, request: DeployRequest | ConfigurationChange) -> Configuration:
    """Lay what the caller set over what `$LATEST` has.

    Raises:
        RequestError: An option that no configuration has, or a value of another type.
    """
    present = before.configuration if before else Configuration()
    fields = {**msgspec.to_builtins(present), **request.options}
    if isinstance(request, DeployRequest):
        fields["handler"] = request.options.get("handler", request.handler)
        fields["runtime"] = request.options.get("runtime", request.runtime)
    unknown = sorted(set(fields) - set(Configuration.__struct_fields__))
    if unknown:
        raise RequestError(
            f'option "{unknown[0]}"', "a function has no such setting", did_you_mean(unknown[0], Configuration.__struct_fields__)
        )
    try:
        return msgspec.convert(fields, Configuration)
    except msgspec.ValidationError as error:
        raise RequestError("configuration", str(error), "Correct the value's type.") from error


def same_publication(one: Version, other: Version) -> bool:
    """Whether two versions are the same to a reader: content, configuration and Python environment."""
    return (
        one.content_digest == other.content_digest
        and one.configuration == other.configuration
        and one.requirements_folder == other.requirements_folder
        and _interpreter(one) == _interpreter(other)
    )


def _interpreter(version: Version) -> tuple[str, str, str] | None:
    python = version.python
    return None if python is None else (python.executable, python.prefix, python.version)


def describe_changes(before: Version | None, after: Version) -> tuple[str, ...]:
    """What differs, in words: `code`, `memory_mib 128 MB → 512 MB`."""
    if before is None:
        return ("created",)
    told = ["code"] if before.content_digest != after.content_digest else []
    for name, (old, new) in _configuration_difference(before.configuration, after.configuration).items():
        was, now = _in_words(name, old), _in_words(name, new)
        told.append(f"{name} {was} → {now}" if was != now else name)
    if _interpreter(before) != _interpreter(after):
        told.append("Python environment")
    return tuple(told)


def _in_words(name: str, value: Any) -> str:
    """A setting's value for a sentence; of variables only the names: a notebook's output is no place for a secret."""
    if isinstance(value, Mapping):
        return ", ".join(sorted(value)) or "none"
    if isinstance(value, Mount):
        return f"{value.source}:{value.target}"
    if isinstance(value, tuple):
        return ", ".join(_in_words(name, item) for item in value) or "none"
    return "default" if value is None else f"{value}{_UNITS.get(name, '')}"


def options_kept(configuration: Configuration, options: dict[str, Any]) -> tuple[str, ...]:
    """Options that differ from their default and did not stand on the line."""
    default = Configuration()
    kept = []
    for name in Configuration.__struct_fields__:
        value = getattr(configuration, name)
        if name not in options and name not in ("handler", "runtime") and value != getattr(default, name):
            kept.append(f"{name} {_in_words(name, value)}")
    return tuple(kept)


def difference(before: Version, after: Version) -> VersionDifference:
    """What changed from one version to another: configuration, source as a unified diff, captured values."""
    lines = difflib.unified_diff(
        before.source.splitlines(keepends=True),
        after.source.splitlines(keepends=True),
        fromfile=f"version {before.version}",
        tofile=f"version {after.version}",
    )
    old, new = _captured(before), _captured(after)
    captured = {n: (old.get(n), new.get(n)) for n in sorted({*old, *new}) if old.get(n) != new.get(n)}
    configuration = _configuration_difference(before.configuration, after.configuration)
    if _interpreter(before) != _interpreter(after):
        configuration["python"] = (_interpreter(before), _interpreter(after))
    return VersionDifference(
        function_name=after.function_name,
        before=before.version,
        after=after.version,
        configuration=configuration,
        source="".join(line if line.endswith("\n") else line + "\n" for line in lines),
        captured=captured,
    )


def _captured(version: Version) -> dict[str, Any]:
    captured = version.manifest.get("captured", {})
    return captured if isinstance(captured, dict) else {}


def _configuration_difference(before: Configuration, after: Configuration) -> dict[str, tuple[Any, Any]]:
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    return {name: (old[name], new[name]) for name in Configuration.__struct_fields__ if old[name] != new[name]}


def with_provisioned(function: Function, version: Version | None, alias: str | None, count: int, now: str) -> FunctionSettings:
    """The settings of a function whose deployment asks for environments that are kept ready: of its alias, else of its version.

    What an earlier version keeps ready is not kept any more: it was this function's line that asked for it.

    Args:
        function: As it is deployed.
        version: What was published, or is the same as what is published.
        alias: The alias that the deployment sets.
        count: How many; 0: none any more.
        now: The time of the change as AWS writes it.

    Raises:
        RequestError: Nothing is published, or more is asked for than the function's reserved concurrency lets run.
    """
    where = f'function "{function.name}"'
    if version is None:
        raise RequestError(
            where,
            "environments are kept ready of a published version, not of $LATEST",
            "Leave --no-publish or --provisioned out.",
        )
    reserved = function.reserved_concurrency
    if reserved is not None and count > reserved:
        raise RequestError(
            where, f"--provisioned {count} is more than its --reserved {reserved}", f"Use --provisioned {reserved}."
        )
    key = alias or version.version
    others = {name: kept for name, kept in function.settings.provisioned.items() if name != key and not is_version_number(name)}
    kept = {key: Provisioned(count=count, last_modified=now)} if count else {}
    return msgspec.structs.replace(function.settings, provisioned={**others, **kept})
