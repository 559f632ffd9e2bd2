"""The query protocol's form: dotted names become a tree, and the tree an operation's input.

`Dimensions.member.1.Name=FunctionName` is the member `Name` of the first item of the list `Dimensions`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from jupyter_lambda.errors import InvalidRequestContent, Unparsable

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.service_model import Operation, ServiceModel, Shape

_PARAMETERS_MAX: Final = 20_000
_DEPTH_MAX: Final = 16


class Node:
    """A name of a form: what stands under it, and under longer names that begin with it."""

    __slots__ = ("parts", "text")

    def __init__(self) -> None:
        self.text: str | None = None
        self.parts: dict[str, Node] = {}

    def part(self, name: str) -> Node | None:
        """What stands under a longer name."""
        return self.parts.get(name)


def query_tree(text: str) -> Node:
    """The tree of a form (InvalidRequestContent)."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_PARAMETERS_MAX, errors="replace")
    except ValueError as error:
        raise InvalidRequestContent("request", f"its form can't be read: {error}", "Send fewer parameters.") from error
    root = Node()
    for name, value in pairs:
        node = root
        for part in name.split(".", _DEPTH_MAX):
            node = node.parts.setdefault(part, Node())
        if node.text is None:
            node.text = value
    return root


def tree_values(model: ServiceModel, operation: Operation, tree: Node) -> dict[str, Any]:
    """An operation's input (Unparsable)."""
    return {} if operation.input is None else _structure(model, model.shapes[operation.input], tree, "")


def _structure(model: ServiceModel, shape: Shape, tree: Node, path: str) -> dict[str, Any]:
    values = {}
    for name, member in shape.members.items():
        node = tree.part(member.locationName or name)
        if node is not None:
            values[name] = _value(model, model.shapes[member.shape], node, f"{path}.{name}" if path else name)
    return values


def _value(model: ServiceModel, shape: Shape, node: Node, path: str) -> Any:
    match shape.type:
        case "structure":
            return _structure(model, shape, node, path)
        case "list":
            items = (node.part("member") or Node()).parts
            numbers = sorted((key for key in items if key.isascii() and key.isdigit() and len(key) < 9), key=int)
            return [_value(model, model.shapes[shape.member or ""], items[number], path) for number in numbers]
        case "map":
            item = model.shapes[shape.value or ""]
            pairs = [(entry.part("key"), entry.part("value")) for entry in (node.part("entry") or Node()).parts.values()]
            return {key.text or "": _value(model, item, value or Node(), path) for key, value in pairs if key is not None}
        case kind:
            return _scalar(kind, node.text or "", path)


def _scalar(kind: str, text: str, path: str) -> Any:
    try:
        match kind:
            case "integer" | "long":
                return int(text[:20])
            case "float" | "double":
                return float(text)
            case "timestamp":
                return _moment(text)
            case "boolean":
                return {"true": True, "false": False}[text.lower()]
    except (ValueError, KeyError, OverflowError) as error:
        raise Unparsable(
            f"request member {path}", f'"{text[:40]}" is no {kind}', "Send the type that the operation's model names.",
            aws_message=f"{text[:40]} can not be converted to {kind.capitalize()}",
        ) from error  # fmt: skip
    return text.encode() if kind == "blob" else text


def _moment(text: str) -> float:
    """Epoch seconds of an ISO 8601 moment, or of seconds as they are."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
