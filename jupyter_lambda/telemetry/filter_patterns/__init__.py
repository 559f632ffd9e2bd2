"""CloudWatch Logs' filter patterns: terms, JSON conditions and space-delimited fields, as predicates over messages.

Source: Amazon CloudWatch Logs User Guide, "Filter pattern syntax". Matching takes time in proportion to the message, whatever the
pattern: its regular expressions are a subset that needs no backtracking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lambda.telemetry.filter_patterns.fields import parse_fields
from jupyter_lambda.telemetry.filter_patterns.json_conditions import parse_json_condition
from jupyter_lambda.telemetry.filter_patterns.terms import parse_terms

if TYPE_CHECKING:
    from collections.abc import Callable


def filter_pattern(text: str) -> Callable[[str], bool]:
    """What a pattern means: whether it matches a message.

    Raises:
        InvalidParameter: It is no pattern (InvalidParameterException, 400).
    """
    pattern = text.strip()
    if pattern.startswith("{") and pattern.endswith("}"):
        return parse_json_condition(pattern[1:-1])
    if pattern.startswith("[") and pattern.endswith("]"):
        return parse_fields(pattern[1:-1])
    return parse_terms(pattern)
