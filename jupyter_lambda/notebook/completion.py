"""Completion after `%%lambda` and `%lambda`: options and their values, commands, functions, versions, aliases.

Asked while the reader types, so it never starts an engine and never waits for one longer than a moment: what the engine last told is
kept for a second, and what it does not tell in time is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jupyter_lambda.client.commands.catalog import COMMANDS, parser_of
from jupyter_lambda.notebook.cell_options import OPTIONS, Option

_LINE: Final = re.compile(r"^\s*(?P<magic>%%lambda|%lambda)\s+(?P<rest>.*)$", re.DOTALL)
_SEPARATORS: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class KnownFunction:
    """What completion needs of a function."""

    name: str
    versions: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


KnownFunctions = Callable[[], Sequence[KnownFunction]]


def completions(line: str, functions: KnownFunctions) -> list[str]:
    """Words that can stand at the end of `line`, which is the text up to the cursor.

    Args:
        line: The line so far.
        functions: Asked only where a function's name, version or alias can stand.
    """
    match = _LINE.match(line)
    if match is None:
        return []
    words = _SEPARATORS.split(match["rest"])
    before, word = [w for w in words[:-1] if w], words[-1]
    found = _cell_words(before, word, functions) if match["magic"] == "%%lambda" else _command_words(before, word, functions)
    return sorted({proposal for proposal in found if proposal.startswith(word) and proposal != word})


def _cell_words(before: Sequence[str], word: str, functions: KnownFunctions) -> list[str]:
    """For the option line of a cell."""
    previous = next((o for o in OPTIONS if before and before[-1] in (o.flag, *o.aliases) and o.metavar), None)
    if previous is not None:
        return _values(previous, before, word, functions)
    if word.startswith("-"):
        used = {w.partition("=")[0] for w in before}
        return [option.flag for option in OPTIONS if option.repeated or option.flag not in used]
    return [] if before else [function.name for function in functions()]


def _values(option: Option, before: Sequence[str], word: str, functions: KnownFunctions) -> list[str]:
    if option.flag == "--alias":
        return [alias for function in functions() if function.name == before[0] for alias in function.aliases]
    if option.flag in ("--requirements", "--files", "--mount"):
        return paths(word)
    return list(option.choices)


def paths(word: str) -> list[str]:
    """Files and folders that begin with `word`, at most fifty; folders end with `/`."""
    folder = Path(word if word.endswith("/") else str(Path(word).parent))
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []
    prefix = "" if str(folder) == "." and not word.startswith("./") else f"{str(folder).rstrip('/')}/"
    prefix = f"./{prefix.removeprefix('./')}" if word.startswith("./") and not prefix.startswith("./") else prefix
    named = [f"{prefix}{entry.name}{'/' if entry.is_dir() else ''}" for entry in entries]
    return [name for name in named if name.startswith(word)][:50]


def _command_words(before: Sequence[str], word: str, functions: KnownFunctions) -> list[str]:
    """For a line `%lambda COMMAND …`."""
    if not before:
        return [command.name for command in COMMANDS]
    command = next((c for c in COMMANDS if c.name == before[0]), None)
    if command is None or command.name in ("list", "doctor"):
        return []
    if word.startswith("-"):
        return _command_options(command.name)
    positional = [w for w in before[1:] if not w.startswith("-")]
    if not positional:
        return [function.name for function in functions()]
    function = next((f for f in functions() if f.name == positional[0]), None)
    return [] if function is None else _of_function(command.name, before[-1], word, function)


def _command_options(name: str) -> list[str]:
    command = next(c for c in COMMANDS if c.name == name)
    return parser_of(command, "%lambda").long_options()


def _of_function(command: str, previous: str, word: str, function: KnownFunction) -> list[str]:
    if previous == "--qualifier":
        return ["$LATEST", *function.versions, *function.aliases]
    if command == "versions":
        return [*function.versions, "$LATEST"]
    if command == "alias" or previous == "--alias":
        name, equals, _ = word.partition("=")
        return [f"{name}={version}" for version in function.versions] if equals else list(function.aliases)
    return []
