r"""The `REPORT` line: written from a record, and read back from a log.

    REPORT RequestId: <id>\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t…\n

`Init Duration` stands on a cold start only, `Status` and `Error Type` only for faults of the platform: a timeout, an end of the
runtime's process, a module that could not be loaded; not for a handler's exception. Every field is followed by a tab.

Observed: 2024–2026, CloudWatch logs of AWS Lambda.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_lambda.model.invocation import Status

if TYPE_CHECKING:
    from jupyter_lambda.model.invocation import InvocationRecord

# How a runtime says that a module could not be made ready; a handler's own exception never has such a name.
_INIT_FAULTS: Final = frozenset(
    {
        "Runtime.ImportModuleError",
        "Runtime.HandlerNotFound",
        "Runtime.UserCodeSyntaxError",
        "Runtime.MalformedHandlerName",
    }
)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A REPORT line's figures."""

    request_id: str
    duration_ms: float
    billed_ms: int
    memory_mib: int
    max_memory_mib: int
    init_ms: float | None = None
    status: str | None = None  # "error" | "timeout"
    error_type: str | None = None


def report_of(record: InvocationRecord, *, fault: str | None = None) -> Report:
    """The figures that the REPORT line of a record has.

    Args:
        record: How the invocation ended.
        fault: The fault's type where the record doesn't show that there was one: an exception while the module was loaded, which
            Lambda calls `Runtime.Unknown`.
    """
    status, error_type = _status(record, fault)
    return Report(
        request_id=record.request_id,
        duration_ms=record.duration_ms,
        billed_ms=record.billed_ms,
        memory_mib=record.memory_mib,
        max_memory_mib=record.max_memory_mib,
        init_ms=record.init_ms if record.cold and record.init_ms > 0 else None,
        status=status,
        error_type=error_type,
    )


def _status(record: InvocationRecord, fault: str | None) -> tuple[str | None, str | None]:
    match record.status:
        case Status.TIMED_OUT:
            return "timeout", None
        case Status.OUT_OF_MEMORY:
            return "error", record.error_type or "Runtime.OutOfMemory"
        case Status.EXITED:
            return "error", record.error_type or "Runtime.ExitError"
        case Status.FAILED if fault or record.error_type in _INIT_FAULTS:
            return "error", fault or record.error_type
        case _:
            return None, None


def report_line(record: InvocationRecord, *, fault: str | None = None) -> str:
    """The REPORT line of a record, with its tab and newline at the end; arguments as for `report_of`."""
    return format_report(report_of(record, fault=fault))


def format_report(report: Report) -> str:
    """The line for some figures."""
    fields = [
        f"REPORT RequestId: {report.request_id}",
        f"Duration: {report.duration_ms:.2f} ms",
        f"Billed Duration: {report.billed_ms} ms",
        f"Memory Size: {report.memory_mib} MB",
        f"Max Memory Used: {report.max_memory_mib} MB",
    ]
    if report.init_ms is not None:
        fields.append(f"Init Duration: {report.init_ms:.2f} ms")
    if report.status is not None:
        fields.append(f"Status: {report.status}")
    if report.error_type is not None:
        fields.append(f"Error Type: {report.error_type}")
    return "".join(f"{field}\t" for field in fields) + "\n"


_LINE: Final = re.compile(
    r"^REPORT RequestId: (?P<request_id>\S+)\s+Duration: (?P<duration_ms>[\d.]+) ms\s+Billed Duration: (?P<billed_ms>\d+) ms\s+"
    r"Memory Size: (?P<memory_mib>\d+) MB\s+Max Memory Used: (?P<max_memory_mib>\d+) MB"
    r"(?:\s+Init Duration: (?P<init_ms>[\d.]+) ms)?(?:\s+Status: (?P<status>\w+))?(?:\s+Error Type: (?P<error_type>\S+))?\s*$"
)


def parse_report(line: str) -> Report | None:
    """The figures of a REPORT line, with tabs or (as some tools copy it) spaces between them; None if it isn't one."""
    match = _LINE.match(line)
    return None if match is None else msgspec.convert(match.groupdict(), Report, strict=False)


def last_report(log: str) -> Report | None:
    """The figures of the last REPORT line in a log: what a handler printed that looks like one stands before it."""
    for line in reversed(log.splitlines()):
        if line.startswith("REPORT ") and (report := parse_report(line)):
            return report
    return None
