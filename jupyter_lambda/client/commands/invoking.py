"""`invoke`: an event in, the payload out."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from jupyter_lambda.client.views.figures import InvocationView
from jupyter_lambda.model.names import parse_function_reference

if TYPE_CHECKING:
    import argparse

    from jupyter_lambda.client.commands.parsing import CommandParser
    from jupyter_lambda.client.engine_client import EngineClient


def add_invoke(parser: CommandParser) -> None:
    """The event, and how to call."""
    parser.add_argument("function", metavar="F", help="the function's name, or its ARN")
    parser.add_argument("--event", metavar="JSON|-|@file", default="{}", help="the event; - reads standard input (default {})")
    parser.add_argument("--qualifier", metavar="Q", help="a version or an alias (default: $LATEST)")
    parser.add_argument("--async", dest="asynchronous", action="store_true", help="queue the event and answer at once")
    parser.add_argument("--tail", action="store_true", help="show the invocation's log too")


def invoke(engine: EngineClient, arguments: argparse.Namespace) -> InvocationView:
    """Call once; `arguments.event` holds the event's bytes by now.

    A keyboard interrupt cancels the call in the engine and goes on up.
    """
    reference = parse_function_reference(arguments.function)
    request_id = str(uuid.uuid4())
    result = engine.invoke(
        reference.name,
        arguments.event,
        qualifier=arguments.qualifier or reference.qualifier,
        invocation_type="Event" if arguments.asynchronous else "RequestResponse",
        request_id=request_id,
    )
    return InvocationView(result, with_log=arguments.tail)
