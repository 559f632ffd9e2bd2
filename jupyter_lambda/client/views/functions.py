"""Functions: all of them in a table, one of them whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_lambda.client.views.moments import local_minute
from jupyter_lambda.client.views.table import Cell, Column, Row, html_table, text_table
from jupyter_lambda.client.views.view import View, escaped
from jupyter_lambda.model.environment import EnvironmentState
from jupyter_lambda.telemetry import quantities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lambda.model.engine_api import FunctionDetail
    from jupyter_lambda.model.environment import Enforcement
    from jupyter_lambda.model.function import Alias, Configuration

NO_FUNCTIONS = "No functions yet. A notebook cell becomes one: put `%%lambda` and a name on its first line, and run it."

_COLUMNS = (
    Column("Function"), Column("Version"), Column("Aliases"), Column("Memory", number=True), Column("Timeout", number=True),
    Column("Environments", number=True), Column("Runtime"), Column("Changed"),
)  # fmt: skip


class FunctionList(View):
    """`list`: one row for each function."""

    label = "Functions"

    def __init__(self, details: Sequence[FunctionDetail]) -> None:
        self.details = tuple(sorted(details, key=lambda detail: detail.function.name))

    def text(self) -> str:
        """A table, or what to do first."""
        return text_table(_COLUMNS, [_row(detail) for detail in self.details]) if self.details else NO_FUNCTIONS

    def markup(self) -> str:
        """The same table."""
        if not self.details:
            return f'<p class="quiet">{escaped(NO_FUNCTIONS)}</p>'
        return html_table(_COLUMNS, [_row(detail) for detail in self.details])

    def as_json(self) -> Any:
        """The engine's `FunctionDetail`s."""
        return msgspec.to_builtins(self.details)


def _row(detail: FunctionDetail) -> Row:
    latest = detail.function.latest
    configuration = latest.configuration
    return (
        Cell(detail.function.name, "mono strong"),
        newest_version(detail),
        "; ".join(routing_text(alias) for alias in detail.aliases),
        quantities.memory(configuration.memory_mib),
        f"{configuration.timeout_seconds} s",
        "building its image" if detail.building else str(living(detail)),
        Cell(configuration.runtime, "mono"),
        Cell(local_minute(latest.last_modified), "quiet"),
    )


def living(detail: FunctionDetail) -> int:
    """How many environments exist now."""
    return sum(1 for environment in detail.environments if environment.state is not EnvironmentState.ENDED)


def newest_version(detail: FunctionDetail) -> str:
    """The newest published version as people read it, with a word if `$LATEST` went on since."""
    newest = detail.versions[-1].version if detail.versions else ""
    if not newest:
        return "not published"
    return f"{newest} + changes" if detail.unpublished_changes else newest


def routing_text(alias: Alias) -> str:
    """`prod → 3`, or `prod → 3 (90 %), 4 (10 %)`."""
    if alias.additional_version is None:
        return f"{alias.name} → {alias.version}"
    share = alias.additional_weight
    return f"{alias.name} → {alias.version} ({weight_text(1 - share)}), {alias.additional_version} ({weight_text(share)})"


def weight_text(share: float) -> str:
    """A share that somebody set: `10 %`, as it was written, where an observed one would be `10.0 %`."""
    return f"{share * 100:.3g} %"


