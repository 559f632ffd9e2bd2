"""What the platform itself says about an environment and its invocations: lines of the log, and events of the Telemetry API.

An event has a type, a record and a level. A function whose log format is text gets the event's line, where it has one; one whose format
is JSON gets the record, if its level is at or above `SystemLogLevel`.

    event                  text             level
    initStart              INIT_START       INFO
    initRuntimeDone        –                DEBUG; WARN when it failed
    initReport             only a failed    DEBUG; WARN when it failed; INFO when provisioned
    start                  START            INFO
    runtimeDone            –                DEBUG; WARN when it failed
    end (not an event)     END              –
    report                 REPORT           INFO; WARN when it failed
    extension              EXTENSION        INFO; WARN when it failed
    telemetrySubscription  TELEMETRY        INFO
    logsDropped            –                WARN

Source: AWS Lambda Developer Guide, "Lambda Telemetry API Event schema reference" and "System log level event mapping".
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.telemetry.log_lines import end_line, init_report_line, init_start_line, start_line, timestamp
from jupyter_lambda.telemetry.report import Report, format_report, report_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jupyter_lambda.model.invocation import InvocationRecord

_LEVELS: Final = {"DEBUG": 0, "INFO": 1, "WARN": 2}
SUCCESS: Final = "success"


Record = dict[str, Any]


class PlatformEvent:
    """One thing that the platform says.

    Args:
        kind: Its type, `platform.start`; empty: a line of the text format that is no event.
        record: What it says, or what builds that: every invocation has three events, and most are read by nobody.
        level: DEBUG, INFO or WARN.
        text: The line, with its newline; empty: the text format does not have it.
    """

    __slots__ = ("_record", "kind", "level", "text")

    def __init__(
        self, kind: str = "", record: Record | Callable[[], Record] | None = None, *, level: str = "INFO", text: str = ""
    ) -> None:
        self.kind = kind
        self.level = level
        self.text = text
        self._record = record

    @property
    def record(self) -> Record:
        """What the event says."""
        return self._record() if callable(self._record) else self._record or {}

    def as_event(self, epoch: float) -> dict[str, Any]:
        """The event as subscribers and the JSON format have it."""
        return {"time": timestamp(epoch), "type": self.kind, "record": self.record}

    def json_line(self, epoch: float, system_level: str = "INFO") -> str:
        """What stands in a log whose format is JSON; empty where nothing does."""
        if not self.kind or _LEVELS[self.level] < _LEVELS.get(system_level, 1):
            return ""
        return msgspec.json.encode(self.as_event(epoch)).decode() + "\n"


def init_start(
    runtime_version: str, runtime_version_arn: str, *, name: str, version: str, memory_mib: int, instance: str, provisioned: bool
) -> PlatformEvent:
    """An environment begins."""
    record = {
        "initializationType": _initialization(provisioned=provisioned), "phase": "init", "runtimeVersion": runtime_version,
        "runtimeVersionArn": runtime_version_arn, "functionName": name, "functionVersion": version, "instanceId": instance,
        "instanceMaxMemory": memory_mib * 1024 * 1024,
    }  # fmt: skip
    return PlatformEvent("platform.initStart", record, text=init_start_line(runtime_version, runtime_version_arn))


def init_runtime_done(
    *, provisioned: bool, phase: str = "init", status: str = SUCCESS, error_type: str | None = None
) -> PlatformEvent:
    """The runtime's init ended."""
    record = {"initializationType": _initialization(provisioned=provisioned), "phase": phase, **_ending(status, error_type)}
    return PlatformEvent("platform.initRuntimeDone", record, level=_level(status, "DEBUG"))


def init_report(
    init_ms: float, *, provisioned: bool, phase: str = "init", status: str = SUCCESS, error_type: str | None = None
) -> PlatformEvent:
    """Init ended, extensions included; a failed one has a line in the text format too."""
    record = {
        "initializationType": _initialization(provisioned=provisioned), "phase": phase, **_ending(status, error_type),
        "metrics": {"durationMs": _milliseconds(init_ms)},
    }  # fmt: skip
    text = "" if status == SUCCESS else init_report_line(init_ms, phase=phase, status=status, error_type=error_type)
    return PlatformEvent("platform.initReport", record, level=_level(status, "INFO" if provisioned else "DEBUG"), text=text)


