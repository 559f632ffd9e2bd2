"""The stream as pages want it: a few messages a second, however many invocations there are.

Everything that changed within a window comes in one message:
`{"type": "changes", "number": N, "changes": […], "counts": […], "running": […], "environments": […], "status": {…}}`. Of each function's
invocations that ended, the latest 20 are there as records (400 a second); `counts` has all of them. `running`, `environments` and
`status` are whole, and left out where they are as the page knows them; `machine` comes every two seconds. So a page
draws what it gets, and loses records, never counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.model.engine_api import WindowCounts
from jupyter_lambda.model.invocation import InvocationRecord, Status
from jupyter_lambda.telemetry.outcome import NOT_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jupyter_lambda.engine.engine import Engine
    from jupyter_lambda.engine.live import Change
    from jupyter_lambda.model.engine_api import EngineStatus
    from jupyter_lambda.model.host import MachineReading

WINDOW_SECONDS: Final = 0.05
WINDOW_SECONDS_MIN, WINDOW_SECONDS_MAX = 0.02, 2.0
MACHINE_SECONDS: Final = 2.0  # between two readings of how busy the machine is
RECORDS_MAX: Final = 20  # of one function in one message
RUNNING_MAX: Final = 200


class MergedStream:
    """Makes one page's messages, and remembers what that page knows."""

    def __init__(
        self, engine: Engine, status: Callable[[], EngineStatus], machine: Callable[[], MachineReading] | None = None
    ) -> None:
        self._machine = machine
        self._machine_due = 0.0
        self._engine = engine
        self._status = status
        self._known: dict[str, bytes] = {}

    def message(self, changes: list[Change]) -> str | None:
        """The message for a window's changes; None if there is nothing to say."""
        kept, counts = merge(changes)
        body: dict[str, Any] = self._whole_parts() | self._reading()
        if kept:
            body |= {"changes": kept, "counts": counts}
        if not body:
            return None
        number = changes[-1].number if changes else self._engine.live.number
        return msgspec.json.encode({"type": "changes", "number": number, **body}).decode()

    def _reading(self) -> dict[str, Any]:
        now = self._engine.clock.monotonic()
        if self._machine is None or now < self._machine_due:
            return {}
        self._machine_due = now + 0.95 * MACHINE_SECONDS
        return {"machine": self._machine()}

    def _whole_parts(self) -> dict[str, Any]:
        """What runs, stands and holds now, as far as the page does not know it yet."""
        engine = self._engine
        now = {
            "running": engine.dispatcher.running_views(RUNNING_MAX),
            "environments": engine.environments(),
            "status": self._status(),
        }
        news: dict[str, Any] = {}
        for name, value in now.items():
            encoded = msgspec.json.encode(value)
            if self._known.get(name) != encoded:
                self._known[name] = encoded
                news[name] = msgspec.Raw(encoded)
        return news


def merge(changes: Iterable[Change]) -> tuple[list[Change], list[WindowCounts]]:
    """Of each function's invocations the latest records, of everything else the last word; and how many invocations there were."""
    records: dict[str, list[Change]] = {}
    others: dict[tuple[str, Any], Change] = {}
    for change in changes:
        if isinstance(change.body, InvocationRecord):
            records.setdefault(change.body.function_name, []).append(change)
        elif change.kind != "environment":  # they come whole
            others[(change.kind, _subject(change.body))] = change
    kept = [*others.values(), *(c for of_one in records.values() for c in of_one[-RECORDS_MAX:])]
    return sorted(kept, key=lambda c: c.number), [_counted(name, of_one) for name, of_one in records.items()]


def _counted(name: str, changes: list[Change]) -> WindowCounts:
    ended = [c.body for c in changes]
    throttles = sum(r.status is Status.THROTTLED for r in ended)
    return WindowCounts(
        function_name=name,
        invocations=len(ended) - throttles,
        errors=sum(r.status not in NOT_ERRORS for r in ended),
        throttles=throttles,
        cold_starts=sum(r.cold for r in ended),
    )


def _subject(body: Any) -> Any:
    """What a change is about: a function by its name, an event by its id."""
    return body.function.name if hasattr(body, "function") else body
