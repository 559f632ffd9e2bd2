"""Patterns over space-delimited events: `[ip, user, ..., status = 4*, bytes > 1000]`.

A message is cut at blanks; what stands in brackets or double quotes is one field. Each name of the pattern is a field, `...` any
number of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from jupyter_lambda.telemetry.filter_patterns.comparison import OPERATOR, VALUE, comparison
from jupyter_lambda.telemetry.filter_patterns.refusal import invalid

if TYPE_CHECKING:
    from collections.abc import Callable

_FIELD: Final = re.compile(r'\[([^\]]*)\]|"([^"]*)"|(\S+)')
_NAME: Final = re.compile(r"\s*([\w.$-]+)\s*")
_WHOLE_FIELD: Final = re.compile(r'(?:"(?:\\.|[^"\\])*"|%(?:\\%|[^%])+%|[^,"%])+')
_REST = "..."


def parse_fields(text: str) -> Callable[[str], bool]:
    """Whether a message has these fields."""
    parts = _parts(text)
    head = parts[: parts.index(_REST)] if _REST in parts else parts
    tail = parts[parts.index(_REST) + 1 :] if _REST in parts else []
    before, after, is_open = [_conditions(p) for p in head], [_conditions(p) for p in tail], _REST in parts

    def matches(message: str) -> bool:
        fields = [next(group for group in found.groups() if group is not None) for found in _FIELD.finditer(message)]
        least = len(before) + len(after)
        if len(fields) < least or (len(fields) > least and not is_open):
            return False
        paired = [*zip(before, fields, strict=False), *zip(after, fields[len(fields) - len(after) :], strict=True)]
        return all(condition(field) for condition, field in paired)

    return matches


def _parts(text: str) -> list[str]:
    """The fields of a pattern (InvalidParameter)."""
    parts, position = [], 0
    while True:
        found = _WHOLE_FIELD.match(text, position)
        part = found[0].strip() if found else ""
        if found is None or not part:
            raise invalid("a field has no name")
        parts.append(part)
        if found.end() == len(text):
            break
        if text[found.end()] != ",":
            raise invalid("a quote is not closed")
        position = found.end() + 1
    if parts.count(_REST) > 1:
        raise invalid("... stands twice")
    return parts


def _conditions(part: str) -> Callable[[str], bool]:
    """What one field must be: a name alone takes anything; `&&` binds closer than `||`."""
    name = _NAME.fullmatch(part)
    if name is not None:
        return lambda field: True
    alternatives: list[list[Callable[[str], bool]]] = [[]]
    position = 0
    while True:
        named = _NAME.match(part, position)
        operator = OPERATOR.match(part, named.end()) if named else None
        value = VALUE.match(part, operator.end()) if operator else None
        if operator is None or value is None:
            raise invalid(f"{part[:40]!r} is no condition of a field")
        alternatives[-1].append(comparison(operator[1], value))
        rest = part[value.end() :].lstrip()
        if not rest:
            break
        if not rest.startswith(("||", "&&")):
            raise invalid(f"{rest[:20]!r} stands where && or || belongs")
        if rest.startswith("||"):
            alternatives.append([])
        position = len(part) - len(rest) + 2
    return lambda field: any(all(condition(field) for condition in each) for each in alternatives)
