"""The text behind captured functions, under file names that are the same in every kernel.

A kernel names a cell's file by its process (`/tmp/ipykernel_4127/98.py`); such a name would make equal packages differ and lead
nowhere in the worker. Here it becomes `<cell [3]>`, or a hash of the text where the number is not known. Only the lines of captured
functions go along, at their places: the rest of a cell is none of the package's business, and may hold a password.
"""

from __future__ import annotations

import hashlib
import linecache
import os.path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType


class CellSources:
    """Stable names for the files of code, and the texts that go with the package.

    Args:
        cells: The notebook's cells by number, as IPython's `In` has them.
        numbers: Cell numbers by file name, where the caller knows them.
    """

    def __init__(self, cells: Sequence[str] = (), numbers: Mapping[str, int] | None = None) -> None:
        self._cells = cells
        self._numbers = dict(numbers or {})
        self._names: dict[str, str] = {}
        self._texts: dict[str, str] = {}  # stable name → the whole cell
        self._lines: dict[str, set[int]] = {}  # stable name → the lines that go along

    @property
    def texts(self) -> dict[str, str]:
        """What the package carries: the cells by stable name, empty but for the lines of captured functions."""
        found = {}
        for name, kept in sorted(self._lines.items()):
            lines = self._texts[name].split("\n")[: max(kept)]
            found[name] = "\n".join(line if number in kept else "" for number, line in enumerate(lines, 1)) + "\n"
        return found

    def take(self, code: CodeType) -> str:
        """Let a function's lines go along; return the stable name of its file."""
        name = self.stable_name(code.co_filename)
        if name in self._texts:
            last = max((line for _, _, line in code.co_lines() if line), default=code.co_firstlineno)
            self._lines.setdefault(name, set()).update(range(code.co_firstlineno, last + 1))
        return name

    def stable_name(self, filename: str) -> str:
        """The name under which tracebacks in the worker show this file's lines."""
        if filename not in self._names:
            self._names[filename] = self._make_name(filename)
        return self._names[filename]

    def _make_name(self, filename: str) -> str:
        if os.path.exists(filename) and "ipykernel_" not in filename:  # noqa: PTH110 - names are not always paths
            return filename
        text = "".join(linecache.getlines(filename))
        if not text:
            return "<notebook>"
        number = self._numbers.get(filename) or self._number_of(text)
        name = f"<cell [{number}]>" if number else f"<cell {hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}>"
        if self._texts.setdefault(name, text) != text:  # run twice, changed between
            name = f"<cell [{number}], {hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}>"
            self._texts[name] = text
        return name

    def _number_of(self, text: str) -> int | None:
        """The latest cell with this text."""
        wanted = text.strip()
        for number in range(len(self._cells) - 1, -1, -1):
            cell = self._cells[number]
            if len(cell) >= len(wanted) and cell.strip() == wanted:
                return number
        return None
