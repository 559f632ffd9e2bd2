"""How an invocation ended, in Lambda's words: payloads, statuses and log lines of failures that no handler reported.

Source: lambda errors as AWS answers them; AWS Lambda Developer Guide, "Understanding retry behavior" and "Troubleshoot".
"""

from __future__ import annotations

import signal
from typing import NamedTuple

import msgspec

from jupyter_lambda.model import limits
from jupyter_lambda.model.invocation import Status
from jupyter_lambda.sandbox.protocol import Death, DeathCause
from jupyter_lambda.telemetry.log_lines import exit_reason, fault_lines, fault_message, timeout_line, timeout_message


class Failure(NamedTuple):
    """A failure of the platform's telling: its status, error type and message, and the line that goes into the log."""

    status: Status
    error_type: str
    message: str
    log_line: str

    @property
    def payload(self) -> bytes:
        """What the caller gets."""
        return msgspec.json.encode({"errorType": self.error_type, "errorMessage": self.message})


class HandlerError(msgspec.Struct):
    """The part of a runtime's error that the record keeps."""

    errorType: str = "Unhandled"
    errorMessage: str | None = ""


def timed_out(request_id: str, timeout_seconds: float, now: float) -> Failure:
    """The function's time was up at `now` (epoch seconds)."""
    message = fault_message(request_id, timeout_message(timeout_seconds))
    return Failure(Status.TIMED_OUT, "Sandbox.Timedout", message, timeout_line(now, request_id, timeout_seconds))


def ended(request_id: str, death: Death) -> Failure:
    """The runtime's process ended by itself, by a signal or for want of memory."""
    if death.cause is DeathCause.OUT_OF_MEMORY:
        status, error_type, reason = Status.OUT_OF_MEMORY, "Runtime.OutOfMemory", exit_reason(signal_name="killed")
    elif death.cause is DeathCause.EXIT:
        status, error_type, reason = Status.EXITED, "Runtime.ExitError", exit_reason(status=death.code)
    else:
        status, error_type, reason = Status.EXITED, "Runtime.ExitError", exit_reason(signal_name=_signal_words(death.code))
    if death.note:
        reason = f"{reason}: {death.note}"
    lines = fault_lines(request_id, reason, "Runtime.ExitError")
    return Failure(status, error_type, fault_message(request_id, reason), lines)


def extension_failed(request_id: str, error_type: str, reason: str) -> Failure:
    """An extension ended, or said that it can't go on, while the function had an invocation."""
    return Failure(Status.EXITED, error_type, fault_message(request_id, reason), fault_lines(request_id, reason, error_type))


def cancelled(request_id: str) -> Failure:
    """The caller cancelled it. Lambda has no such end; the error type is ours."""
    text = f"RequestId: {request_id} Error: Cancelled by the caller"
    return Failure(Status.CANCELLED, "JupyterLambda.Cancelled", text, f"{text}\n")


def response_too_large(request_id: str) -> Failure:
    """The handler's result is above Lambda's limit."""
    text = f"Response payload size exceeded maximum allowed payload size ({limits.RESPONSE_BYTES_MAX} bytes)."
    return Failure(Status.FAILED, "Function.ResponseSizeTooLarge", text, f"RequestId: {request_id} Error: {text}\n")


def handler_error(payload: bytes) -> HandlerError:
    """Read type and message of an error that a runtime sent; whatever it sent, there is an answer."""
    try:
        return msgspec.json.decode(payload, type=HandlerError)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return HandlerError(errorType="Unknown", errorMessage=payload[:1_000].decode("utf-8", "replace"))


_GO_SIGNAL_WORDS = {  # what Lambda prints: Go's words for signals
    signal.SIGHUP: "hangup", signal.SIGINT: "interrupt", signal.SIGQUIT: "quit", signal.SIGILL: "illegal instruction",
    signal.SIGTRAP: "trace/breakpoint trap", signal.SIGABRT: "aborted", signal.SIGBUS: "bus error",
    signal.SIGFPE: "floating point exception", signal.SIGKILL: "killed", signal.SIGUSR1: "user defined signal 1",
    signal.SIGSEGV: "segmentation fault", signal.SIGUSR2: "user defined signal 2", signal.SIGPIPE: "broken pipe",
    signal.SIGALRM: "alarm clock", signal.SIGTERM: "terminated", signal.SIGSYS: "bad system call",
}  # fmt: skip


def _signal_words(number: int) -> str:
    try:
        return _GO_SIGNAL_WORDS.get(signal.Signals(number), f"signal {number}")
    except ValueError:
        return f"signal {number}"
