"""`--files GLOB`: which files of the notebook's folder go into the package, and under which names."""

from __future__ import annotations

import glob
import os.path
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from jupyter_lambda.capture.failure import Refused
from jupyter_lambda.capture.local_modules import folder_files
from jupyter_lambda.capture.report import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable


def find_files(globs: Iterable[str], folder: Path) -> dict[str, Path]:
    """Return the files that the globs name, by their names in the package, sorted.

    A file keeps its path below the notebook's folder. From anywhere else it keeps its path below the glob's last folder without a
    wildcard: `/data/models/*.bin` gives `a.bin`, `/data/models` gives `models/a.bin`. A folder stands for all that it holds.

    Raises:
        Refused: A glob that matches nothing, a file that can't be read, two files of one name.
    """
    found: dict[str, Path] = {}
    for pattern in globs:
        matches = sorted(glob.glob(os.path.expanduser(pattern), root_dir=folder, recursive=True))  # noqa: PTH111, PTH207 - globs
        if not matches:
            raise Refused(
                Problem(
                    f"`--files {pattern}` matches nothing",
                    f"in {folder}",
                    "Globs are relative to the notebook's folder; quote them if they hold spaces.",
                )
            )
        for match in matches:
            _add(found, pattern, folder / match, folder)
    return dict(sorted(found.items()))


def _add(found: dict[str, Path], pattern: str, path: Path, folder: Path) -> None:
    files = list(folder_files(path)) if path.is_dir() else [path]
    for file in files:
        name = _name_in_package(file, pattern, folder)
        if not file.is_file():
            raise Refused(Problem(f"`{name}` is no file", f"matched by `--files {pattern}`", "Leave it out."))
        if not os.access(file, os.R_OK):
            raise Refused(Problem(f"`{name}` can't be read", f"matched by `--files {pattern}`", "Check its permissions."))
        if name in found and not found[name].samefile(file):
            raise Refused(Problem(f"two files would be `{name}` in the package", "", "Take one of the globs out."))
        found[name] = file


def _name_in_package(file: Path, pattern: str, folder: Path) -> str:
    plain = Path(os.path.normpath(file))
    inside = Path(os.path.normpath(folder))
    if plain.is_relative_to(inside):
        return str(PurePosixPath(plain.relative_to(inside)))
    fixed = Path(os.path.normpath(folder / os.path.expanduser(pattern.partition("*")[0])))  # noqa: PTH111 - part of a glob
    base = fixed if glob.has_magic(pattern) and fixed.is_dir() else fixed.parent
    return str(PurePosixPath(plain.relative_to(base)))
