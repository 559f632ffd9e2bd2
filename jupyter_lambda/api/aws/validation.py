"""Holds an operation's input against the constraints of the service model, and tells all that it breaks in AWS's words at once.

Source: the messages that AWS was recorded to answer; botocore's model for lengths, ranges, patterns and enumerations. Three things
are told by the operations instead, since AWS answers them as errors of meaning: unknown runtimes, function names above 64 characters
and environment variables.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_lambda.api.aws.service_model import Operation, ServiceModel, Shape

_OF_MEANING: Final = frozenset({"Runtime", "MemorySize"})  # checked by `model.function`: AWS's rules are not the shape's
_FLAT: Final = frozenset(
    {"CompatibleRuntimes"}
)  # Observed: its items' constraint stands without "Member must satisfy constraint"
_ORDERED: Final = {frozenset({"Allow", "Terminate"}): "Terminate, Allow"}  # Observed: not the model's order
_NOT_NULL: Final = "Member must not be null"


def validate(model: ServiceModel, operation: Operation, values: dict[str, Any]) -> None:
    """Let pass what fits its shapes.

    Raises:
        ValidationError: `N validation error(s) detected: …`, every one of them (ValidationException, 400).
    """
    if operation.input is None:
        return
    broken = list(_structure(model, model.shapes[operation.input], values, ""))
    if not broken:
        return
    count = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''} detected: "
    told = "; ".join(
        f"Value {value} at '{path}' failed to satisfy constraint: {constraint}" for value, path, constraint in broken
    )
    raise ValidationError(f"request {operation.name}", told, "", aws_message=count + told)


def _structure(model: ServiceModel, shape: Shape, values: dict[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    for name, member in shape.members.items():
        where = f"{path}{name[0].lower()}{name[1:]}"
        if name not in values:
            if name in shape.required:
                yield "null", where, _NOT_NULL
        elif name not in _OF_MEANING:
            yield from _value(model, member.shape, values[name], where)


def _value(model: ServiceModel, name: str, value: Any, path: str) -> Iterator[tuple[str, str, str]]:
    shape = model.shapes[name]
    match shape.type:
        case "structure":
            if not shape.document:
                yield from _structure(model, shape, value, f"{path}.")
        case "list":
            yield from _length(shape, value, path)
            yield from _items(model, name, value, path)
        case "map":
            yield from _map(model, shape, value, path)
        case "blob" | "boolean" | "timestamp":
            return
        case _:
            for constraint in _broken(shape, value):
                yield f"'{_told(value)}'", path, constraint


def _items(model: ServiceModel, name: str, value: list[Any], path: str) -> Iterator[tuple[str, str, str]]:
    shape = model.shapes[name]
    item = model.shapes[shape.member or ""]
    if item.type == "structure":
        for number, one in enumerate(value, start=1):
            yield from _structure(model, item, one, f"{path}.{number}.member.")
    elif item.type in ("list", "map"):
        for number, one in enumerate(value, start=1):
            yield from _value(model, shape.member or "", one, f"{path}.{number}.member")
    elif any(_broken(item, one) for one in value):
        constraints = [*_constraints(item), *([_NOT_NULL] if item.enum else [])]
        told = constraints[0] if name in _FLAT else f"Member must satisfy constraint: [{', '.join(constraints)}]"
        yield f"'{_told(value)}'", path, told


def _map(model: ServiceModel, shape: Shape, value: dict[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    key, item = model.shapes[shape.key or ""], model.shapes[shape.value or ""]
    if any(_broken(key, one) for one in value):
        yield f"'{_told(value)}'", path, f"Map keys must satisfy constraint: [{', '.join(_constraints(key))}]"
    if item.type == "structure":
        for name, one in value.items():
            yield from _structure(model, item, one, f"{path}.{name}.member.")
    elif item.type not in ("list", "map") and any(_broken(item, one) for one in value.values()):
        constraints = ", ".join([*_constraints(item), _NOT_NULL])
        yield f"'{_told(value)}'", path, f"Map value must satisfy constraint: [{constraints}]"


def _length(shape: Shape, value: list[Any], path: str) -> Iterator[tuple[str, str, str]]:
    if shape.max is not None and len(value) > shape.max:
        yield f"'{_told(value)}'", path, f"Member must have length less than or equal to {shape.max:.0f}"
    if shape.min is not None and len(value) < shape.min:
        yield f"'{_told(value)}'", path, f"Member must have length greater than or equal to {shape.min:.0f}"


def _broken(shape: Shape, value: Any) -> list[str]:
    """The constraints that a string or a number breaks."""
    found = []
    size = len(value) if isinstance(value, str) else value
    high, low, pattern, enum = _texts(shape)
    if shape.max is not None and not size <= shape.max:
        found.append(high)
    if shape.min is not None and not size >= shape.min:
        found.append(low)
    if shape.pattern is not None and _compiled(shape.pattern).fullmatch(value) is None:
        found.append(pattern)
    if shape.enum and value not in shape.enum:
        found.append(enum)
    return found


def _constraints(shape: Shape) -> list[str]:
    """All constraints of a shape."""
    high, low, pattern, enum = _texts(shape)
    told = []
    if shape.max is not None:
        told.append(high)
    if shape.min is not None:
        told.append(low)
    if shape.pattern is not None:
        told.append(pattern)
    if shape.enum:
        told.append(enum)
    return told


def _texts(shape: Shape) -> tuple[str, str, str, str]:
    what = "length" if shape.type == "string" else "value"
    return (
        f"Member must have {what} less than or equal to {_number(shape, shape.max)}",
        f"Member must have {what} greater than or equal to {_number(shape, shape.min)}",
        f"Member must satisfy regular expression pattern: {shape.pattern}",
        f"Member must satisfy enum value set: [{_ORDERED.get(frozenset(shape.enum)) or ', '.join(shape.enum)}]",
    )


def _number(shape: Shape, bound: float | None) -> str:
    if bound is None:
        return ""
    return f"{bound:.1f}" if shape.type in ("float", "double") else f"{bound:.0f}"


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Java's classes of letters, spaces and digits, which stand inside brackets in tags' patterns
    return re.compile(pattern.replace(r"\p{L}\p{Z}\p{N}", r"\w\s"))


def _told(value: Any) -> str:
    """A value as AWS writes it: lists in brackets, maps in braces, no quotes inside."""
    match value:
        case list():
            return f"[{', '.join(map(_told, value))}]"
        case dict():
            return f"{{{', '.join(f'{key}={_told(one)}' for key, one in value.items())}}}"
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)
