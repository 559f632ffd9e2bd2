"""Figures: a function's metrics, one invocation, its logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_lambda.client.outcome import Failure
from jupyter_lambda.client.views.table import Cell, Column, Row, html_table, text_table
from jupyter_lambda.client.views.view import View, escaped
from jupyter_lambda.model.invocation import InvocationRecord, InvocationResult, Status
from jupyter_lambda.telemetry import quantities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lambda.model.engine_api import LogEvent, Metrics


class MetricsView(View):
    """`metrics F`: counts, durations, memory and what real Lambda would have charged."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.label = f"Metrics of {metrics.function_name}"

    def text(self) -> str:
        """One figure a line."""
        facts = self._facts()
        width = max(len(name) for name, _ in facts)
        split = [f"  {_split(self.metrics.versions)}"] if len(self.metrics.versions) > 1 else []
        return "\n".join([self.metrics.function_name, *(f"  {name:<{width}}  {cell.text}" for name, cell in facts), *split])

    def markup(self) -> str:
        """One row, as the saved card has it, and below it which versions ran."""
        facts = self._facts()
        split = f'<p class="quiet">{escaped(_split(self.metrics.versions))}</p>' if len(self.metrics.versions) > 1 else ""
        return html_table([Column(name, number=True) for name, _ in facts], [[cell for _, cell in facts]]) + split

    def as_json(self) -> Any:
        """The engine's `Metrics`."""
        return msgspec.to_builtins(self.metrics)

    def _facts(self) -> list[tuple[str, Cell]]:
        m = self.metrics
        return [
            ("invocations", Cell(quantities.count(m.invocations))),
            ("errors", Cell(quantities.count(m.errors), "bad" if m.errors else "")),
            ("throttles", Cell(quantities.count(m.throttles), "bad" if m.throttles else "")),
            ("cold starts", Cell(quantities.count(m.cold_starts), "warn" if m.cold_starts else "")),
            ("p50", Cell(quantities.duration(m.duration_p50_ms))),
            ("p99", Cell(quantities.duration(m.duration_p99_ms))),
            ("longest", Cell(quantities.duration(m.duration_max_ms))),
            ("init p50", Cell(quantities.duration(m.init_p50_ms))),
            ("billed", Cell(quantities.duration(m.billed_ms))),
            ("most memory", Cell(quantities.memory(m.max_memory_mib) if m.max_memory_mib else "–")),
            ("cost on AWS", Cell(quantities.cost(m.cost_usd))),
        ]


def _split(versions: dict[str, int]) -> str:
    total = sum(versions.values())
    shares = ", ".join(f"version {version} {quantities.share(count / total)}" for version, count in sorted(versions.items()))
    return f"by version: {shares}".replace("version $LATEST", "$LATEST")


class InvocationView(View):
    """`invoke F`: the payload, how it ended, and its log where asked for."""

    def __init__(self, result: InvocationResult, *, with_log: bool) -> None:
        self.result, self.with_log = result, with_log
        self.label = f"Invocation of {result.record.function_name}"

    def text(self) -> str:
        """Payload, figures, log."""
        log = self._log()
        return "\n".join(part for part in (self._payload(), figures(self.result.record), log) if part)

    def markup(self) -> str:
        """The same; an error's payload as its message and its traceback."""
        failure = Failure.read(self.result)
        payload = f"<pre>{escaped(self._payload())}</pre>" if self._payload() else ""
        if failure is not None:
            stack = escaped("\n".join(failure.stack))
            payload = f'<pre><span class="bad strong">{escaped(failure.type)}</span>: {escaped(failure.message)}\n{stack}</pre>'
        log = f"<details open><summary>Log</summary><pre>{escaped(self._log())}</pre></details>" if self._log() else ""
        return f'{payload}<p class="quiet">{escaped(figures(self.result.record))}</p>{log}'

    def as_json(self) -> Any:
        """The invocation's record, and its log where asked for."""
        record = msgspec.to_builtins(self.result.record)
        return {**record, "log": self._log()} if self.with_log else record

    def _payload(self) -> str:
        return self.result.payload.decode("utf-8", "replace")

    def _log(self) -> str:
        return self.result.log.decode("utf-8", "replace").rstrip("\n") if self.with_log else ""


