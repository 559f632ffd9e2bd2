"""The REPORT line, character for character, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lambda.model.invocation import InvocationRecord, Status
from jupyter_lambda.telemetry.report import Report, format_report, last_report, parse_report, report_line

ID = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"
WARM = f"REPORT RequestId: {ID}\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t"


def record(**members):
    settings = {"duration_ms": 12.34, "billed_ms": 13, "memory_mib": 128, "max_memory_mib": 40}
    return InvocationRecord(request_id=ID, function_name="f", version="1", **{**settings, **members})


def test_a_warm_invocation():
    assert report_line(record()) == WARM + "\n"


def test_a_cold_one_has_its_init():
    assert report_line(record(cold=True, init_ms=101.2)) == WARM + "Init Duration: 101.20 ms\t\n"


def test_an_init_that_belongs_to_no_cold_start_is_not_shown():
    assert report_line(record(cold=False, init_ms=101.2)) == WARM + "\n"


def test_durations_have_two_decimals():
    assert "\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\t" in report_line(record(duration_ms=3000, billed_ms=3000))


@pytest.mark.parametrize(
    ("members", "end"),
    [
        ({"status": Status.FAILED, "error_type": "ValueError"}, ""),
        ({"status": Status.FAILED, "error_type": "Runtime.MarshalError"}, ""),
        ({"status": Status.CANCELLED, "error_type": "Cancelled"}, ""),
        ({"status": Status.TIMED_OUT, "error_type": "Sandbox.Timedout"}, "Status: timeout\t"),
        (
            {"status": Status.OUT_OF_MEMORY, "error_type": "Runtime.OutOfMemory"},
            "Status: error\tError Type: Runtime.OutOfMemory\t",
        ),
        ({"status": Status.EXITED}, "Status: error\tError Type: Runtime.ExitError\t"),
        (
            {"status": Status.FAILED, "error_type": "Runtime.ImportModuleError"},
            "Status: error\tError Type: Runtime.ImportModuleError\t",
        ),
    ],
)
def test_only_a_fault_of_the_platform_has_a_status(members, end):
    assert report_line(record(**members)) == WARM + end + "\n"


def test_an_exception_while_the_module_loads_is_a_fault_when_the_engine_says_so():
    failed = record(status=Status.FAILED, error_type="ValueError")
    assert report_line(failed, fault="Runtime.Unknown") == WARM + "Status: error\tError Type: Runtime.Unknown\t\n"


@pytest.mark.parametrize(
    "line",
    [
        # as CloudWatch has them, with and without the last tab
        f"{WARM}\n",
        WARM.rstrip(),
        WARM.replace("\t", " "),
        f"{WARM}Init Duration: 495.04 ms\tStatus: error\tError Type: Runtime.OutOfMemory\n",
        f"{WARM}Status: timeout\n",
    ],
)
def test_reads_lines_as_they_are_found(line):
    report = parse_report(line)
    assert report is not None
    assert (report.request_id, report.duration_ms, report.billed_ms, report.memory_mib, report.max_memory_mib) == (
        ID,
        12.34,
        13,
        128,
        40,
    )
    assert report.init_ms == (495.04 if "Init" in line else None)
    assert report.status == (None if "Status" not in line else "timeout" if "timeout" in line else "error")
    assert report.error_type == ("Runtime.OutOfMemory" if "Type" in line else None)


@pytest.mark.parametrize(
    "line", ["", "REPORT", f"START RequestId: {ID} Version: 1", f" {WARM}", WARM.replace("Duration: 12.34", "Duration: x")]
)
def test_other_lines_are_no_report(line):
    assert parse_report(line) is None


hundredths = st.integers(0, 90_000_000).map(lambda n: n / 100)


@given(
    st.builds(
        Report,
        request_id=st.uuids().map(str),
        duration_ms=hundredths,
        billed_ms=st.integers(0, 10**6),
        memory_mib=st.integers(128, 10_240),
        max_memory_mib=st.integers(0, 10_240),
        init_ms=st.none() | hundredths,
        status=st.sampled_from([None, "error", "timeout"]),
        error_type=st.sampled_from([None, "Runtime.ExitError"]),
    )
)
def test_what_is_written_is_read_back(report):
    assert parse_report(format_report(report)) == report


def test_the_last_report_of_a_log_is_the_platforms():
    log = f"START\n{WARM.replace('13 ms', '99 ms')}\nEND\n{WARM}\n"
    assert last_report(log).billed_ms == 13
    assert last_report("nothing\n") is None
