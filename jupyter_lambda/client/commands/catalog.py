"""The commands by name: what `jupyter lambda -h`, `%lambda?`, completion and did-you-mean read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from jupyter_lambda.client.commands.parsing import CommandParser, WrongUse
from jupyter_lambda.model.names import did_you_mean

if TYPE_CHECKING:
    import argparse

    from jupyter_lambda.client.engine_client import EngineClient
    from jupyter_lambda.client.views.view import View


class Command(NamedTuple):
    """One command: `usage` and `meaning` for help, and the module that has `add_<name>` and the function that runs it."""

    name: str
    usage: str
    meaning: str


COMMANDS: Final[tuple[Command, ...]] = (
    Command("list", "list", "every function: version, aliases, memory, environments"),
    Command("show", "show F", "one function: configuration, versions, environments, source"),
    Command("invoke", "invoke F [--event JSON|-|@file] [--qualifier Q] [--async] [--tail]", "call a function with an event"),
    Command("logs", "logs F [--follow]", "what its invocations wrote, with the REPORT lines"),
    Command("metrics", "metrics F [--since 1h]", "counts, durations, memory, cost on AWS"),
    Command("versions", "versions F [A B]", "its versions; with two of them, what changed"),
    Command("alias", "alias F [NAME[=VERSION[,VERSION=WEIGHT]]]", "show an alias or point it; --rollback, --delete"),
    Command(
        "test-events", "test-events F [NAME] [--save JSON] [--delete]", "events kept to try it with; show, save or remove one"
    ),
    Command("publish", "publish F [--description TEXT]", "publish $LATEST as a version"),
    Command("rm", "rm F [--qualifier V] [--alias NAME]", "remove a function, a version or an alias"),
    Command("doctor", "doctor", "what this machine offers, and what follows"),
)

Adder = Callable[[CommandParser], None]
Runner = Callable[["EngineClient", "argparse.Namespace"], "View"]


def command_named(name: str, others: tuple[str, ...] = ()) -> Command:
    """The command of that name.

    Args:
        name: As written.
        others: Names that the caller handles itself and that may have been meant.

    Raises:
        WrongUse: There is none; proposes the nearest.
    """
    found = next((command for command in COMMANDS if command.name == name), None)
    if found is None:
        known = [*(command.name for command in COMMANDS), *others]
        raise WrongUse(f'"{name}"', "there is no such command", did_you_mean(name, known) or f"There are {', '.join(known)}.")
    return found


def parser_of(command: Command, prog: str) -> CommandParser:
    """The command's parser; `prog` is what stands before its name."""
    parser = CommandParser(f"{prog} {command.name}", command.meaning)
    _parts(command.name)[0](parser)
    return parser


def runner_of(command: Command) -> Runner:
    """The function that carries the command out and answers a view; `invoke` has none, its callers differ too much."""
    return _parts(command.name)[1]


def _nothing(parser: CommandParser) -> None:
    del parser


def _parts(name: str) -> tuple[Adder, Runner]:
    # Loaded only for the command that runs: `jupyter lambda engine status` shall not pay for tables.
    from jupyter_lambda.client.commands import changing, invoking, reading, trying

    table: dict[str, tuple[Adder, Runner]] = {
        "list": (_nothing, reading.list_functions),
        "show": (reading.add_function, reading.show),
        "invoke": (invoking.add_invoke, invoking.invoke),
        "logs": (reading.add_logs, reading.logs),
        "metrics": (reading.add_metrics, reading.metrics),
        "versions": (reading.add_versions, reading.versions),
        "alias": (changing.add_alias, changing.alias),
        "test-events": (trying.add_test_events, trying.test_events),
        "publish": (changing.add_publish, changing.publish),
        "rm": (changing.add_rm, changing.rm),
        "doctor": (_nothing, reading.doctor),
    }
    return table[name]


def command_help() -> str:
    """One aligned line for each command."""
    width = max(len(command.usage) for command in COMMANDS if len(command.usage) < 50)
    return "\n".join(f"  {command.usage:<{width}}  {command.meaning}" for command in COMMANDS)
