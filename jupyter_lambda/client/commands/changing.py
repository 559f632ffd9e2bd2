"""Commands that change something: alias, publish, rm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lambda.client.alias_routing import AliasRouting, parse_alias_routing
from jupyter_lambda.client.commands.parsing import CommandParser, WrongUse
from jupyter_lambda.client.commands.reading import add_function
from jupyter_lambda.client.views.versions import AliasList
from jupyter_lambda.client.views.view import View, escaped
from jupyter_lambda.errors import AliasNotFound, RequestError
from jupyter_lambda.model.engine_api import AliasRequest
from jupyter_lambda.model.names import did_you_mean, parse_function_reference

if TYPE_CHECKING:
    import argparse

    from jupyter_lambda.client.engine_client import EngineClient
    from jupyter_lambda.model.function import Alias


class Done(View):
    """A sentence that says what was done, and the facts for `--json`."""

    def __init__(self, sentence: str, **facts: Any) -> None:
        self.sentence, self.facts = sentence, facts

    def text(self) -> str:
        """The sentence."""
        return self.sentence

    def markup(self) -> str:
        """The sentence."""
        return f"<p>{escaped(self.sentence)}</p>"

    def as_json(self) -> Any:
        """The facts."""
        return self.facts


def add_alias(parser: CommandParser) -> None:
    """Where it shall point, or nothing to see where it points."""
    add_function(parser)
    parser.add_argument(
        "routing", metavar="NAME[=VERSION[,VERSION=WEIGHT]]", nargs="?",
        help="prod: show; prod=3: all calls to version 3; prod=3,4=0.1: a tenth of them to version 4",
    )  # fmt: skip
    parser.add_argument("--description", metavar="TEXT", default=None)
    parser.add_argument("--rollback", action="store_true", help="end a split; without one, go back to the version before")
    parser.add_argument("--delete", action="store_true", help="remove the alias; its versions stay")


def alias(engine: EngineClient, arguments: argparse.Namespace) -> View:
    """Show, point, roll back or remove an alias."""
    name = arguments.function
    routing = _routing(arguments.routing, name) if arguments.routing else None
    if routing is None:
        if arguments.rollback or arguments.delete:
            raise WrongUse(f"alias {name}", "the alias's name is missing", f"Write e.g. alias {name} prod --rollback.")
        return AliasList(name, engine.function(name).aliases)
    if arguments.delete:
        return _remove_alias(engine, name, routing.name)
    if arguments.rollback:
        return AliasList(name, [_roll_back(engine, name, routing)])
    if routing.version is None:
        return AliasList(name, [_existing(engine, name, routing.name)[0]])
    return AliasList(name, [_point(engine, name, routing, arguments.description)])


def _routing(text: str, name: str) -> AliasRouting:
    """What was written, or `WrongUse`: the engine was not asked yet."""
    try:
        return parse_alias_routing(text, name)
    except RequestError as error:
        raise WrongUse(error.where, error.what, error.suggestion) from error


def _point(engine: EngineClient, name: str, routing: AliasRouting, description: str | None) -> Alias:
    """Point the alias; what is not said of its description stays."""
    if description is None:
        here = next((alias for alias in engine.function(name).aliases if alias.name == routing.name), None)
        description = here.description if here else ""
    assert routing.version is not None  # noqa: S101 (the caller showed an alias without one)
    request = AliasRequest(
        version=routing.version, additional_version=routing.additional_version,
        additional_weight=routing.additional_weight, description=description,
    )  # fmt: skip
    return engine.put_alias(name, routing.name, request)


def _existing(engine: EngineClient, name: str, alias_name: str) -> tuple[Alias, list[str]]:
    """The alias as it is, and the function's versions, oldest first."""
    detail = engine.function(name)
    found = next((alias for alias in detail.aliases if alias.name == alias_name), None)
    if found is None:
        known = [alias.name for alias in detail.aliases]
        hint = did_you_mean(alias_name, known) or f"Make it: alias {name} {alias_name}=1."
        raise AliasNotFound(f'alias "{alias_name}" of function "{name}"', "there is no such alias", hint)
    return found, [version.version for version in detail.versions]


def _remove_alias(engine: EngineClient, name: str, alias_name: str) -> View:
    """Remove an alias that is there; AWS's API takes any name without a word, a mistyped one too."""
    known = [alias.name for alias in engine.function(name).aliases]
    if alias_name not in known:
        hint = did_you_mean(alias_name, known) or (f"It has {', '.join(known)}." if known else "It has none.")
        raise AliasNotFound(f'alias "{alias_name}" of function "{name}"', "there is no such alias", hint)
    engine.delete_alias(name, alias_name)
    return Done(f'Alias "{alias_name}" of function "{name}" is removed.', function=name, alias=alias_name)


def _roll_back(engine: EngineClient, name: str, routing: AliasRouting) -> Alias:
    """All calls to the version that had them before: the first of a split, else the next older one."""
    current, published = _existing(engine, name, routing.name)
    version = routing.version or current.version
    if routing.version is None and current.additional_version is None:
        older = [number for number in published if number.isdigit() and int(number) < _number(current.version)]
        if not older:
            raise RequestError(
                f'alias "{current.name}" of function "{name}"', f"no version is older than {current.version}",
                f"Name one: alias {name} {current.name}=VERSION.",
            )  # fmt: skip
        version = max(older, key=int)
    return engine.put_alias(name, current.name, AliasRequest(version=version, description=current.description))


def _number(version: str) -> float:
    return float(version) if version.isdigit() else float("inf")


def add_publish(parser: CommandParser) -> None:
    """What to say of the version."""
    add_function(parser)
    parser.add_argument("--description", metavar="TEXT", default="")


def publish(engine: EngineClient, arguments: argparse.Namespace) -> View:
    """Publish `$LATEST`; the last version is the answer where nothing changed."""
    before = engine.function(arguments.function).function.last_version
    version = engine.publish(arguments.function, description=arguments.description)
    new = int(version.version) > before
    sentence = f"version {version.version} is published" if new else f"unchanged, version {version.version}"
    return Done(
        f'Function "{arguments.function}": {sentence}.', function=arguments.function, version=version.version, published=new
    )


def add_rm(parser: CommandParser) -> None:
    """The function, or a part of it."""
    add_function(parser)
    parser.add_argument("--qualifier", metavar="VERSION", help="remove only this version")
    parser.add_argument("--alias", metavar="NAME", help="remove only this alias")


def rm(engine: EngineClient, arguments: argparse.Namespace) -> View:
    """Remove a function with its versions and aliases, or one of them."""
    reference = parse_function_reference(arguments.function)
    name, qualifier = reference.name, arguments.qualifier or reference.qualifier
    if arguments.alias:
        return _remove_alias(engine, name, arguments.alias)
    engine.delete(name, qualifier=qualifier)
    if qualifier:
        return Done(f'Version {qualifier} of function "{name}" is removed.', function=name, version=qualifier)
    return Done(f'Function "{name}" is removed, with its versions and aliases.', function=name)
