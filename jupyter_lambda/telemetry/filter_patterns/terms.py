"""Patterns of terms: all of them, `?` any of them, `-` none of them; words, "phrases" and %regular expressions%."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from jupyter_lambda.telemetry.filter_patterns.refusal import invalid
from jupyter_lambda.telemetry.filter_patterns.regular_expression import RegularExpression

if TYPE_CHECKING:
    from collections.abc import Callable

_TERM: Final = re.compile(r'\s*(?P<mode>[?-]?)(?:"(?P<phrase>(?:\\.|[^"\\])*)"|%(?P<regex>(?:\\%|[^%])+)%|(?P<word>[^\s"%]+))')


def parse_terms(pattern: str) -> Callable[[str], bool]:
    """Whether a message has the terms. Beside others, terms with `?` say nothing, as with AWS."""
    all_of: list[Callable[[str], bool]] = []
    any_of: list[Callable[[str], bool]] = []
    none_of: list[Callable[[str], bool]] = []
    position = 0
    while position < len(pattern):
        found = _TERM.match(pattern, position)
        if found is None:
            raise invalid(f"nothing that begins with {pattern[position:].strip()[:1]!r} is a term")
        {"": all_of, "?": any_of, "-": none_of}[found["mode"]].append(_contains(found))
        position = found.end()
    if any_of and not all_of and not none_of:
        return lambda message: any(term(message) for term in any_of)
    return lambda message: all(term(message) for term in all_of) and not any(term(message) for term in none_of)


def _contains(found: re.Match[str]) -> Callable[[str], bool]:
    if found["regex"] is not None:
        return RegularExpression(found["regex"]).search
    text = found["word"] if found["phrase"] is None else re.sub(r"\\(.)", r"\1", found["phrase"])
    return lambda message: text in message
