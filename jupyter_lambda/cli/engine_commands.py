"""`engine start|status|stop` and `env`: the process, and how other tools find it."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.cli.terminal import Exit, Terminal
from jupyter_lambda.client.commands.parsing import CommandParser, WrongUse
from jupyter_lambda.errors import EngineUnavailable, RequestError, SandboxError
from jupyter_lambda.model.names import did_you_mean

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from jupyter_lambda.cli.connection import Engines
    from jupyter_lambda.model.engine_api import EngineStatus
    from jupyter_lambda.model.runtime_file import RuntimeFile

ENGINE_COMMANDS: Final = ("start", "status", "stop")


def run_engine_command(words: Sequence[str], home: str | None, engines: Engines, terminal: Terminal) -> Exit:
    """Carry out `engine WORDS…`.

    Raises:
        WrongUse: No such command, or arguments that can't be read.
    """
    table: dict[str, Callable[[Sequence[str], str | None, Engines, Terminal], Exit]] = {
        "start": _start, "status": _status, "stop": _stop,
    }  # fmt: skip
    name = words[0] if words else ""
    if name not in table:
        hint = did_you_mean(name, table) or f"There are {', '.join(table)}."
        raise WrongUse(
            f"jupyter lambda engine {name}".rstrip(), "there is no such command" if name else "start, status or stop?", hint
        )
    return table[name](words[1:], home, engines, terminal)


def _parser(name: str, meaning: str) -> CommandParser:
    parser = CommandParser(f"jupyter lambda {name}", meaning)
    parser.add_argument(
        "--home", metavar="DIR", help="the engine's home (default $JUPYTER_LAMBDA_HOME, else in Jupyter's data folder)"
    )
    return parser


def start_parser() -> CommandParser:
    """The parser of `engine start`."""
    parser = _parser("engine start", "Start the engine, or find it running; print where it is, as one JSON line.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="TCP port, 0 for any free one (default 0)")
    parser.add_argument("--sandbox", choices=("auto", "process", "docker"), help="where functions run (default auto)")
    parser.add_argument("--auth", choices=("sigv4", "any"), default="sigv4", help="any: take every credential, for test suites")
    parser.add_argument("--account-id", metavar="ID", default="000000000000", help="twelve digits, for ARNs")
    parser.add_argument("--region", default="us-east-1", help="for ARNs (default us-east-1)")
    parser.add_argument("--foreground", action="store_true", help="run here until interrupted, instead of detaching")
    parser.add_argument("--aws-endpoint", metavar="URL", help="where S3 code and queues are (default $AWS_ENDPOINT_URL)")
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], dest="settings", help="a setting, see docs/settings.md"
    )
    return parser


def _settings(pairs: Sequence[str]) -> dict[str, str]:
    settings = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise WrongUse(
                f"jupyter lambda engine start --set {pair}", "a setting is NAME=VALUE", "Write e.g. --set idle_seconds=600."
            )
        settings[name] = value
    return settings


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "sandbox": arguments.sandbox,
        "host": arguments.host,
        "port": arguments.port,
        "auth": arguments.auth,
        "account_id": arguments.account_id,
        "region": arguments.region,
        "aws_endpoint": arguments.aws_endpoint,
        "settings": _settings(arguments.settings),
    }


def _start(words: Sequence[str], home: str | None, engines: Engines, terminal: Terminal) -> Exit:
    arguments = start_parser().parse(words)
    home = arguments.home or home
    options = _options(arguments)
    if arguments.auth == "any":
        terminal.note("WARNING: --auth any takes every credential. Whoever reaches the port can run code as you.")
    if arguments.foreground:
        _become_engine(home, options)
    running = engines.find(home)
    runtime = running if running is not None else _ensure(engines, home, options)
    if running is not None and words:
        terminal.note("The engine runs already; options given now change nothing about it. Stop it first to start it anew.")
    terminal.say(start_line(runtime))
    return Exit.OK


def _ensure(engines: Engines, home: str | None, options: dict[str, Any]) -> RuntimeFile:
    try:
        return engines.ensure(home, **options)
    except RequestError as error:  # an option out of range: nobody was asked yet who could have refused
        raise WrongUse(error.where, error.what, error.suggestion) from error
    except SandboxError as error:  # this machine or this version has not what the engine shall run on: there is no engine
        raise EngineUnavailable(error.where, error.what, error.suggestion) from error


def start_line(runtime: RuntimeFile) -> str:
    """What `engine start` prints: exactly these four members."""
    facts = {"url": runtime.url, "pid": runtime.pid, "home": runtime.home, "sandbox": runtime.sandbox}
    return msgspec.json.encode(facts).decode()


def _become_engine(home: str | None, options: dict[str, Any]) -> None:
    """Replace this process by the engine, without the shell's secrets; does not return."""
    from jupyter_lambda.client.engine_variables import engine_variables
    from jupyter_lambda.client.home import home_folder
    from jupyter_lambda.client.launch import EngineOptions, Launcher

    command = [*Launcher().start_command(EngineOptions(home=home_folder(home), **options)), "--foreground"]
    os.execve(command[0], command, engine_variables(os.environ))  # noqa: S606 - our own interpreter and package


