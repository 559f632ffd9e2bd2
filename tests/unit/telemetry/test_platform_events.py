"""What the platform says, in both log formats."""

from __future__ import annotations

import json

import pytest

from jupyter_lambda.model.invocation import InvocationRecord, Status
from jupyter_lambda.telemetry import platform_events

NOON = 1_764_000_000.0


def record(**changes: object) -> InvocationRecord:
    values: dict[str, object] = {
        "request_id": "r-1", "function_name": "f", "version": "$LATEST", "qualifier": "$LATEST", "status": Status.SUCCEEDED,
        "environment_id": "e", "log_stream": "s", "arrived": NOON, "queued_ms": 0.0, "cold": True, "start_ms": 3.0, "init_ms": 101.2,
        "duration_ms": 12.3456, "billed_ms": 114, "memory_mib": 128, "max_memory_mib": 40, "timeout_seconds": 3, "request_bytes": 2,
        "response_bytes": 4, "error_type": None, "error_message": None, "trace_id": None, "invocation_type": "RequestResponse",
        "attempt": 1, "sandbox": "process", **changes,
    }  # fmt: skip
    return InvocationRecord(**values)  # type: ignore[arg-type]


def test_a_start_in_both_formats():
    event = platform_events.start("r-1", "7", "Root=1-2")
    assert event.text == "START RequestId: r-1 Version: 7\n"
    assert json.loads(event.json_line(NOON)) == {
        "time": "2025-11-24T16:00:00.000Z", "type": "platform.start",
        "record": {"requestId": "r-1", "version": "7", "tracing": {"type": "X-Amzn-Trace-Id", "value": "Root=1-2"}},
    }  # fmt: skip


def test_a_report_of_success():
    said = json.loads(platform_events.report(record()).json_line(NOON))
    assert said["record"] == {
        "requestId": "r-1", "status": "success",
        "metrics": {"durationMs": 12.346, "billedDurationMs": 114, "memorySizeMB": 128, "maxMemoryUsedMB": 40, "initDurationMs": 101.2},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "status", "error_type", "line"),
    [
        ({"status": Status.TIMED_OUT, "error_type": "Sandbox.Timedout"}, "timeout", None, "Status: timeout\t"),
        (
            {"status": Status.EXITED, "error_type": "Runtime.ExitError"},
            "error",
            "Runtime.ExitError",
            "Error Type: Runtime.ExitError\t",
        ),
        ({"status": Status.FAILED, "error_type": "ValueError"}, "error", "ValueError", ""),
    ],
)
def test_reports_of_failures_are_warnings(changes: dict[str, object], status: str, error_type: str | None, line: str):
    event = platform_events.report(record(**changes))
    assert event.level == "WARN"
    assert (event.record["status"], event.record.get("errorType")) == (status, error_type)
    assert line in event.text


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (platform_events.init_runtime_done(provisioned=False), "DEBUG"),
        (platform_events.init_runtime_done(provisioned=False, status="error"), "WARN"),
        (platform_events.init_report(5.0, provisioned=False), "DEBUG"),
        (platform_events.init_report(5.0, provisioned=True), "INFO"),
        (platform_events.init_report(5.0, provisioned=True, status="timeout"), "WARN"),
        (platform_events.start("r", "1"), "INFO"),
        (platform_events.runtime_done("r", duration_ms=1.0, produced_bytes=2), "DEBUG"),
        (platform_events.runtime_done("r", duration_ms=1.0, produced_bytes=2, status="error"), "WARN"),
        (platform_events.report(record()), "INFO"),
        (platform_events.extension("e", "Ready", ["INVOKE"]), "INFO"),
        (platform_events.extension("e", "Started", [], "Extension.Crash"), "WARN"),
        (platform_events.telemetry_subscription("e", ["platform"]), "INFO"),
        (platform_events.logs_dropped("slow", 3, 400), "WARN"),
    ],
)
def test_the_system_log_level_decides_what_json_has(event: platform_events.PlatformEvent, level: str):
    ranks = ["DEBUG", "INFO", "WARN"]
    shown = [chosen for chosen in ranks if event.json_line(NOON, chosen)]
    assert shown == ranks[: ranks.index(level) + 1]


def test_only_text_has_an_end_and_only_a_failed_init_has_a_line():
    assert platform_events.end("r").text == "END RequestId: r\n"
    assert platform_events.end("r").json_line(NOON, "DEBUG") == ""
    assert platform_events.init_report(5.0, provisioned=False).text == ""
    failed = platform_events.init_report(5.0, provisioned=False, status="error", error_type="Runtime.ExitError")
    assert failed.text == "INIT_REPORT Init Duration: 5.00 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n"


def test_extensions_have_a_line():
    assert platform_events.extension("e", "Ready", ["INVOKE", "SHUTDOWN"]).text == (
        "EXTENSION\tName: e\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n"
    )
    assert platform_events.extension("e", "LaunchError", [], "UnknownError").text.endswith(
        "Events: []\tError Type: UnknownError\n"
    )
