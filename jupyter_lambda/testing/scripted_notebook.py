"""A notebook without a kernel: cells run in one namespace, with the names and the history that a kernel would give them."""

from __future__ import annotations

import linecache
import textwrap
from typing import Any


class ScriptedNotebook:
    """Runs cells one after another as IPython does, as far as a capture can see: `In`, `Out`, file names, `__main__`.

    Attributes:
        namespace: What a kernel calls the user namespace.
        numbers: Cell numbers by code file name.
    """

    def __init__(self) -> None:
        self.cells: list[str] = [""]
        self.numbers: dict[str, int] = {}
        self.namespace: dict[str, Any] = {
            "__name__": "__main__",
            "In": self.cells,
            "Out": {},
            "_oh": {},
            "_ih": self.cells,
            "_": "",
        }

    def run(self, source: str) -> Any:
        """Run a cell; indentation that all its lines share doesn't count."""
        text = textwrap.dedent(source).strip("\n") + "\n"
        number = len(self.cells)
        filename = f"<ipython-input-{number}-{id(self):x}>"  # differs from process to process, as a kernel's does
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        self.cells.append(text)
        self.numbers[filename] = number
        exec(compile(text, filename, "exec", dont_inherit=True), self.namespace)  # noqa: S102 - it is what a notebook does

    def __getitem__(self, name: str) -> Any:
        return self.namespace[name]