def _status(words: Sequence[str], home: str | None, engines: Engines, terminal: Terminal) -> Exit:
    parser = _parser("engine status", "Where the engine runs and what it holds; exit status 3 when it does not run.")
    parser.add_argument("--json", action="store_true", help="as one JSON line")
    arguments = parser.parse(words)
    runtime = engines.find(arguments.home or home)
    if runtime is None:
        terminal.note("The engine isn't running. Any command that needs it starts it; so does: jupyter lambda engine start")
        return Exit.NO_ENGINE
    with engines.connected(runtime) as engine:
        status = engine.status()
    terminal.say(msgspec.json.encode(status).decode() if arguments.json else status_text(status))
    return Exit.OK


def status_text(status: EngineStatus) -> str:
    """The status for a person."""
    facts = [
        ("url", status.url),
        ("pid", str(status.pid)),
        ("home", status.home),
        ("sandbox", f"{status.sandbox}{f': {status.sandbox_note}' if status.sandbox_note else ''}"),
        *(
            [("besides", f"{', '.join(each.kind for each in status.sandboxes[1:])} sandbox, for functions that ask for it")]
            if status.sandboxes[1:]
            else []
        ),
        ("functions", str(status.functions)),
        ("environments", str(status.environments)),
        ("running", f"{status.running} of {status.concurrency:,} at most" if status.concurrency else str(status.running)),
        ("queued events", str(status.queued_events)),
        ("memory", f"{status.budget_used_mib:,} of {status.budget_mib:,} MB in use" if status.budget_mib else "–"),
        ("version", f"{status.version}, protocol {status.protocol}"),
    ]
    width = max(len(name) for name, _ in facts)
    return "\n".join([*(f"{name:<{width}}  {value}" for name, value in facts), *(f"⚠ {warning}" for warning in status.warnings)])


def _stop(words: Sequence[str], home: str | None, engines: Engines, terminal: Terminal) -> Exit:
    arguments = _parser("engine stop", "End the engine and every worker; functions, versions and queued events stay.").parse(
        words
    )
    if engines.stop(arguments.home or home):
        terminal.note("The engine stopped.")
        return Exit.OK
    terminal.note("The engine isn't running.")
    return Exit.NO_ENGINE


def run_env(words: Sequence[str], home: str | None, engines: Engines, terminal: Terminal) -> Exit:
    """`env`: lines for `eval "$(jupyter lambda env)"`, after which the AWS CLI and boto3 talk to the engine."""
    parser = _parser("env", 'Print what AWS\'s tools need to reach the engine: eval "$(jupyter lambda env)"')
    arguments = parser.parse(words)
    for line in export_lines(engines.ensure(arguments.home or home), os.environ):
        terminal.say(line)
    return Exit.OK


def export_lines(runtime: RuntimeFile, environ: Mapping[str, str]) -> list[str]:
    """`export NAME=value` lines, quoted for a POSIX shell.

    Services are named as botocore names them: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    variables = {
        "AWS_ENDPOINT_URL_LAMBDA": runtime.url,
        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": runtime.url,
        "AWS_ENDPOINT_URL_CLOUDWATCH": runtime.url,
        "AWS_ACCESS_KEY_ID": runtime.access_key_id,
        "AWS_SECRET_ACCESS_KEY": runtime.secret_access_key,
        "AWS_DEFAULT_REGION": runtime.region,
    }
    if "AWS_SESSION_TOKEN" in environ:  # of the caller's own account: it would be sent along and make no sense here
        variables["AWS_SESSION_TOKEN"] = ""
    if "AWS_REGION" in environ:  # wins over AWS_DEFAULT_REGION in most SDKs
        variables["AWS_REGION"] = runtime.region
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
