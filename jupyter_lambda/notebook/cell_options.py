"""The options of `%%lambda` as one table, and the line that uses them taken apart.

Parsing, help and completion all read `OPTIONS`. Values are checked by the model, so that the cell's line, boto3 and the engine
agree about what is out of range, and before anything is captured.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from jupyter_lambda.errors import RequestError
from jupyter_lambda.model import limits
from jupyter_lambda.model.function import Configuration, check_configuration
from jupyter_lambda.model.names import check_alias_name, check_function_name, did_you_mean

LINE: Final = "%%lambda"


@dataclass(frozen=True, slots=True)
class Option:
    """One option: how it is written, what it means, how its value is read.

    Attributes:
        flag: As written on the line, e.g. `--memory`.
        metavar: What stands for the value in help; empty for a switch, which takes none.
        meaning: One sentence for help, with unit and range.
        member: The key under which `CellOptions.values` holds it.
        read: Text to value; raises `RequestError`.
        repeated: Whether it may stand more than once; its value is then a tuple.
        choices: Values to propose when completing.
        aliases: Other spellings.
    """

    flag: str
    metavar: str
    meaning: str
    member: str
    read: Callable[[str], Any] = str
    repeated: bool = False
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


def _whole(flag: str, unit: str) -> Callable[[str], int]:
    """A reader of whole numbers that says which unit to leave out."""

    def read(text: str) -> int:
        try:
            return int(text.replace("_", ""))
        except ValueError:
            digits = "".join(c for c in text if c.isdigit())
            raise RequestError(
                f"{LINE} {flag} {text}",
                f"takes a whole number{f' of {unit}' if unit else ''}, without a unit",
                f"Write {flag} {digits}." if digits else "",
            ) from None

    return read


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise RequestError(
            f"{LINE} -e {text}", "an environment variable is NAME=VALUE", 'Write e.g. -e STAGE=test or -e "A=b c".'
        )
    return name, value


@dataclass(frozen=True, slots=True)
class AliasOption:
    """`--alias NAME[=WEIGHT]`: the alias to point at the new version, wholly or with a share of its calls."""

    name: str
    weight: float | None = None


def _alias(text: str) -> AliasOption:
    name, equals, share = text.partition("=")
    check_alias_name(name)
    if not equals:
        return AliasOption(name)
    try:
        weight = float(share)
    except ValueError:
        weight = -1.0
    if not 0.0 <= weight <= 1.0:
        raise RequestError(
            f"{LINE} --alias {text}", f'"{share}" is not a weight between 0 and 1', f"Write e.g. --alias {name}=0.1."
        )
    return AliasOption(name, weight)


def _mount(text: str) -> tuple[str, str]:
    """HOST[:PATH] as (host, path); without PATH the folder appears under its own path."""
    source, _, target = text.partition(":")
    if not source:
        raise RequestError(f"{LINE} --mount {text}", "the host's folder is missing", "Write --mount HOST or --mount HOST:PATH.")
    if target and not target.startswith("/"):
        raise RequestError(
            f"{LINE} --mount {text}", f'"{target}" is not an absolute path inside the sandbox', f"Write {source}:/{target}."
        )
    return source, target


OPTIONS: Final[tuple[Option, ...]] = (
    Option("--memory", "MB", f"memory limit, {limits.MEMORY_MIB_MIN}–{limits.MEMORY_MIB_MAX:,} MB (default "
           f"{limits.MEMORY_MIB_DEFAULT}); the CPU share follows it", "memory_mib", _whole("--memory", "MB"),
           choices=("128", "256", "512", "1024", "1769", "2048", "3008", "10240")),
    Option("--timeout", "S", f"seconds a call may take, {limits.TIMEOUT_SECONDS_MIN}–{limits.TIMEOUT_SECONDS_MAX} (default "
           f"{limits.TIMEOUT_SECONDS_DEFAULT})", "timeout_seconds", _whole("--timeout", "seconds"),
           choices=("3", "10", "30", "60", "300", "900")),
    Option("-e", "K=V", "set an environment variable", "environment", _variable, repeated=True, aliases=("--env",)),
    Option("--requirements", 'FILE|"a b"', "packages that pip installs for the worker", "requirements"),
    Option("--layer", "ARN", "a layer under /opt", "layers", repeated=True),
    Option("--reserved", "N", "reserved concurrency: at most N calls at once, and room for N", "reserved_concurrency",
           _whole("--reserved", "calls")),
    Option("--provisioned", "N", "provisioned concurrency: N environments initialised ahead", "provisioned_concurrency",
           _whole("--provisioned", "environments")),
    Option("--ephemeral", "MB", f"size of /tmp, {limits.EPHEMERAL_MIB_MIN}–{limits.EPHEMERAL_MIB_MAX:,} MB (default "
           f"{limits.EPHEMERAL_MIB_DEFAULT})", "ephemeral_mib", _whole("--ephemeral", "MB"), choices=("512", "1024", "10240")),
    Option("--runtime", "R", "Lambda runtime (default: this kernel's Python)", "runtime", choices=limits.RUNTIMES),
    Option("--handler", "H", "name of the handler in the cell, where several could be meant", "handler"),
    Option("--sandbox", "process|docker", "where it runs (default: the engine's choice)", "sandbox", choices=("process", "docker")),
    Option("--image", "REF", "container image to run in", "image"),
    Option("--files", "GLOB", "put files into the package", "files", repeated=True),
    Option("--mount", "HOST[:PATH]", "show a folder of this machine read-only, outside the package", "mounts", _mount, repeated=True),
    Option("--network", "none|bridge", "network of a container", "network", choices=("none", "bridge")),
    Option("--description", "TEXT", "a sentence about this version", "description"),
    Option("--no-publish", "", "change $LATEST only, publish no version", "no_publish"),
    Option("--alias", "NAME[=WEIGHT]", "point an alias at the new version, or give it that share of the alias's calls", "alias", _alias),
    Option("--take-over", "", "deploy although another notebook made this function", "take_over"),
)  # fmt: skip

_BY_FLAG: Final[Mapping[str, Option]] = {spelling: o for o in OPTIONS for spelling in (o.flag, *o.aliases)}
# Members of the model's Configuration that the line sets as they are read.
_CONFIGURATION: Final = (
    "memory_mib", "timeout_seconds", "ephemeral_mib", "runtime", "sandbox", "image", "network", "layers", "description",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CellOptions:
    """A parsed option line: the function's name, and what the line set, by `Option.member`. What it didn't set is absent."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def configuration(self) -> dict[str, Any]:
        """What the line sets of the model's `Configuration`, by member; mounts and requirements are left to capture."""
        options = {member: self.values[member] for member in _CONFIGURATION if member in self.values}
        if "environment" in self.values:
            options["environment"] = dict(self.values["environment"])
        return options

    @property
    def publish(self) -> bool:
        """Whether a version is published when the content changed."""
        return "no_publish" not in self.values

    @property
    def take_over(self) -> bool:
        """Whether another notebook's function may be replaced."""
        return "take_over" in self.values


