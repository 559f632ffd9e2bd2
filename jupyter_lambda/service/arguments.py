"""The engine process's command line: the names and defaults of `jupyter lambda engine start`."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from jupyter_lambda.client.home import home_folder
from jupyter_lambda.errors import RequestError
from jupyter_lambda.service.settings import Settings, parse_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SANDBOX_VARIABLE: Final = "JUPYTER_LAMBDA_SANDBOX"
SANDBOXES: Final = ("auto", "process", "docker")
AUTHS: Final = ("sigv4", "any")
_PORT_MAX: Final = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """A checked command line."""

    home: Path
    host: str
    port: int
    sandbox: str  # auto | process | docker
    auth: str  # sigv4 | any
    account_id: str
    region: str
    aws_endpoint: str | None
    settings: Settings
    foreground: bool


class _Parser(argparse.ArgumentParser):
    """Raises where argparse would print and exit: the starter is told through a pipe."""

    def error(self, message: str) -> NoReturn:
        raise RequestError("engine start", message, "See jupyter lambda engine start --help.")


def parse_arguments(arguments: Sequence[str], environ: Mapping[str, str] | None = None) -> Arguments:
    """Read and check a command line.

    Raises:
        RequestError: An argument is unknown or out of range; the text says which, and what it takes.
    """
    environ = os.environ if environ is None else environ
    given = _parser(environ).parse_args(arguments)
    _check(given.sandbox in SANDBOXES, "--sandbox", given.sandbox, "auto, process or docker")
    _check(given.auth in AUTHS, "--auth", given.auth, "sigv4 or any")
    _check(0 <= given.port <= _PORT_MAX, "--port", given.port, f"0 (any free port) to {_PORT_MAX}")
    _check(re.fullmatch(r"\d{12}", given.account_id), "--account-id", given.account_id, "twelve digits")
    _check(re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d+", given.region), "--region", given.region, "a region's name, such as us-east-1")
    endpoint = given.aws_endpoint or None
    _check(endpoint is None or re.match(r"https?://[^/\s]+", endpoint), "--aws-endpoint", endpoint, "an http or https URL")
    return Arguments(
        home=home_folder(given.home, environ),
        host=given.host,
        port=given.port,
        sandbox=given.sandbox,
        auth=given.auth,
        account_id=given.account_id,
        region=given.region,
        aws_endpoint=endpoint,
        settings=parse_settings(given.set),
        foreground=given.foreground,
    )


def ready_descriptor(arguments: Sequence[str]) -> int | None:
    """The descriptor after `--ready-fd=`, read before anything else can be wrong with the command line."""
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name == "--ready-fd" and value.isdecimal():
            return int(value)
    return None


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m jupyter_lambda.service", description="Serve a home until stopped or idle.", allow_abbrev=False
    )
    parser.add_argument("--home", help="the engine's home (default: $JUPYTER_LAMBDA_HOME, else lambda/ in Jupyter's data folder)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="the TCP port, 0 for any free one (default: %(default)s)")
    parser.add_argument(
        "--sandbox", default=environ.get(SANDBOX_VARIABLE) or "auto", help=f"{', '.join(SANDBOXES)} (default: auto)"
    )
    parser.add_argument("--auth", default="sigv4", help="sigv4, or any: take every credential (default: %(default)s)")
    parser.add_argument("--account-id", default="000000000000", help="twelve digits, for ARNs (default: %(default)s)")
    parser.add_argument("--region", default="us-east-1", help="for ARNs (default: %(default)s)")
    parser.add_argument("--aws-endpoint", default=environ.get("AWS_ENDPOINT_URL"), help="where S3 and queues are")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting, see docs/settings.md")
    parser.add_argument("--foreground", action="store_true", help="stay with the terminal, log to standard error")
    parser.add_argument("--ready-fd", type=int, help="a descriptor to write to once it listens, or why it can't")
    return parser


def _check(holds: object, name: str, value: object, takes: str) -> None:
    if not holds:
        raise RequestError(f"engine start, {name}", f'"{value}" is not {takes}', f"Give {name} {takes}.")
