"""Patterns over JSON events: `{ $.level = "ERROR" && ($.request.status >= 500 || $.user NOT EXISTS) }`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.telemetry.filter_patterns.comparison import OPERATOR, VALUE, comparison
from jupyter_lambda.telemetry.filter_patterns.refusal import invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SELECTOR: Final = re.compile(r"\s*\$((?:\.?\[(?:\d{1,6}|\*|'[^']*'|\"[^\"]*\")\]|\.[\w@/:-]+|\.\*)+)")
_STEP: Final = re.compile(
    r"\.?\[(?:(?P<index>\d+)|(?P<all>\*)|'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\")\]|\.(?P<name>[\w@/:-]+|\*)"
)
_STATE: Final = re.compile(r"\s+(IS\s+NULL|IS\s+TRUE|IS\s+FALSE|NOT\s+EXISTS)\b", re.IGNORECASE)
_DEPTH_MAX: Final = 32
_MISSING: Final = object()


def parse_json_condition(text: str) -> Callable[[str], bool]:
    """Whether a message is a JSON object that meets a condition."""
    condition = _Parser(text).whole()

    def matches(message: str) -> bool:
        if not message.lstrip().startswith("{"):
            return False
        try:
            document = msgspec.json.decode(message)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            return False
        return condition(document)

    return matches


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def whole(self) -> Callable[[Any], bool]:
        condition = self._any_of(0)
        if self._text[self._position :].strip():
            raise invalid(f"{self._text[self._position :].strip()[:20]!r} stands where && or || belongs")
        return condition

    def _any_of(self, depth: int) -> Callable[[Any], bool]:
        parts = [self._all_of(depth)]
        while self._takes("||"):
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else lambda document: any(part(document) for part in parts)

    def _all_of(self, depth: int) -> Callable[[Any], bool]:
        parts = [self._one(depth)]
        while self._takes("&&"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else lambda document: all(part(document) for part in parts)

    def _one(self, depth: int) -> Callable[[Any], bool]:
        if depth > _DEPTH_MAX:
            raise invalid("its parentheses are nested too deeply")
        if self._takes("("):
            inner = self._any_of(depth + 1)
            if not self._takes(")"):
                raise invalid("a parenthesis is not closed")
            return inner
        selector = _SELECTOR.match(self._text, self._position)
        if selector is None:
            raise invalid("a condition begins with $")
        steps = list(_STEP.finditer(selector[1]))
        self._position = selector.end()
        state = _STATE.match(self._text, self._position)
        if state is not None:
            self._position = state.end()
            return _of_state(" ".join(state[1].upper().split()), steps)
        operator = OPERATOR.match(self._text, self._position)
        value = VALUE.match(self._text, operator.end()) if operator else None
        if operator is None or value is None:
            raise invalid("a condition needs an operator and a value")
        self._position = value.end()
        compare = comparison(operator[1], value)
        return lambda document: any(_is_scalar(found) and compare(found) for found in _select(document, steps))

    def _takes(self, token: str) -> bool:
        rest = self._text[self._position :]
        blank = len(rest) - len(rest.lstrip())
        if rest.startswith(token, blank):
            self._position += blank + len(token)
            return True
        return False


def _of_state(state: str, steps: list[re.Match[str]]) -> Callable[[Any], bool]:
    if state == "NOT EXISTS":
        return lambda document: next(_select(document, steps), _MISSING) is _MISSING
    wanted = {"IS NULL": None, "IS TRUE": True, "IS FALSE": False}[state]
    return lambda document: any(found is wanted for found in _select(document, steps))


def _is_scalar(value: Any) -> bool:
    return value is not None and not isinstance(value, (dict, list))


def _select(document: Any, steps: list[re.Match[str]]) -> Iterator[Any]:
    """The values that a selector names."""
    values = [document]
    for step in steps:
        values = [found for value in values for found in _follow(value, step)]
    return iter(values)


def _follow(value: Any, step: re.Match[str]) -> Iterator[Any]:
    if isinstance(value, list):
        if step["all"] is not None or step["name"] == "*":
            yield from value
        elif step["index"] is not None and int(step["index"]) < len(value):
            yield value[int(step["index"])]
    elif isinstance(value, dict):
        if step["name"] == "*":
            yield from value.values()
            return
        name = next((given for given in (step["single"], step["double"], step["name"]) if given is not None), None)
        if name is not None and name in value:
            yield value[name]
