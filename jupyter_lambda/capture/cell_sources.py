"""The text behind captured functions, under file names that are the same in every kernel.

A kernel names a cell's file by its process (`/tmp/ipykernel_4127/98.py`); such a name would make equal packages differ and lead
nowhere in the worker. Here it becomes `<cell [3]>`, or a hash of the text where the number is not known.
"""

from __future__ import annotations

import hashlib
import linecache
import os.path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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
        self.texts: dict[str, str] = {}  # what the package carries: stable name → text

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
        if self.texts.setdefault(name, text) != text:
            name = f"<cell [{number}], {hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}>"
            self.texts[name] = text
        return name

    def _number_of(self, text: str) -> int | None:
        """The latest cell with this text."""
        wanted = text.strip()
        for number in range(len(self._cells) - 1, -1, -1):
            cell = self._cells[number]
            if len(cell) >= len(wanted) and cell.strip() == wanted:
                return number
        return None
