"""Functions, versions, aliases, queued events, deliveries and settings in SQLite: one statement for each change, one read for all of it.

Bodies are the JSON of their structs (an event's and a delivery's are MessagePack: they hold bytes), so a new member of a struct needs no
migration and a person can read the tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_lambda.model import limits
from jupyter_lambda.model.function import Alias, Function, Version
from jupyter_lambda.model.resources import Resource
from jupyter_lambda.store.protocol import (
    AddPoint,
    Change,
    Contents,
    DeleteAlias,
    DeleteDelivery,
    DeleteEvent,
    DeleteFunction,
    DeleteResource,
    DeleteVersion,
    Delivery,
    PutAlias,
    PutDelivery,
    PutEvent,
    PutFunction,
    PutResource,
    PutVersion,
    QueuedEvent,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

_OF_A_FUNCTION: Final = ("versions", "aliases", "events")
_TRIM_EVERY: Final = 1_000


def apply(connection: sqlite3.Connection, changes: Sequence[Change]) -> None:
    """Make the changes, in order, in the present transaction."""
    for change in changes:
        _apply_one(connection, change)


def _apply_one(connection: sqlite3.Connection, change: Change) -> None:
    match change:
        case PutFunction(function):
            _put(connection, "INSERT OR REPLACE INTO functions VALUES (?, ?)", function.name, function)
        case DeleteFunction(name):
            connection.execute("DELETE FROM functions WHERE name = ?", (name,))
            for table in _OF_A_FUNCTION:
                connection.execute(f"DELETE FROM {table} WHERE function_name = ?", (name,))  # noqa: S608  our own names
        case PutVersion(version):
            _put(connection, "INSERT OR REPLACE INTO versions VALUES (?, ?, ?)", version.function_name, version.version, version)
        case DeleteVersion(function_name, number):
            connection.execute("DELETE FROM versions WHERE function_name = ? AND version = ?", (function_name, number))
        case PutAlias(alias):
            _put(connection, "INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)", alias.function_name, alias.name, alias)
        case DeleteAlias(function_name, name):
            connection.execute("DELETE FROM aliases WHERE function_name = ? AND name = ?", (function_name, name))
        case PutEvent(event):
            body = msgspec.msgpack.encode(event)
            connection.execute(
                "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?)", (event.request_id, event.function_name, event.accepted, body)
            )
        case DeleteEvent(request_id):
            connection.execute("DELETE FROM events WHERE request_id = ?", (request_id,))
        case PutDelivery(delivery):
            body = msgspec.msgpack.encode(delivery)
            connection.execute(
                "INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?)", (delivery.delivery_id, delivery.accepted, body)
            )
        case DeleteDelivery(delivery_id):
            connection.execute("DELETE FROM deliveries WHERE delivery_id = ?", (delivery_id,))
        case PutResource(resource):
            _put(connection, "INSERT OR REPLACE INTO resources VALUES (?, ?)", resource.key, resource)
        case DeleteResource(key):
            connection.execute("DELETE FROM resources WHERE key = ?", (key,))
        case AddPoint(point):
            added = connection.execute(
                "INSERT INTO metric_points (function_name, qualifier, metric, moment, value) VALUES (?, ?, ?, ?, ?)",
                (point.function_name, point.qualifier, point.metric, point.moment, point.value),
            ).lastrowid
            if added is not None and added % _TRIM_EVERY == 0:
                connection.execute("DELETE FROM metric_points WHERE number <= ?", (added - limits.RETAINED_METRIC_POINTS,))


def _put(connection: sqlite3.Connection, statement: str, *values: object) -> None:
    *key, body = values
    connection.execute(statement, (*key, msgspec.json.encode(body).decode()))


def load(connection: sqlite3.Connection) -> Contents:
    """Read everything that changes made, in the order of names; events in the order in which they were accepted."""
    connection.execute("BEGIN")  # one snapshot for all of it
    try:
        functions = [row[0] for row in connection.execute("SELECT body FROM functions ORDER BY name")]
        versions = [
            row[0] for row in connection.execute("SELECT body FROM versions ORDER BY function_name, length(version), version")
        ]
        aliases = [row[0] for row in connection.execute("SELECT body FROM aliases ORDER BY function_name, name")]
        events = [row[0] for row in connection.execute("SELECT body FROM events ORDER BY accepted, request_id")]
        resources = [row[0] for row in connection.execute("SELECT body FROM resources ORDER BY key")]
        deliveries = [row[0] for row in connection.execute("SELECT body FROM deliveries ORDER BY accepted, delivery_id")]
    finally:
        connection.execute("COMMIT")
    return Contents(
        functions=tuple(msgspec.json.decode(body, type=Function) for body in functions),
        versions=tuple(msgspec.json.decode(body, type=Version) for body in versions),
        aliases=tuple(msgspec.json.decode(body, type=Alias) for body in aliases),
        events=tuple(msgspec.msgpack.decode(body, type=QueuedEvent) for body in events),
        resources=tuple(msgspec.json.decode(body, type=Resource) for body in resources),
        deliveries=tuple(msgspec.msgpack.decode(body, type=Delivery) for body in deliveries),
    )


def used_packages(connection: sqlite3.Connection) -> frozenset[str]:
    """The hashes of all packages that a version, a function's `$LATEST` or a layer is made from."""
    rows = connection.execute(
        "SELECT json_extract(body, '$.package_sha256') FROM versions "
        "UNION SELECT json_extract(body, '$.latest.package_sha256') FROM functions "
        "UNION SELECT json_extract(body, '$.layers_package') FROM versions WHERE json_extract(body, '$.layers_package') IS NOT NULL "
        "UNION SELECT json_extract(body, '$.latest.layers_package') FROM functions "
        "WHERE json_extract(body, '$.latest.layers_package') IS NOT NULL "
        "UNION SELECT json_extract(body, '$.package_sha256') FROM resources WHERE json_extract(body, '$.package_sha256') IS NOT NULL"
    )
    return frozenset(row[0] for row in rows)


def get_setting(connection: sqlite3.Connection, name: str) -> str | None:
    """A setting's value, None if it was never put."""
    row = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def put_setting(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Put a setting, in the present transaction."""
    connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))