def start(request_id: str, version: str, trace_id: str | None = None) -> PlatformEvent:
    """An invocation begins."""
    return PlatformEvent(
        "platform.start", functools.partial(_start_record, request_id, version, trace_id), text=start_line(request_id, version)
    )


def _start_record(request_id: str, version: str, trace_id: str | None) -> Record:
    tracing = {"tracing": {"type": "X-Amzn-Trace-Id", "value": trace_id}} if trace_id else {}
    return {"requestId": request_id, "version": version, **tracing}


def runtime_done(
    request_id: str, *, duration_ms: float, produced_bytes: int, status: str = SUCCESS, error_type: str | None = None
) -> PlatformEvent:
    """The runtime answered; extensions may go on."""
    metrics = {"durationMs": _milliseconds(duration_ms), "producedBytes": produced_bytes}
    record = {"requestId": request_id, **_ending(status, error_type), "metrics": metrics}
    return PlatformEvent("platform.runtimeDone", record, level=_level(status, "DEBUG"))


def end(request_id: str) -> PlatformEvent:
    """The line that ends an invocation's part of a text log."""
    return PlatformEvent(text=end_line(request_id))


def report(record: InvocationRecord, *, fault: str | None = None) -> PlatformEvent:
    """An invocation's figures; `fault` as for `telemetry.report.report_of`."""
    figures = report_of(record, fault=fault)
    return PlatformEvent(
        "platform.report", functools.partial(_report_record, figures, record.error_type),
        level=_level(_report_status(figures, record.error_type), "INFO"), text=format_report(figures),
    )  # fmt: skip


def _report_record(figures: Report, error_type: str | None) -> Record:
    metrics: Record = {
        "durationMs": _milliseconds(figures.duration_ms), "billedDurationMs": figures.billed_ms,
        "memorySizeMB": figures.memory_mib, "maxMemoryUsedMB": figures.max_memory_mib,
    }  # fmt: skip
    if figures.init_ms is not None:
        metrics["initDurationMs"] = _milliseconds(figures.init_ms)
    ending = _ending(_report_status(figures, error_type), figures.error_type if figures.status else error_type)
    return {"requestId": figures.request_id, "metrics": metrics, **ending}


def _report_status(figures: Report, error_type: str | None) -> str:
    """A handler's exception is an error here, though the text's REPORT does not say so."""
    return figures.status or ("error" if error_type else SUCCESS)


def extension(name: str, state: str, events: Iterable[str], error_type: str | None = None) -> PlatformEvent:
    """How far an extension came in init."""
    events = list(events)
    record: Record = {"name": name, "state": state, "events": events}
    text = f"EXTENSION\tName: {name}\tState: {state}\tEvents: [{', '.join(events)}]"
    if error_type:
        record["errorType"] = error_type
        text += f"\tError Type: {error_type}"
    return PlatformEvent("platform.extension", record, level="WARN" if error_type else "INFO", text=f"{text}\n")


def telemetry_subscription(name: str, types: Iterable[str]) -> PlatformEvent:
    """An extension subscribed to the Telemetry API."""
    types = list(types)
    return PlatformEvent(
        "platform.telemetrySubscription", {"name": name, "state": "Subscribed", "types": types},
        text=f"TELEMETRY\tName: {name}\tState: Subscribed\tTypes: [{', '.join(types)}]\n",
    )  # fmt: skip


def logs_dropped(reason: str, records: int, size: int) -> PlatformEvent:
    """Events that a subscriber did not take in time."""
    return PlatformEvent(
        "platform.logsDropped", {"reason": reason, "droppedRecords": records, "droppedBytes": size}, level="WARN"
    )


def _initialization(*, provisioned: bool) -> str:
    return "provisioned-concurrency" if provisioned else "on-demand"


def _ending(status: str, error_type: str | None) -> dict[str, str]:
    return {"status": status, "errorType": error_type} if error_type else {"status": status}


def _level(status: str, otherwise: str) -> str:
    return otherwise if status == SUCCESS else "WARN"


def _milliseconds(value: float) -> float:
    return round(value, 3)
