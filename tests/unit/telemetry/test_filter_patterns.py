"""CloudWatch Logs' filter patterns match what AWS's guide says they match, in time that no pattern can stretch.

Source: Amazon CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live
Tail": examples of this table are of its kinds.
"""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_lambda.errors import InvalidParameter
from jupyter_lambda.telemetry.filter_patterns import filter_pattern
from jupyter_lambda.telemetry.filter_patterns.regular_expression import RegularExpression

BAD, DENIED, AUTH = "[ERROR 400] BAD REQUEST", "[ERROR 401] UNAUTHORIZED REQUEST", "[WARN 419] MISSING ARGUMENTS"
LINES = [BAD, DENIED, AUTH, "[INFO] all is well"]


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("", LINES),
        ("ERROR", [BAD, DENIED]),
        ("error", []),
        ("ERROR REQUEST", [BAD, DENIED]),
        ("ERROR -BAD", [DENIED]),
        ('"BAD REQUEST"', [BAD]),
        ('-"BAD REQUEST" ERROR', [DENIED]),
        ("?400 ?419", [BAD, AUTH]),
        ("?400 ?419 UNAUTHORIZED", [DENIED]),
        ("%40[01]%", [BAD, DENIED]),
        ("%^.WARN|well$%", [AUTH, LINES[3]]),
        ("[head, rest]", []),
        ("[head, rest, ...]", LINES),
    ],
)
def test_terms(pattern, matched):
    matches = filter_pattern(pattern)
    assert [line for line in LINES if matches(line)] == matched


EVENT = {
    "level": "ERROR", "code": 503, "ratio": 0.5, "ok": False, "nothing": None, "user": {"name": "ann", "tags": ["a", "bc"]},
    "items": [{"id": 1}, {"id": 2}], "odd key": "x", "number": "12",
}  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('$.level = "ERROR"', True),
        ("$.level = ERROR", True),
        ("$.level = INFO", False),
        ("$.level != INFO", True),
        ("$.absent != INFO", False),
        ('$.level = "ERR*"', True),
        ('$.level = "*R*R"', True),
        ('$.level = "*x*"', False),
        ('$.level = "ERR*x"', False),
        ('$.level = "x*ROR"', False),
        ('$.level = "ERRO*RROR"', False),
        ("$.level = %^ERR|WARN%", True),
        ("$.code = 503", True),
        ("$.code >= 500 && $.code < 600", True),
        ("$.code > 503 || $.ratio <= 0.5", True),
        ("$.code > 503 || $.ratio < 5e-1", False),
        ("$.number > 11", True),
        ("$.level > 11", False),
        ("$.ok IS FALSE", True),
        ("$.ok IS TRUE", False),
        ("$.nothing IS NULL", True),
        ("$.nothing NOT EXISTS", False),
        ("$.absent NOT EXISTS", True),
        ("$.user.name = ann", True),
        ('$.user.tags[1] = "bc"', True),
        ("$.user.tags[2] = bc", False),
        ("$.items[*].id = 2", True),
        ("$.items[*].id = 3", False),
        ("$.['odd key'] = x", True),
        ('$.["odd key"] = x', True),
        ("$.user.* = ann", True),
        ("($.level = INFO || $.code = 503) && $.ok IS FALSE", True),
        ("$.level = INFO || $.code = 503 && $.ok IS TRUE", False),
        ("$.user = ann", False),
    ],
)
def test_json_conditions(condition, expected):
    assert filter_pattern(f"{{ {condition} }}")(json.dumps(EVENT)) is expected


@pytest.mark.parametrize("message", ["", "text", "[1]", "{", '{"a":', '{"a": "\ud800"}', "{" * 5_000, '{"level":' * 5_000])
def test_what_is_no_json_object_matches_no_json_condition(message):
    assert not filter_pattern("{ $.level NOT EXISTS }")(message)


ACCESS = '127.0.0.1 Prod frank [10/Oct/2025:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("ip, id, user, timestamp, request, status, bytes", True),
        ("ip, id, user, timestamp, request, status", False),
        ("ip, id, user, timestamp, request, status = 4*, bytes", True),
        ("ip, id, user, timestamp, request, status = 404 || status = 410, bytes > 1000", True),
        ("ip, id, user, timestamp, request, status = 404 && status != 410, bytes > 1600", False),
        ("ip = 127.*, ..., bytes", True),
        ("..., status = 5*, bytes", False),
        ("..., status = %^4%, bytes", True),
        ('ip, id, user, timestamp, request = "*html*", ...', True),
        ("ip, ...", True),
        ("ip, id, user != frank, ...", False),
    ],
)
def test_fields(fields, expected):
    assert filter_pattern(f"[{fields}]")(ACCESS) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        '"open', "%open", "%(a)%", "%a{1,999}%", "%[z-a]%", "%*a%", "%\\%", "{ }", "{ $.a }", "{ $.a = }", "{ $.a = 1 && }", "{ a = 1 }",
        "{ ($.a = 1 }", "{ $.a = 1 ) }", "{ $.a > x }", "{" + "(" * 100 + "$.a = 1" + ")" * 100 + "}", "[a, ]", "[a b]", "[]", "[..., ...]",
        "[a, b = ]", '[a, b = "x]', "[a = 1 | a = 2]", "%" + "a{100}" * 50 + "%",
    ],
)  # fmt: skip
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(InvalidParameter, match="filter pattern"):
        filter_pattern(pattern)


ATOM = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", r"\.", "1", " "])
COUNT = st.sampled_from(["", "", "?", "*", "+", "{2}", "{1,3}", "{2,}"])
PART = st.lists(st.tuples(ATOM, COUNT), max_size=4).map(lambda parts: "".join(a + c for a, c in parts))
EXPRESSION = st.lists(
    st.tuples(st.sampled_from(["", "^"]), PART, st.sampled_from(["", "$"])).map("".join), min_size=1, max_size=3
).map("|".join)


@settings(max_examples=400, deadline=None)
@given(expression=EXPRESSION, text=st.text("ab1. c", max_size=12))
def test_regular_expressions_are_those_of_the_standard_library(expression, text):
    assert RegularExpression(expression).search(text) is bool(re.search(expression, text))


def test_no_expression_takes_long():
    expression, text = RegularExpression(".*.*.*.*.*.*.*=.*b"), "a" * 200_000
    assert not expression.search(text)


@settings(max_examples=300, deadline=None)
@given(pattern=st.text('ab1?-"%{}[]$.=<>!&|()*, \\', max_size=30), message=st.text('ab1{}":, ', max_size=20))
def test_every_text_is_a_pattern_or_refused(pattern, message):
    try:
        matches = filter_pattern(pattern)
    except InvalidParameter:
        return
    assert matches(message) in (True, False)
