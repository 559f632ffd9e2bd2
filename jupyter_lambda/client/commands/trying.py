"""`test-events`: the events that are kept to try a function with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lambda.client.commands.changing import Done
from jupyter_lambda.client.commands.parsing import CommandParser, WrongUse
from jupyter_lambda.client.commands.reading import add_function
from jupyter_lambda.client.views.saved_events import SavedEventList, SavedEventView
from jupyter_lambda.errors import NotFound
from jupyter_lambda.model.names import did_you_mean, parse_function_reference

if TYPE_CHECKING:
    import argparse

    from jupyter_lambda.client.engine_client import EngineClient
    from jupyter_lambda.client.views.view import View


def add_test_events(parser: CommandParser) -> None:
    """Which event, and what to do with it."""
    add_function(parser)
    parser.add_argument("event", metavar="NAME", nargs="?", help="one event; without it, all of them")
    parser.add_argument("--save", metavar="JSON", help="keep this event under that name")
    parser.add_argument("--delete", action="store_true", help="remove it")


def test_events(engine: EngineClient, arguments: argparse.Namespace) -> View:
    """List, show, save or remove."""
    function, name = parse_function_reference(arguments.function).name, arguments.event
    if name is None:
        if arguments.save is not None or arguments.delete:
            raise WrongUse(
                f"test-events {function}", "the event's name is missing", f"Write e.g. test-events {function} big --delete."
            )
        return SavedEventList(function, engine.test_events(function))
    if arguments.save is not None:
        saved = engine.put_test_event(function, name, arguments.save.encode("utf-8", "surrogateescape"))
        return Done(f'Test event "{saved.name}" of function "{function}" is saved.', function=function, event=saved.name)
    if arguments.delete:
        engine.delete_test_event(function, name)
        return Done(f'Test event "{name}" of function "{function}" is removed.', function=function, event=name)
    events = engine.test_events(function)
    found = next((event for event in events if event.name == name), None)
    if found is None:
        known = [event.name for event in events]
        hint = did_you_mean(name, known) or (f"It has {', '.join(known)}." if known else "It has none.")
        raise NotFound(f'test event "{name}" of function "{function}"', "there is no such event", hint)
    return SavedEventView(found)
