"""Installing requirements for a worker's interpreter, once for each set of them.

    <cache>/<hash>/            what pip installed; the hash is of the lines, the interpreter and the platform
    <cache>/.<hash>.<random>/  on its way there: a folder appears under its name only when it is complete

pip is the interpreter's own, so that its version, configuration (`PIP_INDEX_URL`, `PIP_FIND_LINKS`, `PIP_NO_INDEX`) and cache are
what the user has; where the interpreter has none (uv makes such), uv does it. Two installs of the same set may run at once: the
first that is done wins, both get the same folder.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_lambda.capture.zip_package import file_sha256
from jupyter_lambda.errors import CaptureError

if TYPE_CHECKING:
    from jupyter_lambda.model.function import PythonEnvironment

Progress = Callable[[str], None]
_LAST_LINES: Final = 12
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_NOT_PASSED: Final = ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV")


@dataclass(frozen=True, slots=True)
class InstalledRequirements:
    """A folder with installed packages, to be put before the interpreter's own."""

    folder: Path
    was_cached: bool


def install_requirements(
    lines: Sequence[str],
    python: PythonEnvironment,
    cache_folder: Path,
    *,
    find_links: Path | None = None,
    progress: Progress | None = None,
) -> InstalledRequirements:
    """Install pip's lines for an interpreter, or find them installed. Blocks; an interrupt ends pip and leaves nothing behind.

    Args:
        lines: As `parse_requirements` returns them.
        python: The interpreter that workers will use.
        cache_folder: Where installed sets are kept; made if missing, readable by its owner only.
        find_links: A folder of wheels: then nothing is fetched from anywhere else.
        progress: Gets each line that pip writes.

    Raises:
        CaptureError: pip failed; carries its last lines.
    """
    target = cache_folder / requirements_key(lines, python, find_links)
    if target.is_dir():
        return InstalledRequirements(target, was_cached=True)
    cache_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=cache_folder))
    try:
        _install(lines, python, scratch, find_links, progress or _ignore)
        (scratch / "requirements.txt").replace(scratch / "packages" / ".requirements.txt")
        _publish(scratch / "packages", target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return InstalledRequirements(target, was_cached=False)


def requirements_key(lines: Iterable[str], python: PythonEnvironment, find_links: Path | None = None) -> str:
    """The name of an installed set: the same lines for the same kind of interpreter have one; a wheel counts by its content."""
    told = [f"python {python.minor}", sys.implementation.name, platform.system(), platform.machine(), platform.libc_ver()[0]]
    told.append(f"links {find_links.resolve()}" if find_links else "")
    for line in lines:
        local = Path(line)
        told.append(f"file {local.name} {file_sha256(local)}" if local.is_absolute() and local.is_file() else line)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]


def _install(lines: Sequence[str], python: PythonEnvironment, scratch: Path, find_links: Path | None, progress: Progress) -> None:
    wanted = scratch / "requirements.txt"
    wanted.write_text("\n".join(lines) + "\n", encoding="utf-8")
    last = deque[str](maxlen=_LAST_LINES)

    def told(line: str) -> None:
        last.append(line)
        progress(line)

    offline = ["--no-index", "--find-links", str(find_links.resolve())] if find_links else []
    arguments = ["--target", str(scratch / "packages"), "--requirement", str(wanted), *offline]
    pip = [python.executable, "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    status = _run([*pip, *arguments], told)
    if status != 0 and any("No module named pip" in line for line in last):
        uv = shutil.which("uv")
        if uv is None:
            raise CaptureError(
                "--requirements",
                f"{python.executable} has no pip",
                f"Run `{python.executable} -m ensurepip`, or install the packages into the kernel's environment.",
            )
        status = _run([uv, "pip", "install", "--python", python.executable, *arguments], told)
    if status != 0:
        raise _failure(lines, list(last))
    (scratch / "packages").mkdir(exist_ok=True)  # nothing to install is fine: every marker was false


def _run(command: list[str], told: Progress) -> int:
    variables = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED}
    process = subprocess.Popen(
        command,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        for written in process.stdout or ():
            line = _COLOUR.sub("", written).rstrip()  # kernels force colours on their children
            if line:
                told(line)
        return process.wait()
    finally:  # an interrupt of the kernel ends it too
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _failure(lines: Sequence[str], last: list[str]) -> CaptureError:
    errors = [line.removeprefix("ERROR: ") for line in last if line.startswith("ERROR:")]
    told = errors[0] if errors else (last[-1] if last else "it wrote nothing")
    suggestion = (
        "Check names and versions, and that a package index can be reached; offline, set PIP_FIND_LINKS and PIP_NO_INDEX."
    )
    failure = CaptureError(f"--requirements {' '.join(lines)}", f"pip failed: {told.rstrip('.')}", suggestion)
    for line in last:
        failure.add_note(line)
    return failure


def _publish(packages: Path, target: Path) -> None:
    """Give a complete folder its name; where another install was quicker, take its folder."""
    try:
        packages.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def _ignore(line: str) -> None:
    """Nobody listens."""
