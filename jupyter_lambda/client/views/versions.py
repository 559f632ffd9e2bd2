"""Versions and aliases: the list, where an alias points, and what changed between two versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.client.views.functions import routing_text, weight_text
from jupyter_lambda.client.views.moments import local_minute
from jupyter_lambda.client.views.table import Cell, Column, Row, html_table, text_table
from jupyter_lambda.client.views.view import View, escaped
from jupyter_lambda.telemetry import quantities

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jupyter_lambda.model.engine_api import FunctionDetail, VersionDifference
    from jupyter_lambda.model.function import Alias, Version

_COLUMNS = (
    Column("Version", number=True), Column("Published"), Column("Memory", number=True), Column("Timeout", number=True),
    Column("Package", number=True), Column("Aliases"), Column("Description"),
)  # fmt: skip


class VersionList(View):
    """`versions F`: newest first, `$LATEST` above them where it differs."""

    def __init__(self, detail: FunctionDetail) -> None:
        self.detail = detail
        self.label = f"Versions of {detail.function.name}"

    def text(self) -> str:
        """A table, and how to compare."""
        return text_table(_COLUMNS, self._rows())

    def markup(self) -> str:
        """The same table."""
        return html_table(_COLUMNS, self._rows())

    def as_json(self) -> Any:
        """The versions as the engine knows them, oldest first."""
        return msgspec.to_builtins(self.detail.versions)

    def _rows(self) -> list[Row]:
        newest_first = list(reversed(self.detail.versions))
        shown = (
            [self.detail.function.latest, *newest_first] if self.detail.unpublished_changes or not newest_first else newest_first
        )
        return [_version_row(version, self.detail.aliases) for version in shown]


def _version_row(version: Version, aliases: Sequence[Alias]) -> Row:
    here = [alias.name for alias in aliases if version.version in (alias.version, alias.additional_version)]
    return (
        Cell(version.version, "mono strong"),
        Cell("not published" if version.version == "$LATEST" else local_minute(version.last_modified), "quiet"),
        quantities.memory(version.configuration.memory_mib),
        f"{version.configuration.timeout_seconds} s",
        quantities.size(version.package_bytes),
        ", ".join(here),
        version.description or version.configuration.description,
    )


class AliasList(View):
    """`alias F` and `alias F NAME`: where aliases point."""

    def __init__(self, function_name: str, aliases: Sequence[Alias]) -> None:
        self.function_name, self.aliases = function_name, tuple(aliases)
        self.label = f"Aliases of {function_name}"

    def text(self) -> str:
        """One line an alias."""
        if not self.aliases:
            return self._none()
        return "\n".join(f"{self.function_name}:{routing_text(alias)}" for alias in self.aliases)

    def markup(self) -> str:
        """One row for each version that an alias names."""
        if not self.aliases:
            return f'<p class="quiet">{escaped(self._none())}</p>'
        columns = (Column("Alias"), Column("Version"), Column("Share", number=True))
        return html_table(columns, [row for alias in self.aliases for row in self._rows(alias)])

    def as_json(self) -> Any:
        """The aliases as the engine knows them."""
        return msgspec.to_builtins(self.aliases)

    def _none(self) -> str:
        return f'Function "{self.function_name}" has no aliases. Make one: alias {self.function_name} prod=1'

    @staticmethod
    def _rows(alias: Alias) -> list[Row]:
        """One row for each version that gets calls."""
        share = alias.additional_weight if alias.additional_version is not None else 0.0
        rows: list[Row] = [(Cell(alias.name, "mono strong"), alias.version, weight_text(1 - share))]
        if alias.additional_version is not None:
            rows.append(("", alias.additional_version, weight_text(share)))
        return rows


class DifferenceView(View):
    """`versions F A B`: configuration, captured names and source, − amber and + blue."""

    def __init__(self, difference: VersionDifference) -> None:
        self.difference = difference
        self.label = f"{difference.function_name}: version {difference.before} to {difference.after}"

    def text(self) -> str:
        """Changed values one a line, then a unified diff."""
        parts = [self._head()]
        for title, changes in self._tables():
            parts.append(f"{title}:")
            parts.extend(f"  {name}: {before} → {after}" for name, (before, after) in changes)
        if self.difference.source:
            parts += ["source:", self.difference.source.rstrip("\n")]
        return "\n".join(parts)

    def markup(self) -> str:
        """Tables of changed values, then the diff line by line."""
        parts = [f'<p class="strong">{escaped(self._head())}</p>']
        for title, changes in self._tables():
            columns = (Column(title), Column(f"version {self.difference.before}"), Column(f"version {self.difference.after}"))
            rows = [
                (Cell(name, "mono"), Cell(before, "mono warn"), Cell(after, "mono alive")) for name, (before, after) in changes
            ]
            parts.append(html_table(columns, rows))
        if self.difference.source:
            lines = "".join(_diff_line(line) for line in self.difference.source.splitlines())
            parts.append(f'<pre class="diff">{lines}</pre>')
        return "".join(parts)

    def as_json(self) -> Any:
        """The engine's `VersionDifference`."""
        return msgspec.to_builtins(self.difference)

    def _head(self) -> str:
        same = not (self.difference.configuration or self.difference.captured or self.difference.source)
        verb = "the same" if same else "what changed"
        return f"{self.difference.function_name}, version {self.difference.before} → {self.difference.after}: {verb}"

    def _tables(self) -> list[tuple[str, list[tuple[str, tuple[str, str]]]]]:
        configuration = {
            name: (quantity(before), quantity(after))
            for member, (before, after) in self.difference.configuration.items()
            for name, quantity in (_MEMBERS.get(member, (member, _shown)),)
        }
        captured = {name: (_shown(before), _beside(before, after)) for name, (before, after) in self.difference.captured.items()}
        named = (("configuration", configuration), ("captured", captured))
        return [(title, sorted(changes.items())) for title, changes in named if changes]


def _beside(before: Any, after: Any) -> str:
    """A changed value; of one that looks the same that it is another: values themselves are not kept for reading."""
    return "other content" if _shown(before) == _shown(after) else _shown(after)


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, dict) and "type" in value:  # a captured name: {"type": …, "bytes": …}
        size = value.get("bytes", value.get("size"))
        return f"{value['type']}, {quantities.size(size)}" if isinstance(size, int) else str(value["type"])
    if isinstance(value, dict):
        return ", ".join(f"{key}={item}" for key, item in sorted(value.items())) or "–"
    return str(value) if value != "" else "–"


# How a reader calls a member of the configuration, and how its value is written.
_MEMBERS: Final[dict[str, tuple[str, Callable[[Any], str]]]] = {
    "memory_mib": ("memory", quantities.memory),
    "timeout_seconds": ("timeout", lambda seconds: f"{seconds} s"),
    "ephemeral_mib": ("/tmp", quantities.memory),  # noqa: S108 - a name: nothing is made there
    "python": ("interpreter", lambda python: " ".join((python[0], python[2])) if python else quantities.UNKNOWN),
}


def _diff_line(line: str) -> str:
    if line.startswith(("+++", "---", "@@")):
        kind, text = "hunk", line
    elif line.startswith("-"):
        kind, text = "del", "−" + line[1:]
    else:
        kind, text = ("add" if line.startswith("+") else ""), line
    return f'<div class="{kind}">{escaped(text) or " "}</div>'
