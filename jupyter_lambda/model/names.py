"""Names, qualifiers and ARNs: what AWS's patterns allow, and how they are taken apart.

Source: botocore's Lambda model (`FunctionName`, `Qualifier`, `Alias`); messages as recorded from AWS.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_lambda.errors import RequestError, ValidationError
from jupyter_lambda.model import limits

if TYPE_CHECKING:
    from collections.abc import Iterable

LATEST: Final = "$LATEST"

_NAME = re.compile(r"[a-zA-Z0-9-_]+")
_ALIAS = re.compile(r"(?!^[0-9]+$)[a-zA-Z0-9-_]+")
_QUALIFIER = re.compile(r"\$LATEST|[a-zA-Z0-9-_]+")
_ARN = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:(?P<region>[a-z0-9-]+):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9-_]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?"
)


class FunctionReference(msgspec.Struct, frozen=True):
    """A function as a caller named it: bare name, partial or full ARN, each with or without a qualifier."""

    name: str
    qualifier: str | None = None
    region: str | None = None
    account: str | None = None


def check_function_name(name: str) -> str:
    """Return `name` if AWS would take it for a new function.

    Raises:
        RequestError: Too long, empty, or other characters than letters, digits, `-` and `_` (InvalidParameterValueException).
    """
    if len(name) > limits.FUNCTION_NAME_LENGTH_MAX:
        raise RequestError(
            f'function name "{name[:20]}…"',
            f"{len(name)} characters, and Lambda takes {limits.FUNCTION_NAME_LENGTH_MAX} at most",
            "Choose a shorter name.",
            aws_message=f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: "
            f"Member must have length less than or equal to {limits.FUNCTION_NAME_LENGTH_MAX}",
            members={"Type": "User"},
        )
    if not _NAME.fullmatch(name):
        plain = "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
        proposal = re.sub(r"[^a-zA-Z0-9-_]+", "-", plain).strip("-")
        raise ValidationError(
            f'function name "{name}"',
            "only letters, digits, - and _ can stand in a function's name",
            f'Try "{proposal}".' if proposal else "Give it a name.",
            aws_message=f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+",
        )
    return name


def check_alias_name(name: str) -> str:
    """Return `name` if it can name an alias: not all digits, not `$LATEST` (ValidationException)."""
    if not _ALIAS.fullmatch(name) or len(name) > limits.QUALIFIER_LENGTH_MAX:
        raise ValidationError(
            f'alias name "{name}"',
            "an alias is letters, digits, - and _, and not digits alone: those are version numbers",
            'Try a word, such as "prod".',
            aws_message=f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
        )
    return name


def check_qualifier(qualifier: str) -> str:
    """Return `qualifier` if it can be `$LATEST`, a version or an alias (ValidationException)."""
    if not _QUALIFIER.fullmatch(qualifier) or len(qualifier) > limits.QUALIFIER_LENGTH_MAX:
        raise ValidationError(
            f'qualifier "{qualifier}"',
            "a qualifier is $LATEST, a version's number or an alias",
            "",
            aws_message=f"1 validation error detected: Value '{qualifier}' at 'qualifier' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: \$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+",
        )
    return qualifier


def is_version_number(qualifier: str) -> bool:
    """Whether the qualifier is a published version's number (and neither `$LATEST` nor an alias)."""
    return qualifier.isascii() and qualifier.isdigit()


def parse_function_reference(text: str) -> FunctionReference:
    """Take a name, a partial or a full ARN apart.

    Raises:
        ValidationError: It is none of these.
    """
    match = _ARN.fullmatch(text)
    if match is None:
        raise ValidationError(
            f'function "{text}"',
            "neither a function's name nor its ARN",
            "A name is letters, digits, - and _.",
            aws_message=f"1 validation error detected: Value '{text}' at 'functionName' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?"
            r"(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?",
        )
    return FunctionReference(match["name"], match["qualifier"], match["region"], match["account"])


def function_arn(region: str, account_id: str, name: str, qualifier: str | None = None) -> str:
    """The ARN of a function, with its qualifier if one is given."""
    arn = f"arn:aws:lambda:{region}:{account_id}:function:{name}"
    return arn if qualifier is None else f"{arn}:{qualifier}"


def did_you_mean(word: str, known: Iterable[str], *, likeness: float = 0.6) -> str:
    """A sentence that proposes the nearest known word, or the empty string; `likeness` as `difflib` counts it, 0.0–1.0."""
    nearest = difflib.get_close_matches(word, list(known), n=1, cutoff=likeness)
    return f'Did you mean "{nearest[0]}"?' if nearest else ""


def python_name(function_name: str) -> str:
    """The variable a handle is bound to in the notebook: `-` becomes `_`."""
    return function_name.replace("-", "_")
