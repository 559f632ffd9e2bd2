"""`doctor`: what this machine offers, what follows from it, and what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from jupyter_lambda.client.views.table import Cell, Column, Row, html_table, text_table
from jupyter_lambda.client.views.view import View, escaped
from jupyter_lambda.telemetry import quantities

if TYPE_CHECKING:
    from jupyter_lambda.model.engine_api import EngineStatus
    from jupyter_lambda.model.environment import Enforcement
    from jupyter_lambda.model.host import HostFacts


class Finding(NamedTuple):
    """One line: the fact, what follows, and what to do where something can be done."""

    subject: str
    fact: str
    follows: str
    deed: str = ""


class DoctorView(View):
    """The machine, the walls, and the sentences that matter most."""

    label = "What this machine offers"

    def __init__(self, facts: HostFacts, status: EngineStatus) -> None:
        self.facts, self.status = facts, status

    def text(self) -> str:
        """A line a fact: fact → what follows → what to do."""
        width = max(len(finding.subject) for finding in findings(self.facts, self.status))
        lines = [f"{self.facts.system}, user {self.facts.user}", ""]
        lines += [
            f"{finding.subject:<{width}}  {' → '.join(part for part in finding[1:] if part)}"
            for finding in findings(self.facts, self.status)
        ]
        for kind, rows in self._walls():
            lines += ["", f"Limits in the {kind} sandbox:", text_table(_WALLS, rows)]
        lines += ["", "What follows for you:", *(f"- {sentence}" for sentence in self._sentences())]
        return "\n".join(lines)

    def markup(self) -> str:
        """The same in three parts."""
        columns = (Column(""), Column("Here"), Column("What follows"), Column("What to do"))
        rows = [(Cell(f.subject, "strong"), f.fact, f.follows, f.deed) for f in findings(self.facts, self.status)]
        walls = "".join(
            f"<h4>Limits in the {escaped(kind)} sandbox</h4>{html_table(_WALLS, limits)}" for kind, limits in self._walls()
        )
        sentences = "".join(f"<li>{escaped(sentence)}</li>" for sentence in self._sentences())
        return (
            f'<p class="quiet">{escaped(self.facts.system)}, user {escaped(self.facts.user)}</p>{html_table(columns, rows)}'
            f"{walls}"
            f"<h4>What follows for you</h4><ul>{sentences}</ul>"
        )

    def as_json(self) -> Any:
        """The engine's `HostFacts`, and which sandbox is in use."""
        return {**msgspec.to_builtins(self.facts), "sandbox": self.status.sandbox, "sandbox_note": self.status.sandbox_note}

    def _walls(self) -> list[tuple[str, list[Row]]]:
        """What each sandbox in use enforces, the engine's own first; the machine's best where it does not say."""
        status = self.status
        own = (status.sandbox, status.enforcement or self.facts.enforcement)
        return [(kind, _rows(rows)) for kind, rows in (own, *((s.kind, s.enforcement) for s in status.sandboxes[1:]))]

    def _sentences(self) -> list[str]:
        return [*self.facts.consequences, *self.status.warnings]


def _rows(walls: tuple[Enforcement, ...]) -> list[Row]:
    return [(Cell(w.row, "strong"), "held" if w.held else Cell("not held", "warn"), w.by, Cell(w.note, "quiet")) for w in walls]


_WALLS = (Column("Limit"), Column("Here"), Column("By"), Column("Note"))


def findings(facts: HostFacts, status: EngineStatus) -> list[Finding]:
    """The machine's facts with what each means."""
    return [
        Finding("sandbox", status.sandbox, status.sandbox_note, _others(status)),
        Finding(
            "memory",
            f"{quantities.memory(facts.memory_mib)} ({facts.memory_from})",
            f"functions may hold {quantities.memory(facts.budget_mib)} of it together",
            "`engine start --set budget_mib=N` changes that",
        ),
        Finding(
            "CPUs", f"{facts.cpus:g} ({facts.cpus_from})", "`map` runs about that many calls at a time unless told otherwise"
        ),
        _control_groups(facts),
        _namespaces(facts),
        _landlock(facts),
        Finding("home", f"{facts.home} on {facts.home_file_system}", facts.home_note),
        _docker(facts),
        _pythons(facts),
        _programs(facts),
    ]


def _others(status: EngineStatus) -> str:
    others = [each.kind for each in status.sandboxes[1:]]
    return f"functions that ask for it use the {', '.join(others)} sandbox" if others else ""


def _control_groups(facts: HostFacts) -> Finding:
    if facts.cgroup.startswith("cgroup"):
        return Finding("control groups", facts.cgroup, "memory limits are held by the kernel, CPU is shared out by memory size")
    return Finding(
        "control groups",
        facts.cgroup,
        "a watchdog holds memory limits, and CPU is not shared out",
        "run the engine where control groups are delegated (systemd user session) or as root",
    )


def _namespaces(facts: HostFacts) -> Finding:
    if facts.namespaces.startswith("none"):
        return Finding(
            "namespaces", facts.namespaces, "each function's disk is a folder, not a /tmp of its own; layers are not at /opt"
        )
    return Finding("namespaces", facts.namespaces, "each environment has a /tmp of its own, and ends with all its processes")


def _landlock(facts: HostFacts) -> Finding:
    if facts.landlock:
        return Finding(
            "Landlock", f"version {facts.landlock}", "workers see their interpreter, their package and their /tmp, nothing else"
        )
    return Finding(
        "Landlock", "none", "workers see the files that you see", "Linux 5.13 or newer with Landlock enabled closes them off"
    )


def _docker(facts: HostFacts) -> Finding:
    docker = facts.docker
    if docker.answers:
        return Finding("Docker", f"{docker.version} at {docker.address}", docker.note)
    return Finding("Docker", "doesn't answer", docker.note or "functions run in the process sandbox")


def _pythons(facts: HostFacts) -> Finding:
    found = ", ".join(f"{python.version} ({python.found_by})" for python in facts.pythons)
    return Finding(
        "Pythons",
        found or "none besides the engine's",
        "a package from boto3 runs on the one that its Runtime names; a cell on its kernel's own",
    )


def _programs(facts: HostFacts) -> Finding:
    found = "; ".join(
        f"{program.language} {program.version}" + (f" ({program.note})" if program.note else "") for program in facts.programs
    )
    return Finding(
        "languages",
        found or "no Node, Ruby or JDK",
        "a package from boto3 with such a Runtime runs on the one here, if that is no older; any program runs as `bootstrap`",
    )
