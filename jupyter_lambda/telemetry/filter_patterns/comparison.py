"""Values and how they are compared: numbers as numbers, strings with `*` for anything, %regular expressions%."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.telemetry.filter_patterns.refusal import invalid
from jupyter_lambda.telemetry.filter_patterns.regular_expression import RegularExpression

if TYPE_CHECKING:
    from collections.abc import Callable

OPERATOR: Final = re.compile(r"\s*(!=|<=|>=|=|<|>)\s*")
VALUE: Final = re.compile(r'"(?P<quoted>(?:\\.|[^"\\])*)"|%(?P<regex>(?:\\%|[^%])+)%|(?P<plain>[^\s"%&|(),\]}]+)')
NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")


def comparison(operator: str, found: re.Match[str]) -> Callable[[Any], bool]:
    """What an operator and a value (a match of `VALUE`) say of a value of the event: a string, a number or a truth value."""
    number = float(found["plain"]) if found["plain"] is not None and NUMBER.fullmatch(found["plain"]) else None
    if operator in ("=", "!="):
        equal = _equal(found, number)
        return equal if operator == "=" else lambda value: not equal(value)
    if number is None:
        raise invalid(f"{operator} compares numbers")
    return _ORDERS[operator](number)


_ORDERS: Final[dict[str, Callable[[float], Callable[[Any], bool]]]] = {
    "<": lambda bound: lambda value: (n := as_number(value)) is not None and n < bound,
    ">": lambda bound: lambda value: (n := as_number(value)) is not None and n > bound,
    "<=": lambda bound: lambda value: (n := as_number(value)) is not None and n <= bound,
    ">=": lambda bound: lambda value: (n := as_number(value)) is not None and n >= bound,
}


def as_number(value: Any) -> float | None:
    """A value as a number, None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if abs(value) < 1e308 else None
    return float(value) if isinstance(value, str) and len(value) < 64 and NUMBER.fullmatch(value) else None


def _equal(found: re.Match[str], number: float | None) -> Callable[[Any], bool]:
    if found["regex"] is not None:
        search = RegularExpression(found["regex"]).search
        return lambda value: value is not None and search(_text(value))
    if number is not None:
        return lambda value: as_number(value) == number
    text = found["plain"] if found["quoted"] is None else re.sub(r"\\(.)", r"\1", found["quoted"])
    if "*" not in text:
        return lambda value: value is not None and _text(value) == text
    pieces = text.split("*")
    return lambda value: value is not None and _like(_text(value), pieces)


def _like(text: str, pieces: list[str]) -> bool:
    """Whether a text is these pieces with anything between them."""
    first, *middle, last = pieces
    if not (text.startswith(first) and text.endswith(last) and len(text) >= len(first) + len(last)):
        return False
    position, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ("true" if value else "false") if isinstance(value, bool) else str(value)
