"""`%lambda COMMAND …`: the shared commands, with events written as a notebook's reader writes them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.client.commands.catalog import Command, command_named, parser_of, runner_of
from jupyter_lambda.client.commands.invoking import invoke
from jupyter_lambda.client.commands.parsing import WrongUse
from jupyter_lambda.notebook.cell_options import without_comment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jupyter_lambda.client.engine_client import EngineClient
    from jupyter_lambda.client.views.view import View

PROG: Final = "%lambda"
# Where an event begins: nothing else on an `invoke` line starts like JSON.
_EVENT: Final = re.compile(r"(?<=\s)[\[{\"]|(?<=\s)(?:-?\d[\d.eE+-]*|true|false|null)\s*$")


class LineCommand:
    """One parsed `%lambda` line."""

    def __init__(self, line: str, namespace: Mapping[str, Any]) -> None:
        """Read the line.

        Raises:
            WrongUse: It can't be read; proposes what was meant.
            HelpWanted: `-h` was given.
        """
        name, _, rest = line.strip().partition(" ")
        self.command: Command = command_named(name)
        event, rest = _event_at_end(rest, namespace) if name == "invoke" else (None, rest)
        self.arguments = parser_of(self.command, PROG).parse(_words(rest, line))
        if name == "invoke":
            self.arguments.event = event if event is not None else _event_bytes(self.arguments.event)

    @property
    def follows(self) -> bool:
        """Whether it goes on until it is interrupted."""
        return self.command.name == "logs" and bool(self.arguments.follow)

    def run(self, engine: EngineClient) -> View:
        """Carry it out."""
        if self.command.name == "invoke":
            return invoke(engine, self.arguments)
        return runner_of(self.command)(engine, self.arguments)

    def follow(self, engine: EngineClient, show: Callable[[str], None]) -> None:
        """Show logs as invocations end; an interrupt is how a reader ends it."""
        try:
            for text in _texts(engine, self.arguments.function):
                show(text)
        except KeyboardInterrupt:
            return


def _texts(engine: EngineClient, function: str) -> Iterator[str]:
    for event in engine.follow_logs(function):
        yield event.text


def _words(rest: str, line: str) -> list[str]:
    try:
        return shlex.split(without_comment(rest))
    except ValueError:
        raise WrongUse(f"{PROG} {line.strip()}", "a quote is opened and not closed", "Close it.") from None


def _event_at_end(rest: str, namespace: Mapping[str, Any]) -> tuple[bytes | None, str]:
    """Take an event written bare, `invoke F {"side": 640}` or `invoke F event`, off the end of the line.

    A shell's splitting would eat its quotes. A word that names a variable of the notebook stands for its value.
    """
    if "--event" in rest:
        return None, rest
    found = _EVENT.search(f" {rest}")
    if found is not None:
        start = found.start() - 1
        return rest[start:].strip().encode("utf-8", "surrogatepass"), rest[:start]
    words = _words(rest, f"invoke {rest}")
    last = words[-1] if len(words) > 1 and words[-2] != "--qualifier" else ""
    if last.isidentifier() and last in namespace:
        return _encoded(last, namespace[last]), rest[: rest.rindex(last)]
    return None, rest


def _encoded(name: str, value: Any) -> bytes:
    try:
        return json.dumps(value).encode()
    except (TypeError, ValueError) as error:
        raise WrongUse(
            f"{PROG} invoke … {name}", f"the variable is no event: {error}", "An event is what JSON can hold."
        ) from error


def _event_bytes(written: str) -> bytes:
    """What stands after `--event`: JSON, or `@file`."""
    if written == "-":
        raise WrongUse(f"{PROG} invoke --event -", "a notebook has no standard input", "Write the event, or @file.")
    if not written.startswith("@"):
        return written.encode("utf-8", "surrogatepass")
    try:
        return Path(written[1:]).read_bytes()
    except OSError as error:
        raise WrongUse(
            f"{PROG} invoke --event {written}", f"the file can't be read: {error.strerror}", "Write --event @path/to/event.json."
        ) from error