class FunctionView(View):
    """`show F`: configuration, versions, aliases and environments of one function."""

    def __init__(self, detail: FunctionDetail) -> None:
        self.detail = detail
        self.label = f"Function {detail.function.name}"

    def text(self) -> str:
        """Name and facts, one a line, then the cell's source."""
        facts = self._facts()
        width = max(len(name) for name, _ in facts)
        source = self.detail.function.latest.source.strip("\n")
        lines = [self.detail.function.name, *(f"  {name:<{width}}  {value}" for name, value in facts)]
        return "\n".join([*lines, *(["", *("  " + line for line in source.splitlines())] if source else [])])

    def markup(self) -> str:
        """The same, with the source folded."""
        rows = "".join(
            f'<tr><td class="quiet">{escaped(name)}</td><td>{escaped(value)}</td></tr>' for name, value in self._facts()
        )
        source = self.detail.function.latest.source.strip("\n")
        folded = f"<details><summary>Source</summary><pre>{escaped(source)}</pre></details>" if source else ""
        name = escaped(self.detail.function.name)
        return f'<p class="mono strong">{name}</p><table><tbody>{rows}</tbody></table>{folded}'

    def as_json(self) -> Any:
        """The engine's `FunctionDetail`."""
        return msgspec.to_builtins(self.detail)

    def _facts(self) -> list[tuple[str, str]]:
        detail, latest = self.detail, self.detail.function.latest
        aliases = "; ".join(routing_text(alias) for alias in detail.aliases)
        facts = [
            ("version", newest_version(detail)),
            ("aliases", aliases or "none"),
            *configuration_facts(latest.configuration),
            *_sandbox_facts(detail),
            ("package", quantities.size(latest.package_bytes)),
            ("interpreter", latest.python.executable if latest.python else "by runtime"),
            ("environments", self._environments()),
            ("changed", local_minute(latest.last_modified)),
        ]
        if detail.function.reserved_concurrency is not None:
            facts.append(("reserved", str(detail.function.reserved_concurrency)))
        if detail.function.notebook:
            facts.append(("notebook", detail.function.notebook))
        return facts

    def _environments(self) -> str:
        if self.detail.building:
            return f"none: its image is being built ({self.detail.building})"
        alive = [e for e in self.detail.environments if e.state is not EnvironmentState.ENDED]
        if not alive:
            return "none: the first call makes one"
        states = sorted({environment.state.value for environment in alive})
        return ", ".join(f"{sum(1 for e in alive if e.state.value == state)} {state}" for state in states)


def _sandbox_facts(detail: FunctionDetail) -> list[tuple[str, str]]:
    """Where it runs, who chose that, and what holds its limits there."""
    if not detail.sandbox:
        return []
    choice = "chosen for this function" if detail.function.latest.configuration.sandbox else "the engine's own"
    if detail.sandbox == "docker" and detail.function.latest.configuration.image:
        choice = "its image needs containers"
    return [
        ("sandbox", f"{detail.sandbox} ({choice})"),
        *([("limits", limits_held(detail.enforcement))] if detail.enforcement else []),
    ]


def limits_held(rows: Sequence[Enforcement]) -> str:
    """What holds which limits: `memory, cpu by cgroup v1; not held: network`."""
    by: dict[str, list[str]] = {}
    for row in rows:
        if row.held:
            by.setdefault(row.by, []).append(row.row)
    held = [f"{', '.join(names)} by {what}" for what, names in by.items()]
    loose = [row.row for row in rows if not row.held]
    return "; ".join([*held, *([f"not held: {', '.join(loose)}"] if loose else [])])


def configuration_facts(configuration: Configuration) -> list[tuple[str, str]]:
    """What is set, in people's words; what is not set and has no default is left out."""
    facts = [
        ("memory", quantities.memory(configuration.memory_mib)),
        ("timeout", f"{configuration.timeout_seconds} s"),
        ("/tmp", quantities.memory(configuration.ephemeral_mib)),  # noqa: S108 (a name, nothing is made there)
        ("handler", configuration.handler),
        ("runtime", configuration.runtime),
        ("variables", ", ".join(sorted(configuration.environment))),
        ("image", configuration.image or ""),
        ("network", configuration.network or ""),
        ("layers", ", ".join(configuration.layers)),
        ("mounts", ", ".join(f"{mount.source} at {mount.target}" for mount in configuration.mounts)),
        ("requirements", " ".join(configuration.requirements)),
        ("description", configuration.description),
    ]
    return [(name, value) for name, value in facts if value]
