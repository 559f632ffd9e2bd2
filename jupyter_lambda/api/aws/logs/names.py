"""How log groups and places in them are named: ARNs, and the tokens that lists and searches go on from."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.errors import InvalidParameter
from jupyter_lambda.model.logs import LogPosition

if TYPE_CHECKING:
    from jupyter_lambda.engine.engine import Engine

_ARN: Final = re.compile(r"arn:aws[\w-]*:logs:(?P<region>[^:]*):(?P<account>[^:]*):log-group:(?P<name>[^:*]+)(?::\*)?")
TIME_MAX_MS: Final = 2**62  # later than anything
_POSITION: Final = re.compile(r"[fb]/(\d{20})(\d{20})(\d{16})")


def group_arn(engine: Engine, name: str) -> str:
    """A log group's ARN."""
    return f"arn:aws:logs:{engine.settings.region}:{engine.settings.account_id}:log-group:{name}"


def name_in(engine: Engine, identifier: str) -> str:
    """The name that a name or an ARN stands for (InvalidParameter)."""
    if not identifier.startswith("arn:"):
        return identifier
    found = _ARN.fullmatch(identifier)
    if found is None or (found["region"], found["account"]) != (engine.settings.region, engine.settings.account_id):
        raise refused(f"'{identifier}' is no log group of this account and region")
    return found["name"]


def group_name(engine: Engine, values: dict[str, Any]) -> str:
    """The log group that a request names, by `logGroupName` or `logGroupIdentifier` (InvalidParameter)."""
    name, identifier = values.get("logGroupName"), values.get("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise refused("Exactly one of logGroupName and logGroupIdentifier must be given.")
    return name_in(engine, str(name or identifier))


def position_text(position: LogPosition) -> str:
    """A place among a group's events, as 56 digits that sort as the places do."""
    return f"{max(0, position.timestamp_ms):020d}{position.sequence:020d}{position.number:016d}"


def position_of(token: str) -> LogPosition:
    """The place that a token names (InvalidParameter)."""
    found = _POSITION.fullmatch(token)
    if found is None:
        raise refused("The specified nextToken is invalid.")
    return LogPosition(min(int(found[1]), TIME_MAX_MS), int(found[2]), int(found[3]))


def list_token(key: str) -> str:
    """Where a list goes on: behind this key."""
    return base64.urlsafe_b64encode(key.encode()).decode()


def list_key(token: str | None) -> str | None:
    """The key behind which a list goes on (InvalidParameter)."""
    if token is None:
        return None
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise refused("The specified nextToken is invalid.") from error


def refused(message: str) -> InvalidParameter:
    """The error for a value that AWS would not take."""
    return InvalidParameter("request", message.rstrip("."), "", aws_message=message)
