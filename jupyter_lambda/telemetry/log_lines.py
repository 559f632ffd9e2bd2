"""The platform's own lines in a function's log, and the names of log groups and streams.

Each function returns whole lines with their newline. The `REPORT` line has a module of its own.

Source: AWS Lambda Developer Guide, "Viewing CloudWatch logs for Lambda functions". Observed: 2020–2026, CloudWatch logs of AWS Lambda.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Final

LOG_GROUP_PREFIX: Final = "/aws/lambda/"


def timestamp(epoch_seconds: float) -> str:
    """A moment as Lambda writes it: `2026-11-24T10:00:00.000Z`."""
    whole_ms = int(epoch_seconds * 1000)  # cut off, not rounded: a line never comes from the future
    moment = datetime.fromtimestamp(whole_ms // 1000, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{whole_ms % 1000:03d}Z"


def log_group(function_name: str) -> str:
    """The log group of a function."""
    return f"{LOG_GROUP_PREFIX}{function_name}"


def log_stream(epoch_seconds: float, version: str, unique: str | None = None, *, named: str = "") -> str:
    """The log stream of an execution environment that began at a moment: `YYYY/MM/DD/[version]<32 hex digits>`.

    Args:
        epoch_seconds: When the environment began; the day is UTC's.
        version: `$LATEST` or a number.
        unique: 32 hex digits; None: random ones.
        named: What `name_in_stream` says.
    """
    moment = datetime.fromtimestamp(epoch_seconds, tz=UTC)
    return f"{moment:%Y/%m/%d}/{named}[{version}]{unique or secrets.token_hex(16)}"


def name_in_stream(function_name: str, chosen_group: str | None) -> str:
    """The function's name, which stands before the version in the streams of a log group that was chosen for it; else nothing."""
    return "" if chosen_group in (None, log_group(function_name)) else function_name


def init_start_line(runtime_version: str, runtime_version_arn: str) -> str:
    """Stands before everything that an environment logs while it starts."""
    return f"INIT_START Runtime Version: {runtime_version}\tRuntime Version ARN: {runtime_version_arn}\n"


def init_report_line(init_ms: float, *, phase: str = "init", status: str = "timeout", error_type: str | None = None) -> str:
    """Says that an init failed; one that went well has no such line, its duration stands in the REPORT.

    Args:
        init_ms: How long it ran.
        phase: "init", or "invoke" where init is repeated within an invocation.
        status: "timeout" or "error".
        error_type: With "error", e.g. `Runtime.ExitError`.
    """
    fault = f"\tError Type: {error_type}" if error_type else ""
    return f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: {phase}\tStatus: {status}{fault}\n"


def start_line(request_id: str, version: str) -> str:
    """Begins an invocation's part of the log."""
    return f"START RequestId: {request_id} Version: {version}\n"


def end_line(request_id: str) -> str:
    """Ends the part that the function wrote."""
    return f"END RequestId: {request_id}\n"


def timeout_message(timeout_seconds: float) -> str:
    """`Task timed out after 3.00 seconds`."""
    return f"Task timed out after {timeout_seconds:.2f} seconds"


def timeout_line(epoch_seconds: float, request_id: str, timeout_seconds: float) -> str:
    """Says that the function was ended at its timeout; an empty line follows, as at Lambda."""
    return f"{timestamp(epoch_seconds)} {request_id} {timeout_message(timeout_seconds)}\n\n"


def fault_message(request_id: str, what: str) -> str:
    """The errorMessage of a fault of the platform, e.g. `RequestId: … Error: Runtime exited with error: signal: killed`."""
    return f"RequestId: {request_id} Error: {what}"


def fault_lines(request_id: str, what: str, error_type: str) -> str:
    """Says that the runtime ended during an invocation: the message, then the error's type."""
    return f"{fault_message(request_id, what)}\n{error_type}\n"


def exit_reason(*, status: int | None = None, signal_name: str | None = None) -> str:
    """How Lambda says that a runtime ended: by a signal (`signal: killed`), with a status, or without a reason (status 0)."""
    if signal_name is not None:
        return f"Runtime exited with error: signal: {signal_name}"
    if status:
        return f"Runtime exited with error: exit status {status}"
    return "Runtime exited without providing a reason"
