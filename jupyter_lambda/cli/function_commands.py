"""Commands about functions: what `client.commands` makes of them, written to a terminal."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_lambda.cli.terminal import Exit, Terminal
from jupyter_lambda.client.commands.catalog import Command, command_named, parser_of, runner_of
from jupyter_lambda.client.commands.invoking import invoke
from jupyter_lambda.client.commands.parsing import WrongUse
from jupyter_lambda.client.views.figures import figures
from jupyter_lambda.model.invocation import Status

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from jupyter_lambda.cli.connection import Engines
    from jupyter_lambda.client.engine_client import EngineClient


def run_function_command(words: Sequence[str], home: str | None, engines: Engines, terminal: Terminal) -> Exit:
    """Carry out `list`, `show F`, `invoke F …` and the others.

    Raises:
        WrongUse: No such command, or arguments that can't be read.
        JupyterLambdaError: No engine, or it refused.
    """
    command = command_named(words[0], ("engine", "env"))
    arguments = _parse(command, words[1:])
    if command.name == "invoke":
        arguments.event = read_event(arguments.event, terminal)
    runtime = engines.ensure(arguments.home or home)
    with engines.connected(runtime) as engine:
        if command.name == "invoke":
            return _invoke(engine, arguments, terminal)
        if command.name == "logs" and arguments.follow:
            return _follow(engine, arguments, terminal)
        view = runner_of(command)(engine, arguments)
    terminal.say(json.dumps(view.as_json(), ensure_ascii=False) if arguments.json else view.text())
    return Exit.OK


def _parse(command: Command, words: Sequence[str]) -> argparse.Namespace:
    parser = parser_of(command, "jupyter lambda")
    parser.add_argument("--home", metavar="DIR", help="the engine's home")
    if command.name != "invoke":  # its result is the payload, whatever that is
        parser.add_argument("--json", action="store_true", help="as JSON")
    return parser.parse(words)


def read_event(written: str, terminal: Terminal) -> bytes:
    """The event's bytes as they are, from the argument, `-` (standard input) or `@file`; the engine judges whether they are JSON.

    Raises:
        WrongUse: The file can't be read.
    """
    if written == "-":
        return terminal.read_event.read()
    if written.startswith("@"):
        try:
            return Path(written[1:]).read_bytes()
        except OSError as error:
            raise WrongUse(
                f"jupyter lambda invoke --event {written}",
                f"the file can't be read: {error.strerror}",
                "Write --event @path/to/event.json.",
            ) from error
    return os.fsencode(written)


def _invoke(engine: EngineClient, arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    view = invoke(engine, arguments)
    result = view.result
    if arguments.asynchronous:
        terminal.note("Queued; its logs will carry this request id.")
        terminal.say(result.record.request_id)
        return Exit.OK
    if arguments.tail:
        terminal.err.write(result.log.decode("utf-8", "replace"))
    terminal.write(result.payload)
    if sys.stdout.isatty():
        terminal.write(b"\n")
    if result.record.status is Status.SUCCEEDED:
        return Exit.OK
    terminal.note(figures(result.record))
    return Exit.FUNCTION_FAILED


def _follow(engine: EngineClient, arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Show logs as invocations end, until the reader has seen enough (Ctrl-C)."""
    try:
        for event in engine.follow_logs(arguments.function):
            text = event.text if event.text.endswith("\n") else event.text + "\n"
            terminal.write(text.encode("utf-8", "replace"))
    except KeyboardInterrupt:
        return Exit.OK
    return Exit.OK
