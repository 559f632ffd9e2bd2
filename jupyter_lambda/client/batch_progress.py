"""What a running batch shows: a bar in a notebook, a line on a terminal, nothing elsewhere; at most ten times a second.

The bar is HTML in a display of its own, so a saved notebook keeps its last state. Whatever ends the batch also ends the bar.
"""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from jupyter_lambda.telemetry import quantities

if TYPE_CHECKING:
    from jupyter_lambda.clock import Clock

_SECONDS_BETWEEN: Final = 0.1
_TERMINAL_BAR: Final = 24


class Standing(NamedTuple):
    """How a batch stands."""

    function_name: str
    answered: int
    failed: int
    running: int  # sent and not answered
    cold: int
    total: int | None  # None: a stream, whose end nobody knows
    seconds: float
    p50_ms: float | None
    ended: str = ""  # "done", "interrupted", …; empty while it runs

    @property
    def per_second(self) -> float:
        """Answers a second, since the beginning."""
        return self.answered / self.seconds if self.seconds > 0 else 0.0

    @property
    def share(self) -> float | None:
        """How much of it is answered, 0–1."""
        return None if self.total is None else (self.answered / self.total if self.total else 1.0)

    def words(self) -> list[str]:
        """The figures, in the order of their interest."""
        count = f"{self.answered:,}" if self.total is None else f"{self.answered:,} of {self.total:,}"
        said = [count]
        if self.failed:
            said.append(f"{self.failed:,} failed")
        if self.ended:
            said.append(f"{self.ended} after {quantities.seconds(self.seconds)}")
        elif self.running:
            said.append(f"{self.running:,} running")
        if self.cold:
            said.append(f"◇ {self.cold:,} cold")
        if self.answered:
            said.append(quantities.rate(self.per_second))
        if self.p50_ms is not None:
            said.append(f"p50 {quantities.duration(self.p50_ms)}")
        return said


class Display(Protocol):
    """Where a standing is drawn; called as often as the batch likes to."""

    def draw(self, standing: Standing) -> None:
        """Show it in place of the one before."""
        ...


class Silence:
    """Shows nothing."""

    def draw(self, standing: Standing) -> None:
        """Nothing."""


class TerminalLine:
    """One line on a terminal, written over itself; its last state stays."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def draw(self, standing: Standing) -> None:
        """Write the line again."""
        self._stream.write(f"\r\x1b[2K{self._line(standing)}" + ("\n" if standing.ended else ""))
        self._stream.flush()

    @staticmethod
    def _line(standing: Standing) -> str:
        bar = ""
        if standing.share is not None:
            full = round(standing.share * _TERMINAL_BAR)
            bar = f" [{'█' * full}{' ' * (_TERMINAL_BAR - full)}]"
        return f"{standing.function_name}{bar} {' · '.join(standing.words())}"


class NotebookBar:
    """A bar in a notebook's output, from the first drawing on."""

    def __init__(self) -> None:
        self._handle: Any = None

    def draw(self, standing: Standing) -> None:
        """Display it, or replace what is displayed."""
        from IPython.display import display

        from jupyter_lambda.client.views.view import framed

        data = {
            "text/plain": TerminalLine._line(standing),
            "text/html": framed(_bar(standing), f"Batch of {standing.function_name}"),
        }
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(data, raw=True)


class Progress:
    """Draws a batch's standing, not too often.

    Args:
        display: Where.
        clock: What time it is.
    """

    def __init__(self, display: Display, clock: Clock) -> None:
        self._display = display
        self._clock = clock
        self._next = clock.monotonic() + _SECONDS_BETWEEN  # what is over sooner is drawn once

    @property
    def is_due(self) -> bool:
        """Whether it is time to draw again."""
        return self._clock.monotonic() >= self._next

    def draw(self, standing: Standing) -> None:
        """Draw, and wait a while."""
        self._display.draw(standing)
        self._next = self._clock.monotonic() + _SECONDS_BETWEEN


def display_of_this_process() -> Display:
    """The display that fits where we run: notebook, terminal, or neither."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and hasattr(shell, "kernel"):
        return NotebookBar()
    if sys.stderr is not None and sys.stderr.isatty():
        return TerminalLine(sys.stderr)
    return Silence()


def _bar(standing: Standing) -> str:
    from jupyter_lambda.client.views.view import escaped

    share = standing.share
    whole = 100.0 if share is None else share * 100
    failed = whole * standing.failed / standing.answered if standing.answered else 0.0
    colour = "var(--jla-line)" if share is None or standing.ended else "var(--jla-accent)"
    bar = (
        '<div style="display:flex;height:6px;max-width:40em;border:1px solid var(--jla-line);margin:4px 0">'
        f'<div style="width:{whole - failed:.2f}%;background:{colour}"></div>'
        f'<div style="width:{failed:.2f}%;background:var(--jla-bad)"></div></div>'
    )
    words = "".join(
        f'<span class="num{" bad" if word.endswith("failed") else ""}">{escaped(word)}</span>' for word in standing.words()
    )
    name = f'<span class="mono strong">{escaped(standing.function_name)}</span>'
    return f'{bar}<div style="display:flex;flex-wrap:wrap;gap:2px 16px">{name}{words}</div>'
