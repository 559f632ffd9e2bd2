"""From an HTTP request to an operation's input: path, query, headers and body, each value of its shape's type.

A value of another type is refused here (SerializationException); whether it is a value that AWS would take is `validation`'s.
Source: Smithy's restJson1 protocol, which botocore calls `rest-json`.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus

import msgspec

from jupyter_lambda.errors import InvalidRequestContent, Unparsable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lambda.api.aws.service_model import Member, Operation, ServiceModel, Shape

Values = dict[str, Any]
_WHOLE: Final = re.compile(r"[+-]?\d{1,19}")
_DEPTH_MAX: Final = 32
_NUMBERS: Final = frozenset({"integer", "long", "float", "double"})


def input_values(
    model: ServiceModel, operation: Operation, uri: Mapping[str, str], query: str, headers: Mapping[bytes, bytes], body: bytes
) -> Values:
    """Take an operation's request apart.

    Args:
        model: Where the shapes are.
        operation: Which operation it is.
        uri: The path's parts, decoded.
        query: The query as it came.
        headers: Names in lower case.
        body: The whole body.

    Returns:
        The members that were given, by name; bytes for blobs.

    Raises:
        InvalidRequestContent: The body is not JSON.
        Unparsable: A value is of another type than the model's.
    """
    if operation.input is None:
        return {}
    shape = model.shapes[operation.input]
    parameters = query_parameters(query)
    values: Values = {}
    for name, member in shape.members.items():
        text = _text(member, uri, headers)
        if text is not None:
            values[name] = _from_text(model, name, member, text)
        elif member.location == "querystring" and (given := parameters.get(member.locationName or name)):
            values[name] = given if model.shapes[member.shape].type == "list" else _from_text(model, name, member, given[0])
    values.update(_from_body(model, shape, body))
    return values


def document_values(model: ServiceModel, operation: Operation, document: Any) -> Values:
    """An operation's input where it is one document, e.g. of JSON or CBOR, whose timestamps are numbers (Unparsable)."""
    if operation.input is None:
        return {}
    if not isinstance(document, dict):
        raise _wrong_type("body", "a value", "a structure")
    return _structure(model, model.shapes[operation.input].members, document, "", 0)


def query_parameters(query: str) -> dict[str, list[str]]:
    """The query's parameters, each with all its values."""
    found: dict[str, list[str]] = {}
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        found.setdefault(unquote_plus(name), []).append(unquote_plus(value))
    return found


def _text(member: Member, uri: Mapping[str, str], headers: Mapping[bytes, bytes]) -> str | None:
    name = member.locationName or ""
    if member.location == "uri":
        return uri.get(name)
    if member.location == "header":
        value = headers.get(name.lower().encode())
        return None if value is None else value.decode("latin-1")
    return None


def _from_text(model: ServiceModel, name: str, member: Member, text: str) -> Any:
    kind = model.shapes[member.shape].type
    if kind in _NUMBERS:
        if _WHOLE.fullmatch(text) is None:
            raise _wrong_type(name, "STRING_VALUE", "Integer")
        return int(text)
    if kind == "boolean":
        if text.lower() not in ("true", "false"):
            raise _wrong_type(name, "STRING_VALUE", "Boolean")
        return text.lower() == "true"
    return text


def _from_body(model: ServiceModel, shape: Shape, body: bytes) -> Values:
    if shape.payload is not None:
        payload = model.shapes[shape.members[shape.payload].shape]
        if payload.type == "blob":
            return {shape.payload: body} if body else {}
        return {shape.payload: _value(model, payload, _document(body), shape.payload, 0)} if body else {}
    members = {name: member for name, member in shape.members.items() if member.location is None}
    if not members or not body.strip():
        return {}
    document = _document(body)
    if not isinstance(document, dict):
        raise _wrong_type("body", "a value", "a structure")
    return _structure(model, members, document, "", 0)


def _document(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequestContent(
            "request", f"its body is not JSON: {error}", "Send UTF-8 JSON.",
            aws_message=f"Could not parse request body into json: {error}", members={"Type": "User"},
        ) from error  # fmt: skip


def _structure(model: ServiceModel, members: Mapping[str, Member], document: dict[str, Any], path: str, depth: int) -> Values:
    values: Values = {}
    for name, member in members.items():
        given = document.get(member.locationName or name)
        if given is not None:
            where = f"{path}.{name}" if path else name
            values[name] = _value(model, model.shapes[member.shape], given, where, depth + 1)
    return values


def _value(model: ServiceModel, shape: Shape, given: Any, path: str, depth: int) -> Any:
    if depth > _DEPTH_MAX:
        raise _wrong_type(path, "a value nested too deeply", "a structure")
    match shape.type:
        case "structure":
            if not isinstance(given, dict):
                raise _wrong_type(path, _kind(given), "a structure")
            return given if shape.document else _structure(model, shape.members, given, path, depth)
        case "list":
            if not isinstance(given, list):
                raise _wrong_type(path, _kind(given), "a list")
            item = model.shapes[shape.member or ""]
            return [_value(model, item, one, path, depth + 1) for one in given if one is not None]
        case "map":
            if not isinstance(given, dict):
                raise _wrong_type(path, _kind(given), "a map")
            item = model.shapes[shape.value or ""]
            return {key: _value(model, item, one, path, depth + 1) for key, one in given.items() if one is not None}
        case _:
            return _scalar(shape.type, given, path)


def _scalar(kind: str, given: Any, path: str) -> Any:
    if kind == "string" and isinstance(given, str):
        return given
    if kind == "boolean" and isinstance(given, bool):
        return given
    if kind in ("integer", "long") and isinstance(given, int) and not isinstance(given, bool):
        return given
    if kind in ("float", "double", "timestamp") and isinstance(given, (int, float)) and not isinstance(given, bool):
        try:
            return float(given)
        except OverflowError as error:
            raise _wrong_type(path, _kind(given), kind.capitalize()) from error
    if kind == "blob" and isinstance(given, str):
        return _blob(given, path)
    raise _wrong_type(path, _kind(given), kind.capitalize())


def _blob(given: str, path: str) -> bytes:
    try:
        return base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unparsable(
            path, "it is not base64", "Encode the bytes with base64.", aws_message=f"Invalid base64 at '{path}'"
        ) from error


def _kind(given: Any) -> str:
    match given:
        case bool():
            return "TRUE_VALUE" if given else "FALSE_VALUE"
        case str():
            return "STRING_VALUE"
        case int() | float():
            return "NUMBER_VALUE"
        case list():
            return "START_ARRAY"
        case _:
            return "START_OBJECT"


def _wrong_type(path: str, given: str, wanted: str) -> Unparsable:
    return Unparsable(
        f"request member {path}", f"{given} where {wanted} belongs", "Send the type that the operation's model names.",
        aws_message=f"{given} can not be converted to {wanted}",
    )  # fmt: skip
