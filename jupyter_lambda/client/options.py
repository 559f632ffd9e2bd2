"""What can be set on a function, as Python arguments: the words of the cell's line, or `Configuration`'s own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec

from jupyter_lambda.errors import RequestError
from jupyter_lambda.model.function import Configuration, check_configuration
from jupyter_lambda.model.names import did_you_mean

# The cell's words, and the ones people know from AWS.
_SYNONYMS: Final = {
    "memory": "memory_mib",
    "memory_mb": "memory_mib",
    "memory_size": "memory_mib",
    "timeout": "timeout_seconds",
    "ephemeral": "ephemeral_mib",
    "env": "environment",
    "variables": "environment",
    "layer": "layers",
    "mount": "mounts",
}
_MEMBERS: Final = frozenset(field.name for field in msgspec.structs.fields(Configuration))


def configuration_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Members of `Configuration` by name, as JSON values, from keyword arguments; None means not given.

    Raises:
        RequestError: An option that does not exist, is given twice, has the wrong type or is out of range.
    """
    options: dict[str, Any] = {}
    for name, value in given.items():
        member = _SYNONYMS.get(name, name)
        if member not in _MEMBERS:
            raise RequestError(
                f'option "{name}"', "there is no such option",
                did_you_mean(name, [*_MEMBERS, *_SYNONYMS]) or f"There are {', '.join(sorted(_MEMBERS))}.",
            )  # fmt: skip
        if value is None:
            continue
        if member in options:
            raise RequestError(f'option "{name}"', "it is given twice", f"Give {member} once.")
        options[member] = _as_json(member, value)
    _check(options)
    return options


def _as_json(member: str, value: Any) -> Any:
    if member == "environment":
        return _variables(value)
    if member == "mounts":
        return [_mount(one) for one in _many(value)]
    if member == "requirements" and isinstance(value, str):
        return value.split()
    if member in ("layers", "requirements"):
        return list(_many(value))
    return value


def _variables(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise RequestError('option "environment"', f"it is a {type(value).__name__}", 'Give a dict: {"NAME": "value"}.')
    return {str(name): str(item) for name, item in value.items()}


def _many(value: Any) -> Iterable[Any]:
    return [value] if isinstance(value, (str, os.PathLike, Mapping)) else value


def _mount(value: Any) -> dict[str, str]:
    """`HOST` or `HOST:PATH`, as on the cell's line; a path object is a host folder."""
    if isinstance(value, Mapping):
        return {"source": str(value["source"]), "target": str(value["target"])}
    host, _, target = os.fspath(value).partition(":") if isinstance(value, str) else (os.fspath(value), "", "")
    source = os.path.realpath(os.path.expanduser(host))  # noqa: PTH111 - a text in, a text out
    return {"source": source, "target": target or str(PurePosixPath(source))}


def _check(options: dict[str, Any]) -> None:
    try:
        configuration = msgspec.convert(options, Configuration)
    except msgspec.ValidationError as error:
        raise RequestError("options", str(error), "See `%%lambda?` for what each takes.") from error
    check_configuration(configuration)
