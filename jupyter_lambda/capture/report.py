"""What a capture found, as values: the names that go along, the modules they need, and what stands in the way.

Texts may hold `code` between backticks; `report_html` sets it as code, the text form leaves it as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from jupyter_lambda.model import limits

if TYPE_CHECKING:
    from collections.abc import Mapping


class Level(StrEnum):
    """How loud a note is."""

    QUIET = "quiet"
    NOTICE = "notice"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Note:
    """A remark beside a name, or about the whole package."""

    text: str
    level: Level = Level.QUIET


@dataclass(frozen=True, slots=True)
class TakenName:
    """One name taken from the notebook."""

    name: str
    type_text: str  # "dict, 42 entries"
    size_bytes: int
    digest: str = ""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class NeededModule:
    """One module that the function imports."""

    name: str
    version: str = ""
    is_present: bool = True
    is_preloaded: bool = False
    import_ms: float | None = None  # measured by the proof
    origin: str = ""  # "from --requirements"; empty: the worker's interpreter has it


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step on the way to a value that can't be pickled."""

    label: str  # "model", then ".cache", "[3]"
    type_text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that stands in the way of a deployment."""

    headline: str  # "`thresold` is defined nowhere"
    detail: str = ""  # "used in line 9"
    suggestion: str = ""
    code: str = ""  # code that works, as it would stand in the cell
    line: int | None = None  # of the cell; its first line, `%%lambda`, is 1
    path: tuple[PathStep, ...] = ()
    reason: str = ""  # at the path's end: "a lock belongs to one process"
    excerpt: tuple[str, ...] = ()  # lines of a traceback, or the line with a caret below

    @property
    def plain_headline(self) -> str:
        """The headline without its backticks."""
        return self.headline.replace("`", "")

    @property
    def plain_suggestion(self) -> str:
        """The suggestion without its backticks."""
        return self.suggestion.replace("`", "")


@dataclass(frozen=True, slots=True)
class CaptureReport:
    """Everything a reader wants to know before a function is deployed; displays itself.

    `state`, `version` and `headline` may be set by whoever deploys (`with_state`), so that the same report serves before, while
    and after a deployment.
    """

    name: str
    python_version: str
    captured: float = 0.0  # epoch seconds: when the values were taken
    package_bytes: int = 0
    taken: tuple[TakenName, ...] = ()
    modules: tuple[NeededModule, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()  # about the package as a whole
    state: str = "captured"
    version: str = ""
    headline: str = ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every warning, each as a sentence that stands alone."""
        named = [f"`{t.name}`: {n.text}" for t in self.taken for n in t.notes if n.level is Level.WARNING]
        missing = [
            f"module `{m.name}` is missing in the worker: install it, or add `--requirements {m.name}`"
            for m in self.modules
            if not m.is_present
        ]
        return (*named, *missing, *(n.text for n in self.notes if n.level is Level.WARNING))

    @property
    def taken_bytes(self) -> int:
        """The size of all values taken from the notebook."""
        return sum(t.size_bytes for t in self.taken)

    def with_state(self, state: str, *, version: str = "", headline: str = "") -> CaptureReport:
        """The same report under another head: `deploying` `v8`, or `not deployed` with `v4 keeps running`."""
        return replace(self, state=state, version=version, headline=headline)

    def with_problems(self, *problems: Problem) -> CaptureReport:
        """The same report with something in the way."""
        return replace(self, state="not deployed", problems=(*self.problems, *problems))

    def with_measured(
        self, import_ms: Mapping[str, float], unpickle_ms: Mapping[str, float], notes: tuple[Note, ...] = ()
    ) -> CaptureReport:
        """The same report with what the proof measured, and what it noticed."""
        modules = tuple(replace(m, import_ms=import_ms.get(m.name, m.import_ms)) for m in self.modules)
        taken = tuple(replace(t, notes=_measured_notes(t, unpickle_ms.get(t.name))) for t in self.taken)
        return replace(self, modules=modules, taken=taken, notes=(*self.notes, *notes))

    def __str__(self) -> str:
        from jupyter_lambda.capture.report_text import as_text  # only who displays it pays for it

        return as_text(self)

    def _repr_html_(self) -> str:
        from jupyter_lambda.capture.report_html import as_html  # as above

        return as_html(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Both forms, so that a terminal, an export and a notebook each find theirs."""
        return {"text/plain": str(self), "text/html": self._repr_html_()}


def size_note(milliseconds: float) -> Note:
    """The warning beside a value above 1 MB."""
    told = f"{milliseconds:.0f} ms" if milliseconds >= 1 else "less than 1 ms"
    return Note(f"above 1 MB: unpickled at each cold start, about {told}", Level.WARNING)


def _measured_notes(taken: TakenName, milliseconds: float | None) -> tuple[Note, ...]:
    if milliseconds is None or taken.size_bytes <= limits.CAPTURED_VALUE_WARNING_BYTES:
        return taken.notes
    return tuple(size_note(milliseconds) if n.text.startswith("above 1 MB") else n for n in taken.notes)
