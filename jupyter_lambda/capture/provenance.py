"""Where a notebook's name got its value: the latest cell that assigned it, and with which statement."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CELLS_READ: Final = 300  # the latest ones: reading more costs more than the hint is worth


@dataclass(frozen=True, slots=True)
class Assignment:
    """The latest statement that gave a name its value."""

    cell: int
    statement: str


def assignments(names: Iterable[str], cells: Sequence[str]) -> dict[str, Assignment]:
    """Find where these names were assigned.

    Args:
        names: Captured names.
        cells: The notebook's cells by number, as IPython's `In` has them: the language's additions are translated already.
    """
    wanted = set(names)
    found: dict[str, Assignment] = {}
    for number in range(len(cells) - 1, max(-1, len(cells) - 1 - _CELLS_READ), -1):
        text = cells[number]
        if not wanted:
            break
        if not any(name in text for name in wanted):
            continue
        for name, statement in _bound(text):
            if name in wanted:
                wanted.discard(name)
                found[name] = Assignment(number, statement)
    return found


def _bound(text: str) -> list[tuple[str, str]]:
    """Names that a cell's top level binds, latest first, each with its statement."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    found: list[tuple[str, str]] = []
    for node in reversed(tree.body):
        names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        statement = ast.get_source_segment(text, node) or ""
        found.extend((name, statement) for name in names)
    return found
