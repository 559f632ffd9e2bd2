"""An invocation: what was asked, how it ended, and what it cost, as values."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from jupyter_lambda.model.init_times import InitTimes


class Status(StrEnum):
    """How an invocation stands, or ended."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # the handler raised, could not be loaded, or its result could not be sent
    TIMED_OUT = "timed-out"
    OUT_OF_MEMORY = "out-of-memory"
    EXITED = "exited"  # the runtime's process ended: exit, crash, signal
    CANCELLED = "cancelled"
    THROTTLED = "throttled"
    LOST = "lost"  # the platform's fault


class InvocationRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of an invocation: the REPORT line's figures and what no REPORT line has."""

    request_id: str
    function_name: str
    version: str  # executed
    qualifier: str | None = None
    status: Status = Status.SUCCEEDED
    environment_id: str = ""
    log_stream: str = ""
    arrived: float = 0.0  # epoch seconds
    queued_ms: float = 0.0  # arrival until an environment took it, environment start and init included when cold
    cold: bool = False
    start_ms: float = 0.0  # the environment's own start: process, walls; on a cold start
    init_ms: float = 0.0  # Init Duration; on a cold start
    init_times: InitTimes | None = None  # where that went, if the runtime told; on a cold start
    duration_ms: float = 0.0
    billed_ms: int = 0
    memory_mib: int = 0  # the limit that held for it
    max_memory_mib: int = 0
    timeout_seconds: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    error_type: str | None = None
    error_message: str | None = None
    trace_id: str | None = None
    invocation_type: str = "RequestResponse"
    attempt: int = 1
    sandbox: str = ""
    log_group: str = ""  # where it is not the function's own
    log_times: tuple[tuple[int, int], ...] = ()  # see telemetry.line_times
    reserved: bool = False  # it counted against the function's reserved concurrency
    provisioned: int = 0  # environments that were provisioned for its version when it ran
    spilled: bool = False  # more were busy than are provisioned


class InvocationResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller gets: the payload as bytes, whether it is a function error, and the record."""

    payload: bytes
    record: InvocationRecord
    log: bytes = b""  # from the environment's previous END to this one's; init's lines stand first on a cold start

    @property
    def function_error(self) -> str | None:
        """`Unhandled` where the payload is an error (AWS never answers `Handled` any more), else None."""
        return None if self.record.status is Status.SUCCEEDED else "Unhandled"
