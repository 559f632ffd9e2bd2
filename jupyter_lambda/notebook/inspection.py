"""What a front end shows for a word of a `%%lambda` or `%lambda` line: the magic's help, or what one option means.

A kernel is asked with the whole cell and a place in it, but looks up the one word there: `lambda` is a keyword of Python to it, and
`--memory` a name. So our answer comes before the kernel's own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.notebook.cell_options import OPTIONS, Option

if TYPE_CHECKING:
    from collections.abc import Callable

_LINE: Final = re.compile(r"[ \t]*(%%?lambda)(?=\s|$)")
_WORD: Final = re.compile(r"\S+")
_PLACE: Final = "do_inspect"  # of the kernel


def line_help(code: str, place: int, magic_help: str) -> str | None:
    """Help for the word at a place; None where it is not on a line of ours.

    Args:
        code: The whole cell.
        place: Characters before the cursor.
        magic_help: What is said of the magic itself.
    """
    start = code.rfind("\n", 0, place) + 1
    end = code.find("\n", place)
    line = code[start : end if end >= 0 else len(code)]
    magic = _LINE.match(line)
    if magic is None or (magic[1] == "%%lambda" and code[:start].strip()):  # a cell's magic stands on its first line
        return None
    if magic[1] == "%%lambda" and (option := _option_at(line, place - start)) is not None:
        return f"{option.flag} {option.metavar}".rstrip() + f"\n\n{option.meaning}"
    return magic_help


def _option_at(line: str, place: int) -> Option | None:
    """The option whose name or value stands at a place."""
    named = {name: option for option in OPTIONS for name in (option.flag, *option.aliases)}
    before = None
    for word in _WORD.finditer(line):
        option = named.get(word[0].partition("=")[0])
        if word.start() <= place <= word.end():
            return option or before
        before = option if option is not None and option.metavar else None
    return None


def explain_lines(kernel: Any, magic_help: str) -> Callable[[], None]:
    """Answer for our lines before the kernel does; returns what takes that away."""
    own = getattr(kernel, _PLACE)

    def do_inspect(code: str, cursor_pos: int, detail_level: int = 0, *rest: Any, **more: Any) -> Any:
        found = line_help(code, cursor_pos, magic_help)
        if found is None:
            return own(code, cursor_pos, detail_level, *rest, **more)
        return {"status": "ok", "found": True, "data": {"text/plain": found}, "metadata": {}}

    setattr(kernel, _PLACE, do_inspect)
    return lambda: delattr(kernel, _PLACE)