def parse_cell_line(line: str) -> CellOptions:
    """Take the rest of a `%%lambda` line apart and check each value.

    Raises:
        RequestError: No name, an unknown option, a value missing or out of range; says what to write instead.
    """
    names: list[str] = []
    values: dict[str, Any] = {}
    words = iter(split_line(line))
    for word in words:
        if word.startswith("-") and word != "-":
            option, text = _option(word, words)
            _put(values, option, option.read(text) if option.metavar else True)
        else:
            names.append(word)
    options = CellOptions(_only_name(names, line), values)
    _check(options)
    return options


def split_line(line: str) -> list[str]:
    """Split as a shell does, with `#` comments.

    Raises:
        RequestError: A quote is not closed.
    """
    try:
        return shlex.split(without_comment(line))
    except ValueError:
        raise RequestError(f"{LINE} {line.strip()}", "a quote is opened and not closed", "Close it.") from None


def without_comment(line: str) -> str:
    """Cut the line at a `#` that starts a word outside quotes; shlex itself would cut `-e COLOR=#fff` too."""
    quote, escaped, at_word_start = "", False, True
    for position, char in enumerate(line):
        if escaped:
            escaped = False
        elif quote:
            escaped = char == "\\" and quote == '"'
            quote = "" if char == quote else quote
        elif char == "#" and at_word_start:
            return line[:position]
        elif char == "\\":
            escaped = True
        elif char in "'\"":
            quote = char
        at_word_start = not quote and not escaped and char.isspace()
    return line


def _option(word: str, words: Any) -> tuple[Option, str]:
    """The option that `word` names, and its value's text, taken from `--flag=value`, `-eK=V` or the next word."""
    flag, equals, text = word.partition("=")
    if word.startswith("-e") and not word.startswith("--") and len(word) > 2:
        flag, equals, text = "-e", "=", word[2:]
    option = _BY_FLAG.get(flag)
    if option is None:
        hint = did_you_mean(flag, _BY_FLAG) or f"{LINE}? lists the options."
        raise RequestError(f"{LINE} {flag}", "there is no such option", hint)
    if not option.metavar:
        if equals:
            raise RequestError(f"{LINE} {word}", f"{flag} takes no value", f"Write {flag}.")
        return option, ""
    if equals:
        return option, text
    following = next(words, None)
    if following is None or following in _BY_FLAG:
        raise RequestError(f"{LINE} {flag}", "its value is missing", f"Write {flag} {option.metavar}.")
    return option, following


def _put(values: dict[str, Any], option: Option, value: Any) -> None:
    if option.repeated:
        values[option.member] = (*values.get(option.member, ()), value)
    elif option.member in values:
        raise RequestError(f"{LINE} {option.flag}", "stands twice on the line", "Remove one of them.")
    else:
        values[option.member] = value


def _only_name(names: list[str], line: str) -> str:
    if not names:
        raise RequestError(
            f"{LINE} {line.strip()}".rstrip(), "the function's name is missing", f"Write e.g. {LINE} resize --memory 512."
        )
    if len(names) > 1:
        raise RequestError(
            f"{LINE} {' '.join(names)}",
            f'"{names[1]}" belongs to no option',
            "A function has one name; an option that takes several values is written once for each.",
        )
    return names[0]


def _check(options: CellOptions) -> None:
    """Hold the values against the model's rules and against each other."""
    check_function_name(options.name)
    check_configuration(Configuration(**options.configuration()))
    for member, flag in (("reserved_concurrency", "--reserved"), ("provisioned_concurrency", "--provisioned")):
        value = options.values.get(member, 0)
        if not 0 <= value <= limits.ACCOUNT_CONCURRENCY:
            raise RequestError(
                f"{LINE} {flag} {value}", f"out of range: 0–{limits.ACCOUNT_CONCURRENCY:,}", "Choose a number in between."
            )
    if not options.publish and "alias" in options.values:
        raise RequestError(
            f"{LINE} --alias with --no-publish", "an alias points at a published version", "Leave one of the two out."
        )