def figures(record: InvocationRecord) -> str:
    """An invocation in one line: how it ended, where the time went, memory beside its limit."""
    parts = [str(record.status.value), *([f"version {record.version}"] if record.version else [])]
    if record.status in (Status.QUEUED, Status.RUNNING):
        return " · ".join(parts)
    if record.cold:
        parts.append(f"◇ cold, init {quantities.duration(record.init_ms)}" if record.init_ms else "◇ cold, init failed")
    if record.timeout_seconds:  # nothing ran in a dry run
        parts.append(f"{quantities.duration(record.duration_ms)} of {record.timeout_seconds} s")
    if record.max_memory_mib:
        parts.append(f"{record.max_memory_mib} of {quantities.memory(record.memory_mib)}")
    return " · ".join(parts)


class LogView(View):
    """`logs F`: what invocations wrote, oldest first."""

    def __init__(self, function_name: str, events: Sequence[LogEvent]) -> None:
        self.function_name, self.events = function_name, tuple(events)
        self.label = f"Logs of {function_name}"

    def text(self) -> str:
        """The logs as they were written."""
        if not self.events:
            return f'Function "{self.function_name}" has logged nothing yet.'
        return "".join(_ended(event.text) for event in self.events).rstrip("\n")

    def markup(self) -> str:
        """One block, scrolled when long; START, END and REPORT quieter than what user code wrote."""
        if not self.events:
            return f'<p class="quiet">{escaped(self.text())}</p>'
        lines = "".join(_log_line(line) for line in self.text().split("\n"))
        return f'<pre role="log" aria-live="off" style="max-height:36em;overflow:auto">{lines}</pre>'

    def as_json(self) -> Any:
        """The engine's `LogEvent`s."""
        return msgspec.to_builtins(self.events)


_PLATFORM = ("START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START ", "INIT_REPORT ")


def _log_line(line: str) -> str:
    shown = escaped(line)
    return (f'<span class="quiet">{shown}</span>' if line.startswith(_PLATFORM) else shown) + "\n"


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


_INVOCATION_COLUMNS = (
    Column("Request"), Column("Ended"), Column("Version", number=True), Column("Start"), Column("Init", number=True),
    Column("Duration", number=True), Column("Billed", number=True), Column("Memory", number=True), Column("Error"),
)  # fmt: skip


class InvocationList(View):
    """Some invocations, newest first."""

    label = "Invocations"

    def __init__(self, records: Sequence[InvocationRecord]) -> None:
        self.records = tuple(records)

    def text(self) -> str:
        """A table."""
        return text_table(_INVOCATION_COLUMNS, [_record_row(record) for record in self.records])

    def markup(self) -> str:
        """The same table."""
        return html_table(_INVOCATION_COLUMNS, [_record_row(record) for record in self.records])

    def as_json(self) -> Any:
        """The engine's records."""
        return msgspec.to_builtins(self.records)


def _record_row(record: InvocationRecord) -> Row:
    failed = record.status is not Status.SUCCEEDED
    return (
        Cell(record.request_id[:8], "mono"),
        Cell(record.status.value, "bad" if failed else ""),
        record.version,
        Cell("◇ cold", "warn") if record.cold else "warm",
        quantities.duration(record.init_ms) if record.cold else "",
        quantities.duration(record.duration_ms),
        f"{record.billed_ms:,} ms",
        f"{record.max_memory_mib} of {record.memory_mib} MB",
        Cell(f"{record.error_type or ''} {record.error_message or ''}".strip()[:120], "bad"),
    )
