"""Pythons of this machine: PATH, pyenv, uv, conda; and which one serves a function's `Runtime`.

Each candidate is run once: a name alone proves nothing (a pyenv shim, a dangling link, a Python of another version).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_lambda.errors import InvalidRuntime
from jupyter_lambda.model.function import PythonEnvironment
from jupyter_lambda.model.host import PythonFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_RUNTIME: Final = re.compile(r"python(3\.\d+)")
_ASK_SECONDS: Final = 10.0
_OLDEST: Final = (3, 9)  # what `runtime/` is written for
_QUESTION: Final = (
    "import json, sys; print(json.dumps(dict(executable=sys.executable, prefix=sys.prefix, base_prefix=sys.base_prefix, "
    "version='%d.%d.%d' % sys.version_info[:3], sys_path=[p for p in sys.path if p])))"
)
_PLACES: Final = "the engine's own interpreter, PATH, pyenv, uv and conda"


class Places(msgspec.Struct, frozen=True):
    """Where to look: the variables of the user, the home folder, and where the engine's own packages lie."""

    path: str
    home: Path
    variables: dict[str, str]
    packages: tuple[str, ...] = ()


def usual_places() -> Places:
    """This process's own."""
    return Places(os.environ.get("PATH", os.defpath), Path.home(), dict(os.environ), tuple(sys.path))


def find_pythons(places: Places | None = None) -> tuple[PythonFound, ...]:
    """Every interpreter that runs and is new enough, newest first, each once. Takes some 10 ms for each candidate."""
    found: dict[str, PythonFound] = {}
    seen: set[str] = set()
    for found_by, candidate in _candidates(places or usual_places()):
        real = os.path.realpath(candidate)
        if real in seen:
            continue
        seen.add(real)
        environment = ask(candidate)
        if environment is None or _numbers(environment.version)[:2] < _OLDEST:
            continue
        found.setdefault(
            environment.executable, PythonFound(version=environment.version, executable=environment.executable, found_by=found_by)
        )
    return tuple(sorted(found.values(), key=lambda python: _numbers(python.version), reverse=True))


def python_for_runtime(runtime: str, places: Places | None = None) -> PythonEnvironment:
    """The interpreter that serves a runtime such as `python3.12`.

    Raises:
        InvalidRuntime: There is none; the text names what was looked for and where.
    """
    match = _RUNTIME.fullmatch(runtime)
    if match is None:
        raise InvalidRuntime(
            f'runtime "{runtime}"', "Python runtimes only are looked for here", "Use --sandbox docker with an image."
        )
    wanted = match[1]
    for _, candidate in _candidates(places or usual_places(), minors=(wanted,)):
        environment = ask(candidate)
        if environment is not None and environment.minor == wanted:
            return environment
    raise InvalidRuntime(
        f'runtime "{runtime}"', f"no Python {wanted} was found on this machine; looked in {_PLACES}",
        f"Install one (`uv python install {wanted}`), or choose the runtime of a Python that `jupyter lambda doctor` lists.",
    )  # fmt: skip


def ask(executable: str) -> PythonEnvironment | None:
    """What an interpreter says of itself; None if it can't be run or is none. Blocks for some 10 ms."""
    try:
        answer = subprocess.run(
            [executable, "-I", "-c", _QUESTION], capture_output=True, timeout=_ASK_SECONDS, check=True, stdin=subprocess.DEVNULL
        ).stdout
        return msgspec.json.decode(answer, type=PythonEnvironment)
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError):
        return None


def _candidates(places: Places, minors: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """(place, executable) pairs that exist, in the order of preference."""
    yield "engine", sys.executable
    wanted = tuple(minors) or tuple(f"3.{minor}" for minor in range(9, 20))
    for folder in places.path.split(os.pathsep):
        for name in (*(f"python{minor}" for minor in wanted), "python3"):
            candidate = Path(folder) / name
            if folder and os.access(candidate, os.X_OK) and candidate.parent.name != "shims":
                yield "PATH", str(candidate)
    for found_by, pattern_root, pattern in _installations(places):
        for candidate in sorted(pattern_root.glob(pattern), reverse=True):
            if os.access(candidate, os.X_OK):
                yield found_by, str(candidate)


def _installations(places: Places) -> Iterator[tuple[str, Path, str]]:
    home, variables = places.home, places.variables
    yield "pyenv", Path(variables.get("PYENV_ROOT", home / ".pyenv")) / "versions", "*/bin/python3"
    data = Path(variables.get("XDG_DATA_HOME", home / ".local/share"))
    yield "uv", Path(variables.get("UV_PYTHON_INSTALL_DIR", data / "uv/python")), "*/bin/python3"
    roots = [home / name for name in ("miniconda3", "anaconda3", "miniforge3", "mambaforge")]
    roots += [Path(root) for root in (variables.get("CONDA_PREFIX"), variables.get("MAMBA_ROOT_PREFIX"), "/opt/conda") if root]
    for root in roots:
        yield "conda", root, "bin/python3"
        yield "conda", root / "envs", "*/bin/python3"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
