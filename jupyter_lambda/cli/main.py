"""`jupyter lambda …`: choose the command, run it, and turn whatever goes wrong into words and an exit status."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from jupyter_lambda.cli.connection import LocalEngines
from jupyter_lambda.cli.terminal import Exit, Terminal
from jupyter_lambda.client.commands.parsing import HelpWanted, WrongUse
from jupyter_lambda.errors import EngineUnavailable, JupyterLambdaError, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lambda.cli.connection import Engines

_ENGINE_HELP = """  engine start|status|stop  the process that holds functions and runs them
  env                       variables that let the AWS CLI and boto3 reach it: eval "$(jupyter lambda env)"
"""


def main(argv: Sequence[str] | None = None, *, engines: Engines | None = None, terminal: Terminal | None = None) -> int:
    """Run one command.

    Args:
        argv: Its words; None for the process's own.
        engines: How engines are found and started.
        terminal: Where to write.

    Returns:
        The exit status: 0, 1 the function failed, 2 wrong use, 3 no engine, 4 the engine refused.
    """
    terminal = terminal or Terminal()
    try:
        return _run(list(sys.argv[1:] if argv is None else argv), engines or LocalEngines(), terminal)
    except HelpWanted as wanted:
        terminal.say(wanted.text.rstrip())
        return Exit.OK
    except JupyterLambdaError as error:
        terminal.complain(error)
        return exit_status(error)
    except KeyboardInterrupt:
        terminal.note("Interrupted.")
        return Exit.INTERRUPTED
    except BrokenPipeError:  # `… | head`: nobody reads on, and that is no failure
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK


def exit_status(error: JupyterLambdaError) -> Exit:
    """What went wrong, as scripts learn it."""
    if isinstance(error, WrongUse):
        return Exit.WRONG_USE
    if isinstance(error, EngineUnavailable | StoreError):
        return Exit.NO_ENGINE
    return Exit.REFUSED


def _run(words: list[str], engines: Engines, terminal: Terminal) -> Exit:
    home, words = _leading_home(words)
    if not words:
        terminal.note(help_text().rstrip())
        return Exit.WRONG_USE
    if words[0] in ("-h", "--help", "help"):
        raise HelpWanted(help_text())
    if words[0] == "--version":
        from jupyter_lambda._version import __version__

        terminal.say(__version__)
        return Exit.OK
    if words[0] == "engine":
        from jupyter_lambda.cli.engine_commands import run_engine_command

        return run_engine_command(words[1:], home, engines, terminal)
    if words[0] == "env":
        from jupyter_lambda.cli.engine_commands import run_env

        return run_env(words[1:], home, engines, terminal)
    from jupyter_lambda.cli.function_commands import run_function_command

    return run_function_command(words, home, engines, terminal)


def _leading_home(words: list[str]) -> tuple[str | None, list[str]]:
    """`--home DIR` may stand before the command too."""
    if words and words[0].startswith("--home="):
        return words[0].partition("=")[2], words[1:]
    if words and words[0] == "--home":
        if len(words) < 2:
            raise WrongUse("jupyter lambda --home", "its value is missing", "Write --home DIR.")
        return words[1], words[2:]
    return None, words


def help_text() -> str:
    """The commands, one a line."""
    from jupyter_lambda.client.commands.catalog import command_help

    return f"usage: jupyter lambda COMMAND …\n\n{command_help()}\n{_ENGINE_HELP}\nEach has its own -h.\n"
