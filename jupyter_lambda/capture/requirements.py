"""`--requirements FILE|"a b"`: pip's lines in one canonical form, so that the same wishes give the same folder and the same digest."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from jupyter_lambda.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

_NAMED: Final = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?P<extras>\[[^\]]*\])?\s*(?P<rest>.*)", re.DOTALL
)
_PASSWORD: Final = re.compile(r"(?:(?<=http)|(?<=https))://[^/\s@]+@|://[^/\s@:]*:[^/\s@]+@")
_OPTIONS_WITH_VALUE: Final = ("--index-url", "--extra-index-url", "--find-links", "--constraint", "--only-binary", "--no-binary")
_OPTIONS_ALONE: Final = ("--no-index", "--pre", "--prefer-binary", "--require-hashes")
_SHORT: Final = {"-i": "--index-url", "-f": "--find-links", "-c": "--constraint"}
_STARTS: Final = ("<", ">", "=", "!", "~", "@", "(", "--hash")
_FILES_DEEP: Final = 10
_WHERE: Final = "--requirements"


def parse_requirements(text: str, folder: Path) -> tuple[str, ...]:
    """Read a requirements file, or requirements separated by spaces.

    Args:
        text: A file's path, relative to the notebook's folder, or `"numpy pandas>=2 ./wheels/x.whl"`.
        folder: The notebook's folder.

    Returns:
        Canonical lines: options first, then requirements by name, without comments, repetitions and needless spaces; paths are
        absolute.

    Raises:
        RequestError: No such file, a line that pip would not take here, or a password in a URL, which a version would keep.
    """
    file = folder / text.strip()
    if text.strip() and file.is_file() and file.suffix != ".whl":
        lines = _file_lines(file, 0)
    else:
        if text.strip().endswith((".txt", ".in")) and " " not in text.strip():
            raise RequestError(f"{_WHERE} {text.strip()}", f"there is no such file in {folder}", "Check its name.")
        lines = [(part, folder) for part in _split(text)]
    options: dict[str, None] = {}
    requirements: dict[str, None] = {}
    for line, beside in lines:
        canonical = _canonical(line, beside)
        (options if canonical.startswith("-") else requirements)[canonical] = None
    if not requirements:
        raise RequestError(_WHERE, "no requirement in it", 'Name packages: --requirements "numpy pandas>=2".')
    return (*sorted(options), *sorted(requirements))


def _split(text: str) -> list[str]:
    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise RequestError(f"{_WHERE} {text}", str(error), "Close the quotation mark.") from error
    joined: list[str] = []
    for part in parts:
        if joined and _SHORT.get(joined[-1], joined[-1]) in _OPTIONS_WITH_VALUE:
            joined[-1] += f" {part}"
        else:
            joined.append(part)
    return joined


def _file_lines(file: Path, depth: int) -> list[tuple[str, Path]]:
    """The lines of a requirements file and of the files it includes, each with the folder that its paths are relative to."""
    if depth > _FILES_DEEP:
        raise RequestError(f"{_WHERE} {file}", "the files include each other", "Take out one `-r` line.")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"{_WHERE} {file}", f"can't be read: {error}", "Check the file.") from error
    found: list[tuple[str, Path]] = []
    for line in re.sub(r"\\\n", " ", text.replace("\r\n", "\n")).split("\n"):
        plain = re.sub(r"(^|\s)#.*$", "", line).strip()
        included = re.fullmatch(r"(?:-r|--requirement)[\s=]+(.+)", plain)
        if included:
            found.extend(_file_lines(file.parent / included[1].strip(), depth + 1))
        elif plain:
            found.append((plain, file.parent))
    return found


def _canonical(line: str, beside: Path) -> str:
    if _PASSWORD.search(line):
        raise RequestError(
            f"{_WHERE} {_PASSWORD.sub('://…@', line)}",
            "a user name or password stands in the URL, and a version would keep it",
            "Put it into pip's own configuration or a .netrc file.",
        )
    if line.startswith("-"):
        return _canonical_option(line, beside)
    path = beside / line
    if "://" not in line and (line.endswith((".whl", ".tar.gz", ".zip")) or line.startswith((".", "/"))):
        if not path.exists():
            raise RequestError(f"{_WHERE} {line}", f"there is no such file in {beside}", "Check its name.")
        return str(path.resolve())
    match = _NAMED.fullmatch(line.strip())
    if match is None:
        raise RequestError(
            f"{_WHERE} {line}", "not a requirement that pip understands", "Write it as name==1.2, or a wheel's path."
        )
    requirement, _, marker = match["rest"].partition(";")
    if requirement.strip() and not requirement.lstrip().startswith(_STARTS):
        raise RequestError(f"{_WHERE} {line}", "not a requirement that pip understands", "Separate packages by spaces or lines.")
    rest = (
        re.sub(r"\s+", " ", requirement)
        if requirement.lstrip().startswith("@") or "--hash" in requirement
        else _joined(requirement)
    )
    name = re.sub(r"[-_.]+", "-", match["name"]).lower()
    extras = re.sub(r"\s+", "", match["extras"] or "").lower()
    told = f"{name}{extras}{' ' if rest.startswith('@') else ''}{rest.strip()}"
    return f"{told}; {' '.join(marker.split())}" if marker.strip() else told


def _joined(specifiers: str) -> str:
    """`>=2, <3` as `<3,>=2`: in one order, without spaces."""
    plain = re.sub(r"\s+", "", specifiers).strip("()")
    return ",".join(sorted(part for part in plain.split(",") if part))


def _canonical_option(line: str, beside: Path) -> str:
    option, _, value = re.sub(r"[\s=]+", " ", line, count=1).partition(" ")
    option = _SHORT.get(option, option)
    value = value.strip()
    if option in _OPTIONS_ALONE and not value:
        return option
    if option in _OPTIONS_WITH_VALUE and value:
        if option in ("--find-links", "--constraint") and "://" not in value:
            value = str((beside / value).resolve())
        return f"{option} {value}"
    if option in ("-e", "--editable"):
        suggestion = "Import the package from beside the notebook: it then goes along by value."
    else:
        suggestion = f"These are: {', '.join((*_OPTIONS_WITH_VALUE, *_OPTIONS_ALONE))}."
    raise RequestError(f"{_WHERE} {line}", "this option of pip is not taken here", suggestion)
