"""Commands that look and change nothing: list, show, logs, metrics, versions, doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lambda.client.commands.parsing import CommandParser, WrongUse, span_seconds
from jupyter_lambda.client.views.figures import LogView, MetricsView
from jupyter_lambda.client.views.functions import FunctionList, FunctionView
from jupyter_lambda.client.views.versions import DifferenceView, VersionList
from jupyter_lambda.clock import SystemClock

if TYPE_CHECKING:
    import argparse

    from jupyter_lambda.client.engine_client import EngineClient
    from jupyter_lambda.client.views.view import View
    from jupyter_lambda.clock import Clock


def add_function(parser: CommandParser) -> None:
    """The function a command is about."""
    parser.add_argument("function", metavar="F", help="the function's name, or its ARN")


def list_functions(engine: EngineClient, arguments: argparse.Namespace) -> View:
    """Every function."""
    del arguments
    return FunctionList(engine.functions())


def show(engine: EngineClient, arguments: argparse.Namespace) -> View:
    """One function, whole."""
    return FunctionView(engine.function(arguments.function))


def add_logs(parser: CommandParser) -> None:
    """Which part of the logs."""
    add_function(parser)
    parser.add_argument("--follow", action="store_true", help="go on showing what comes, until interrupted")
    parser.add_argument("--since", metavar="SPAN", type=span_seconds, help="only the last 15m, 1h, 2d")
    parser.add_argument("--request", metavar="ID", help="only one invocation's")
    parser.add_argument("--limit", metavar="N", type=int, default=1000, help="at most N invocations (default 1000)")


def logs(engine: EngineClient, arguments: argparse.Namespace) -> View:
    """What is kept of a function's logs."""
    events = engine.logs(
        arguments.function, since=since_epoch(arguments.since), request_id=arguments.request, limit=arguments.limit
    )
    return LogView(arguments.function, events)


def add_metrics(parser: CommandParser) -> None:
    """Over which span."""
    add_function(parser)
    parser.add_argument(
        "--since", metavar="SPAN", type=span_seconds, help="only the last 15m, 1h, 2d (default: all that is kept)"
    )


def metrics(engine: EngineClient, arguments: argparse.Namespace) -> View:
    """A function's figures."""
    return MetricsView(engine.metrics(arguments.function, since=since_epoch(arguments.since)))


def since_epoch(span: float | None, clock: Clock | None = None) -> float:
    """A span back from now as epoch seconds; 0 for none: everything."""
    return 0.0 if span is None else (clock or SystemClock()).epoch() - span


def add_versions(parser: CommandParser) -> None:
    """The list, or two to compare."""
    add_function(parser)
    parser.add_argument("versions", metavar="A B", nargs="*", help="two versions: show what changed; one: against $LATEST")


def versions(engine: EngineClient, arguments: argparse.Namespace) -> View:
    """The versions, or what changed between two of them."""
    named = [word.removeprefix("v") for word in arguments.versions]
    if not named:
        return VersionList(engine.function(arguments.function))
    if len(named) > 2:
        raise WrongUse(f"versions {arguments.function} {' '.join(named)}", "takes two versions at most", "Name two.")
    before, after = named if len(named) == 2 else (named[0], "$LATEST")
    return DifferenceView(engine.difference(arguments.function, before, after))


def doctor(engine: EngineClient, arguments: argparse.Namespace) -> View:
    """What this machine offers and what follows."""
    from jupyter_lambda.client.views.doctor import DoctorView  # the only command that needs it

    del arguments
    return DoctorView(engine.doctor(), engine.status())
