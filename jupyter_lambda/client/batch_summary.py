"""A batch's figures as a view: what happened in one line, then cold beside warm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.client.views.table import Cell, Column, Row, html_table, text_table
from jupyter_lambda.client.views.view import View, escaped
from jupyter_lambda.telemetry import quantities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lambda.client.batch_columns import Group
    from jupyter_lambda.client.batch_progress import Standing

_COLUMNS: Final = (
    Column("Start"), Column("Events", number=True), Column("Failed", number=True), Column("p50", number=True),
    Column("p99", number=True), Column("Longest", number=True), Column("Init p50", number=True), Column("Billed", number=True),
    Column("Most memory", number=True),
)  # fmt: skip
ERRORS_SHOWN: Final = 5


class BatchSummary(View):
    """Figures of a batch as it stands; `groups` has them as data."""

    def __init__(self, standing: Standing, groups: Sequence[Group], errors: Sequence[tuple[int, str]]) -> None:
        self.standing = standing
        self.groups = tuple(groups)
        self.errors = tuple(errors)
        self.label = f"Batch of {standing.function_name}"

    def text(self) -> str:
        """The line, the table, the first errors."""
        head = f"{self.standing.function_name}: {' · '.join(self.standing.words())}"
        table = text_table(_COLUMNS, [_row(group) for group in self.groups]) if self.groups else ""
        return "\n".join(part for part in (head, table, *self._error_lines()) if part)

    def markup(self) -> str:
        """The same."""
        name = f'<span class="mono strong">{escaped(self.standing.function_name)}</span>'
        head = f'<p>{name} <span class="quiet">{escaped(" · ".join(self.standing.words()))}</span></p>'
        table = html_table(_COLUMNS, [_row(group) for group in self.groups]) if self.groups else ""
        errors = "".join(f'<p class="bad">{escaped(line)}</p>' for line in self._error_lines())
        return head + table + errors

    def as_json(self) -> Any:
        """The groups by name, and how many failed."""
        return {
            "events": self.standing.answered,
            "failed": self.standing.failed,
            "seconds": self.standing.seconds,
            **{group.name: group._asdict() for group in self.groups},
        }

    def _error_lines(self) -> list[str]:
        lines = [f"event {index}: {text}" for index, text in self.errors]
        more = self.standing.failed - len(lines)
        return [*lines, f"… and {more:,} more"] if lines and more > 0 else lines


def _row(group: Group) -> Row:
    return (
        Cell("◇ cold", "warn") if group.name == "cold" else group.name,
        f"{group.events:,}",
        Cell(f"{group.failed:,}", "bad" if group.failed else ""),
        quantities.duration(group.duration_p50_ms),
        quantities.duration(group.duration_p99_ms),
        quantities.duration(group.duration_max_ms),
        quantities.duration(group.init_p50_ms),
        quantities.duration(float(group.billed_ms)),
        quantities.memory(group.max_memory_mib) if group.max_memory_mib else "–",
    )
