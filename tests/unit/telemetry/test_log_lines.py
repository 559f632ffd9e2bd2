"""The platform's lines, character for character as Lambda writes them."""

from __future__ import annotations

import re

import pytest

from jupyter_lambda.telemetry import log_lines
from jupyter_lambda.telemetry.log_tail import log_result, log_tail

ID = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"
TEN_O_CLOCK = 1_795_514_400.0  # 2026-11-24T10:00:00Z


def test_lines():
    assert log_lines.start_line(ID, "$LATEST") == f"START RequestId: {ID} Version: $LATEST\n"
    assert log_lines.end_line(ID) == f"END RequestId: {ID}\n"
    assert log_lines.init_start_line("python:3.13.v30", "arn:aws:lambda:us-east-1::runtime:abc") == (
        "INIT_START Runtime Version: python:3.13.v30\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:abc\n"
    )
    assert log_lines.init_report_line(1236.04) == "INIT_REPORT Init Duration: 1236.04 ms\tPhase: init\tStatus: timeout\n"
    assert log_lines.init_report_line(0.3, phase="invoke", status="error", error_type="Runtime.ExitError") == (
        "INIT_REPORT Init Duration: 0.30 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError\n"
    )
    assert log_lines.timeout_line(TEN_O_CLOCK, ID, 3) == f"2026-11-24T10:00:00.000Z {ID} Task timed out after 3.00 seconds\n\n"
    assert log_lines.fault_lines(ID, log_lines.exit_reason(status=1), "Runtime.ExitError") == (
        f"RequestId: {ID} Error: Runtime exited with error: exit status 1\nRuntime.ExitError\n"
    )


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"signal_name": "killed"}, "Runtime exited with error: signal: killed"),
        ({"status": 3}, "Runtime exited with error: exit status 3"),
        ({"status": 0}, "Runtime exited without providing a reason"),
        ({}, "Runtime exited without providing a reason"),
    ],
)
def test_exit_reasons(how, reason):
    assert log_lines.exit_reason(**how) == reason


@pytest.mark.parametrize(
    ("epoch", "text"),
    [
        (TEN_O_CLOCK, "2026-11-24T10:00:00.000Z"),
        (TEN_O_CLOCK + 0.9999, "2026-11-24T10:00:00.999Z"),
        (TEN_O_CLOCK + 0.402, "2026-11-24T10:00:00.402Z"),
        (0.0, "1970-01-01T00:00:00.000Z"),
    ],
)
def test_timestamps(epoch, text):
    assert log_lines.timestamp(epoch) == text


def test_group_and_stream():
    assert log_lines.log_group("resize") == "/aws/lambda/resize"
    assert log_lines.log_stream(TEN_O_CLOCK, "$LATEST", "0123456789abcdef" * 2) == (
        "2026/11/24/[$LATEST]0123456789abcdef0123456789abcdef"
    )
    made = {log_lines.log_stream(TEN_O_CLOCK, "7") for _ in range(10)}
    assert len(made) == 10
    assert all(re.fullmatch(r"2026/11/24/\[7\][0-9a-f]{32}", name) for name in made)


@pytest.mark.parametrize(
    ("log", "tail"),
    [
        (b"", b""),
        (b"x" * 4096, b"x" * 4096),
        (b"a" + b"x" * 4096, b"x" * 4096),
        ("→".encode() * 2000, "→".encode() * 1365),  # 4,096 is no multiple of its 3 bytes
        ("😀".encode() * 1024 + b"!", "😀".encode() * 1023 + b"!"),
        (b"\x80" * 5000, b""),  # nothing but the insides of characters
    ],
)
def test_the_tail_begins_with_a_whole_character(log, tail):
    assert log_tail(log) == tail


def test_the_header_has_the_tail_in_base64():
    assert log_result(b"END\n") == "RU5ECg=="
