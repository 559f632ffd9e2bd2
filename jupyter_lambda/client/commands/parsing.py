"""An argument parser for both a shell and a notebook: it raises instead of ending the process, and says what was meant."""

from __future__ import annotations

import argparse
import re
from typing import IO, TYPE_CHECKING, NoReturn

from jupyter_lambda.errors import RequestError
from jupyter_lambda.model.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence


class WrongUse(RequestError):
    """A command was written in a way that has no meaning."""


class HelpWanted(Exception):
    """`-h` was given; carries the help's text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class CommandParser(argparse.ArgumentParser):
    """`argparse` without its habit of ending the process."""

    def __init__(self, prog: str, description: str) -> None:
        super().__init__(prog, description=description, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message: str) -> NoReturn:
        """Raise `WrongUse` with the nearest known option, else the usage."""
        known = self.long_options()
        unknown = [word for word in message.split() if word.startswith("-")] if "unrecognized" in message else []
        hint = next(filter(None, (did_you_mean(word.partition("=")[0], known) for word in unknown)), "")
        raise WrongUse(self.prog, message, hint or " ".join(self.format_usage().split()))

    def print_help(self, file: IO[str] | None = None) -> None:  # type: ignore[override]  # the protocol of 3.13 is wider
        """Raise `HelpWanted`: who asked also shows it."""
        del file
        raise HelpWanted(self.format_help())

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Raise; argparse calls this only after it printed something, which it no longer does."""
        raise WrongUse(self.prog, message or f"ended with status {status}")

    def long_options(self) -> list[str]:
        """The options it knows, as written."""
        return [option for action in self._actions for option in action.option_strings if option.startswith("--")]

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse; options may stand between positional arguments.

        Raises:
            WrongUse: It can't be read.
            HelpWanted: `-h` was given.
        """
        return self.parse_intermixed_args(list(words))


_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def span_seconds(text: str) -> float:
    """`90`, `15m`, `1.5h`, `2d` as seconds.

    Raises:
        argparse.ArgumentTypeError: Something else.
    """
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f'"{text}" is no span of time; write 90, 15m, 1h or 2d')
    return float(match[1]) * _SECONDS[match[2]]
