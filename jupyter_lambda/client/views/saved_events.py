"""The events that are kept to try a function with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.client.views.moments import local_minute
from jupyter_lambda.client.views.table import Cell, Column, Row, html_table, text_table
from jupyter_lambda.client.views.view import View, escaped
from jupyter_lambda.telemetry import quantities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lambda.model.saved_event import SavedTestEvent

_COLUMNS: Final = (Column("Test event"), Column("Size", number=True), Column("Saved"), Column("Event"))
_SHOWN: Final = 80  # characters of each


class SavedEventList(View):
    """`test-events F`: one row an event."""

    def __init__(self, function_name: str, events: Sequence[SavedTestEvent]) -> None:
        self.function_name, self.events = function_name, tuple(events)
        self.label = f"Test events of {function_name}"

    def text(self) -> str:
        """A table, or how to make the first."""
        return text_table(_COLUMNS, [_row(event) for event in self.events]) if self.events else self._none()

    def markup(self) -> str:
        """The same."""
        if not self.events:
            return f'<p class="quiet">{escaped(self._none())}</p>'
        return html_table(_COLUMNS, [_row(event) for event in self.events])

    def as_json(self) -> Any:
        """As the engine keeps them."""
        return msgspec.to_builtins(self.events)

    def _none(self) -> str:
        return (
            f'Function "{self.function_name}" has no test events. Save one: '
            f"test-events {self.function_name} small --save '{{\"side\": 1}}'"
        )


class SavedEventView(View):
    """`test-events F NAME`: the event as it was saved."""

    def __init__(self, event: SavedTestEvent) -> None:
        self.event = event
        self.label = f"Test event {event.name} of {event.function_name}"

    def text(self) -> str:
        """The JSON alone, for a pipe."""
        return self.event.event

    def markup(self) -> str:
        """The JSON."""
        return f"<pre>{escaped(self.event.event)}</pre>"

    def as_json(self) -> Any:
        """As the engine keeps it."""
        return msgspec.to_builtins(self.event)


def _row(event: SavedTestEvent) -> Row:
    shown = " ".join(event.event.split())
    return (
        Cell(event.name, "mono strong"),
        quantities.size(len(event.event.encode("utf-8", "replace"))),
        Cell(local_minute(event.last_modified), "quiet"),
        Cell(shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…", "mono"),
    )
