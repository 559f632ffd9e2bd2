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

from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.telemetry.log_lines import end_line, init_report_line, init_start_line, start_line, timestamp
from jupyter_lambda.telemetry.report import format_report, report_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_lambda.model.invocation import InvocationRecord

_LEVELS: Final = {"DEBUG": 0, "INFO": 1, "WARN": 2}
SUCCESS: Final = "success"


class PlatformEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the platform says."""

    type: str = ""  # "platform.start"; empty: a line of the text format that is no event
    record: dict[str, Any] = {}
    level: str = "INFO"
    text: str = ""  # the line, with its newline; empty: the text format does not have it

    def as_event(self, epoch: float) -> dict[str, Any]:
        """The event as subscribers and the JSON format have it."""
        return {"time": timestamp(epoch), "type": self.type, "record": self.record}

    def line(self, epoch: float, *, as_json: bool, system_level: str = "INFO") -> str:
        """What stands in the function's log; empty where nothing does."""
        if not as_json:
            return self.text
        if not self.type or _LEVELS[self.level] < _LEVELS.get(system_level, 1):
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
    return PlatformEvent(type="platform.initStart", record=record, text=init_start_line(runtime_version, runtime_version_arn))


def init_runtime_done(
    *, provisioned: bool, phase: str = "init", status: str = SUCCESS, error_type: str | None = None
) -> PlatformEvent:
    """The runtime's init ended."""
    record = {"initializationType": _initialization(provisioned=provisioned), "phase": phase, **_ending(status, error_type)}
    return PlatformEvent(type="platform.initRuntimeDone", record=record, level=_level(status, "DEBUG"))


def init_report(
    init_ms: float, *, provisioned: bool, phase: str = "init", status: str = SUCCESS, error_type: str | None = None
) -> PlatformEvent:
    """Init ended, extensions included; a failed one has a line in the text format too."""
    record = {
        "initializationType": _initialization(provisioned=provisioned), "phase": phase, **_ending(status, error_type),
        "metrics": {"durationMs": _milliseconds(init_ms)},
    }  # fmt: skip
    text = "" if status == SUCCESS else init_report_line(init_ms, phase=phase, status=status, error_type=error_type)
    return PlatformEvent(
        type="platform.initReport", record=record, level=_level(status, "INFO" if provisioned else "DEBUG"), text=text
    )


def start(request_id: str, version: str, trace_id: str | None = None) -> PlatformEvent:
    """An invocation begins."""
    record: dict[str, Any] = {"requestId": request_id, "version": version}
    if trace_id:
        record["tracing"] = {"type": "X-Amzn-Trace-Id", "value": trace_id}
    return PlatformEvent(type="platform.start", record=record, text=start_line(request_id, version))


def runtime_done(
    request_id: str, *, duration_ms: float, produced_bytes: int, status: str = SUCCESS, error_type: str | None = None
) -> PlatformEvent:
    """The runtime answered; extensions may go on."""
    metrics = {"durationMs": _milliseconds(duration_ms), "producedBytes": produced_bytes}
    record = {"requestId": request_id, **_ending(status, error_type), "metrics": metrics}
    return PlatformEvent(type="platform.runtimeDone", record=record, level=_level(status, "DEBUG"))


def end(request_id: str) -> PlatformEvent:
    """The line that ends an invocation's part of a text log."""
    return PlatformEvent(text=end_line(request_id))


def report(record: InvocationRecord, *, fault: str | None = None) -> PlatformEvent:
    """An invocation's figures; `fault` as for `telemetry.report.report_of`."""
    figures = report_of(record, fault=fault)
    metrics: dict[str, Any] = {
        "durationMs": _milliseconds(figures.duration_ms), "billedDurationMs": figures.billed_ms,
        "memorySizeMB": figures.memory_mib, "maxMemoryUsedMB": figures.max_memory_mib,
    }  # fmt: skip
    if figures.init_ms is not None:
        metrics["initDurationMs"] = _milliseconds(figures.init_ms)
    status = figures.status or ("error" if record.error_type else SUCCESS)
    ending = _ending(status, figures.error_type if figures.status else record.error_type)
    return PlatformEvent(
        type="platform.report", record={"requestId": figures.request_id, "metrics": metrics, **ending},
        level=_level(status, "INFO"), text=format_report(figures),
    )  # fmt: skip


def extension(name: str, state: str, events: Iterable[str], error_type: str | None = None) -> PlatformEvent:
    """How far an extension came in init."""
    events = list(events)
    record: dict[str, Any] = {"name": name, "state": state, "events": events}
    text = f"EXTENSION\tName: {name}\tState: {state}\tEvents: [{', '.join(events)}]"
    if error_type:
        record["errorType"] = error_type
        text += f"\tError Type: {error_type}"
    return PlatformEvent(type="platform.extension", record=record, level="WARN" if error_type else "INFO", text=f"{text}\n")


def telemetry_subscription(name: str, types: Iterable[str]) -> PlatformEvent:
    """An extension subscribed to the Telemetry API."""
    types = list(types)
    return PlatformEvent(
        type="platform.telemetrySubscription", record={"name": name, "state": "Subscribed", "types": types},
        text=f"TELEMETRY\tName: {name}\tState: Subscribed\tTypes: [{', '.join(types)}]\n",
    )  # fmt: skip


def logs_dropped(reason: str, records: int, size: int) -> PlatformEvent:
    """Events that a subscriber did not take in time."""
    return PlatformEvent(
        type="platform.logsDropped", record={"reason": reason, "droppedRecords": records, "droppedBytes": size}, level="WARN"
    )


def _initialization(*, provisioned: bool) -> str:
    return "provisioned-concurrency" if provisioned else "on-demand"


def _ending(status: str, error_type: str | None) -> dict[str, str]:
    return {"status": status, "errorType": error_type} if error_type else {"status": status}


def _level(status: str, otherwise: str) -> str:
    return otherwise if status == SUCCESS else "WARN"


def _milliseconds(value: float) -> float:
    return round(value, 3)
