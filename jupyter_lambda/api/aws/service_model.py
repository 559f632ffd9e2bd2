"""The service models as data: operations with method and path, and the shapes of their inputs.

Source: botocore's models; the tables beside this file are made by tools/service_models.py.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import msgspec

from jupyter_lambda.errors import NoSuchOperation

_FOLDER: Final = Path(__file__).parent


class Member(msgspec.Struct, frozen=True):
    """A member of a structure: its shape, and where in the request it stands (`uri`, `querystring`, `header`; None: the body)."""

    shape: str
    location: str | None = None
    locationName: str | None = None


class Shape(msgspec.Struct, frozen=True):
    """One type of the model with its constraints; `min` and `max` are lengths of strings and lists, values of numbers."""

    type: str
    min: float | None = None
    max: float | None = None
    pattern: str | None = None
    enum: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    members: dict[str, Member] = {}
    payload: str | None = None  # the member that is the whole body
    streaming: bool = False
    document: bool = False
    member: str | None = None
    key: str | None = None
    value: str | None = None


class Operation(msgspec.Struct, frozen=True):
    """One operation."""

    method: str
    uri: str
    status: int
    input: str | None = None
    name: str = ""


class Route(msgspec.Struct, frozen=True):
    """How an operation is recognised: its path as a pattern, and what its query must hold."""

    operation: Operation
    path: re.Pattern[str]
    query: tuple[str, ...]  # `List=ALL` of a path that another operation has too


class Match(msgspec.Struct, frozen=True):
    """The operation that a request is for, and its path's parts."""

    operation: Operation
    uri: dict[str, str]


class ServiceModel:
    """The table, read once."""

    def __init__(
        self, operations: dict[str, Operation], shapes: dict[str, Shape], source: str, errors: dict[str, str] | None = None
    ) -> None:
        self.operations = {name: msgspec.structs.replace(o, name=name) for name, o in operations.items()}
        self.shapes = shapes
        self.source = source
        self.errors = errors or {}  # the query protocol's codes of exceptions that have others
        routes = sorted((_route(o) for o in self.operations.values()), key=_specific_first)
        self._routes: dict[str, list[Route]] = {}
        for route in routes:
            self._routes.setdefault(route.operation.method, []).append(route)

    def match(self, method: str, raw_path: str, raw_query: str) -> Match:
        """Find the operation of a request; the path is as it came, still percent-encoded.

        Raises:
            NoSuchOperation: No operation has this method and path (UnknownOperationException).
        """
        path = raw_path.rstrip("/") or "/"
        given = frozenset(raw_query.split("&"))
        for route in self._routes.get(method, ()):
            found = route.path.fullmatch(path)
            if found is not None and given.issuperset(route.query):
                return Match(route.operation, {name: unquote(value) for name, value in found.groupdict().items()})
        raise NoSuchOperation(
            f"{method} {raw_path}", "no operation of AWS Lambda has this method and path", "See docs/aws-compatibility.md.",
            aws_message="Unknown operation",
        )  # fmt: skip


def _route(operation: Operation) -> Route:
    path, _, query = operation.uri.partition("?")
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
    return Route(operation, re.compile(pattern), tuple(query.split("&")) if query else ())


def _specific_first(route: Route) -> tuple[int, int, str]:
    """Paths that ask for a query before those that don't, fixed parts before parts that vary."""
    return -len(route.query), route.operation.uri.count("{"), route.operation.uri


class _Table(msgspec.Struct):
    source: str
    operations: dict[str, Operation]
    shapes: dict[str, Shape]
    errors: dict[str, str] = {}


@functools.cache
def service_model(service: str = "lambda") -> ServiceModel:
    """The model of a service (`lambda`, `logs`, `cloudwatch`); some milliseconds at the first call."""
    table = msgspec.json.decode((_FOLDER / f"{service}_model.json").read_bytes(), type=_Table)
    return ServiceModel(table.operations, table.shapes, table.source, table.errors)
