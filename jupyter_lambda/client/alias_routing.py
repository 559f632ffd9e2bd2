"""`NAME[=VERSION[,VERSION=WEIGHT]]`: how people write where an alias points."""

from __future__ import annotations

from typing import NamedTuple

from jupyter_lambda.errors import RequestError
from jupyter_lambda.model.function import Alias, check_alias
from jupyter_lambda.model.names import LATEST, check_alias_name, is_version_number


class AliasRouting(NamedTuple):
    """What was asked for; `version` is None where only the name was given."""

    name: str
    version: str | None = None
    additional_version: str | None = None
    additional_weight: float = 0.0


def parse_alias_routing(text: str, function_name: str) -> AliasRouting:
    """Read `prod`, `prod=3` or `prod=3,4=0.1`: version 3, and 10 % of the calls to version 4.

    Raises:
        RequestError: Not of that form, or a routing that AWS refuses.
    """
    name, equals, routing = text.partition("=")
    check_alias_name(name)
    if not equals:
        return AliasRouting(name)
    parts = [part.strip() for part in routing.split(",")]
    version = _version(parts[0], text, function_name)
    if len(parts) == 1:
        return AliasRouting(name, version)
    if len(parts) > 2:
        raise _malformed(text, function_name, "an alias shares its calls between two versions at most")
    additional, separator, share = parts[1].partition("=")
    if not separator:
        raise _malformed(text, function_name, f'the second version "{additional}" has no weight')
    routed = AliasRouting(name, version, _version(additional, text, function_name), _weight(share, text, function_name))
    check_alias(
        Alias(
            function_name=function_name, name=name, version=version,
            additional_version=routed.additional_version, additional_weight=routed.additional_weight,
        )
    )  # fmt: skip
    return routed


def _version(text: str, whole: str, function_name: str) -> str:
    """A version's number; people who know the card write `v3`."""
    number = text.removeprefix("v")
    if number == LATEST or is_version_number(number):
        return number
    raise _malformed(whole, function_name, f'"{text}" is not a version\'s number')


def _weight(text: str, whole: str, function_name: str) -> float:
    percent = text.endswith("%")
    try:
        weight = float(text.removesuffix("%")) / (100 if percent else 1)
    except ValueError:
        raise _malformed(whole, function_name, f'"{text}" is not a weight') from None
    if not 0.0 <= weight <= 1.0:
        raise _malformed(whole, function_name, f"a weight of {text} is not between 0 and 1")
    return weight


def _malformed(text: str, function_name: str, what: str) -> RequestError:
    return RequestError(f'alias "{text}" of function "{function_name}"', what, "Write prod, prod=3 or prod=3,4=0.1.")
