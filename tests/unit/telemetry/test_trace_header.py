"""Trace headers: made, taken apart, continued."""

from __future__ import annotations

import re

import pytest

from jupyter_lambda.telemetry.trace_header import TraceHeader, continue_trace, new_trace, parse_trace_header

ROOT = "1-5bef4de7-ad49b0e87f6ef6c87fc2e700"
PARENT = "9a9197af755a6419"
WHOLE = f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=1:a87bd80c:3"


def test_a_header_is_taken_apart_and_written_again():
    header = parse_trace_header(WHOLE)
    assert header == TraceHeader(root=ROOT, parent=PARENT, sampled="1", lineage="1:a87bd80c:3")
    assert str(header) == WHOLE


@pytest.mark.parametrize(
    ("text", "again"),
    [
        (f"Root={ROOT}", f"Root={ROOT}"),
        (f" sampled=0 ; ROOT={ROOT} ", f"Root={ROOT};Sampled=0"),
        (f"Root={ROOT};Parent=nonsense;Sampled=9;Self=1-2;", f"Root={ROOT}"),
    ],
)
def test_what_is_missing_or_wrong_is_left_out(text, again):
    assert str(parse_trace_header(text)) == again


@pytest.mark.parametrize("text", [None, "", "x", "Root=1-2-3", f"Parent={PARENT}", f"Root={ROOT}\r\nX: y"])
def test_without_a_root_there_is_no_header(text):
    assert parse_trace_header(text) is None


def test_a_new_trace_carries_the_time_and_is_not_sampled():
    header = new_trace(0x5BEF4DE7 + 0.9)
    assert re.fullmatch(r"Root=1-5bef4de7-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0", str(header))
    assert new_trace(1.0).root != new_trace(1.0).root


def test_a_callers_trace_goes_on_with_a_parent_of_its_own():
    header = continue_trace(WHOLE, 1.0)
    assert (header.root, header.sampled, header.lineage) == (ROOT, "1", "1:a87bd80c:3")
    assert header.parent != PARENT


def test_an_open_question_of_sampling_is_answered_with_no():
    assert continue_trace(f"Root={ROOT};Sampled=?", 1.0).sampled == "0"
    assert continue_trace(f"Root={ROOT}", 1.0).sampled == "0"


def test_a_header_that_is_none_begins_a_trace():
    assert continue_trace("garbage", 0x5BEF4DE7).root.startswith("1-5bef4de7-")
