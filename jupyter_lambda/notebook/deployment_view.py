"""What stands under a `%%lambda` cell: one row that says what happened, news where there is some, the capture report folded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.client.views.view import View, escaped
from jupyter_lambda.notebook.card import CARD_TYPE, card, widget_view
from jupyter_lambda.notebook.cell_options import OPTIONS
from jupyter_lambda.telemetry import quantities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lambda.capture.report import CaptureReport
    from jupyter_lambda.model.engine_api import DeployAnswer

_NAMES_SHOWN: Final = 8
_FLAGS: Final = {option.member: option.flag for option in OPTIONS}


class DeploymentView(View):
    """A deployment that went well."""

    def __init__(
        self,
        answer: DeployAnswer,
        report: CaptureReport,
        *,
        sandbox: str,
        what_changed: Sequence[str] = (),
        sandbox_note: str = "",
        bound: str = "",
        home: str = "",
        line: str = "",
    ) -> None:
        """Gather what there is to say.

        Args:
            answer: What the engine did.
            report: What capture found.
            what_changed: Against the version before, in a reader's words.
            sandbox: Where it will run: the function's own choice, else the engine's.
            sandbox_note: Why there, and how to switch.
            bound: Why the handle has no variable of the notebook; empty when it has one.
            home: The engine's home, so that a card finds the engine it is about.
            line: The cell's first line.
        """
        self.answer, self.report, self.what_changed = answer, report, tuple(what_changed)
        self.sandbox, self.sandbox_note, self.bound = sandbox, sandbox_note, bound
        self.home, self.line = home, line
        self.as_widget = False  # the front end has widgets, and not our extension
        self.label = f"Deployment of {answer.function.name}"

    def text(self) -> str:
        """The row, the news, the report."""
        name = f"λ {self.answer.function.name}"
        news = [f"  ⚠ {sentence}" for sentence in self.news()]
        notes = [f"  {sentence}" for sentence in self.notes()]
        return "\n".join([" · ".join([f"{name} {self._version()}", self._deed(), *self._limits()]), *news, *notes])

    def markup(self) -> str:
        """The same; the report opens with a click."""
        name, version = escaped(self.answer.function.name), escaped(self._version())
        head = " · ".join(
            [
                f'<span class="mono strong">λ {name}</span> <span class="mono">{version}</span>',
                f"<span>{escaped(self._deed())}</span>",
                *(f'<span class="quiet">{escaped(part)}</span>' for part in self._limits()),
            ]
        )
        news = "".join(f'<p class="note">⚠ {escaped(sentence)}</p>' for sentence in self.news())
        notes = "".join(f'<p class="quiet">{escaped(sentence)}</p>' for sentence in self.notes())
        return f"<details><summary>{head}</summary>{self.report._repr_html_()}</details>{news}{notes}{_WAY_TO_A_CARD}"

    def as_json(self) -> Any:
        """Not asked for: the engine's own answer is."""
        return {"function": self.answer.function.name, "version": self.answer.version, "published": self.answer.published}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """The live card, beside text and HTML, for front ends that have it: where they don't, the HTML stands there."""
        widget = widget_view(self.answer.function.name, self.home) if self.as_widget else {}
        return {CARD_TYPE: card(self.answer, self.home, self.line), **widget}

    def _version(self) -> str:
        return f"v{self.answer.version}" if self.answer.version else "$LATEST"

    def _deed(self) -> str:
        """What happened, first of all."""
        answer = self.answer
        if answer.created:
            return "published" if answer.published else "created, not published"
        if not answer.changed and not answer.published:
            return f"unchanged, version {answer.version}" if answer.version else "unchanged"
        changes = ", ".join(_in_words(change) for change in self.what_changed or answer.changed)
        return f"{'published' if answer.published else 'changed $LATEST, not published'}{f': {changes}' if changes else ''}"

    def _limits(self) -> list[str]:
        configuration = self.answer.function.latest.configuration
        python = self.answer.function.latest.python
        return [
            quantities.memory(configuration.memory_mib),
            f"{configuration.timeout_seconds} s",
            f"package {quantities.size(self.answer.function.latest.package_bytes)}",
            *([f"Python {python.version}"] if python else []),
            f"{self.sandbox} sandbox",
        ]

    def news(self) -> Sequence[str]:
        """What a reader should know before going on: the report's warnings, the engine's, what is kept against the line."""
        kept = (
            [f"kept from before, not on this line: {', '.join(_in_words(option) for option in self.answer.kept)}"]
            if self.answer.kept
            else []
        )
        return [*(sentence.replace("`", "") for sentence in self.report.warnings), *self.answer.warnings, *kept]

    def notes(self) -> Sequence[str]:
        """What is good to know."""
        return [sentence for sentence in (self._along(), self.bound, self.sandbox_note) if sentence]

    def _along(self) -> str:
        """What goes along, by name: `takes along FACTOR, rates · imports numpy`; the report has the rest."""
        taken, modules = _some([t.name for t in self.report.taken]), _some([m.name for m in self.report.modules])
        return " · ".join([*([f"takes along {taken}"] if taken else []), *([f"imports {modules}"] if modules else [])])


# Our front end's style hides it: who reads it has a page without the card.
_WAY_TO_A_CARD: Final = (
    '<p class="quiet jp-Lambda-wayToCard">A live card stands here where the panel is: <code>pip install jupyter-lambda</code> in the '
    "Python environment of the Jupyter server (this kernel’s may be another one), then restart that server.</p>"
)


def _some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = [f"{len(names) - _NAMES_SHOWN} more"] if len(names) > _NAMES_SHOWN else []
    return ", ".join([*names[:_NAMES_SHOWN], *more])


def _in_words(change: str) -> str:
    """`memory_mib 128 → 512` as `--memory 128 → 512`: the engine speaks of members, the reader wrote options."""
    member, _, rest = change.partition(" ")
    return f"{_FLAGS[member]} {rest}".rstrip() if member in _FLAGS else change
