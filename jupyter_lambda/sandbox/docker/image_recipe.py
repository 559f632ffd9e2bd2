"""What a built image is made from, the key that equal images share, and the files that go into its build.

    base image + /opt/jupyter-lambda/runtime  our runtime
               + packages that pip installs   from `/opt/jupyter-lambda/build`, which is taken out again before the image is kept

Reading and hashing files blocks: everything here that does is called in a thread.
"""

from __future__ import annotations

import functools
import hashlib
import io
import tarfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import msgspec

from jupyter_lambda.errors import ImageBuildFailed
from jupyter_lambda.sandbox.docker.binds import RUNTIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = "/opt/jupyter-lambda"
RUNTIME_INSIDE: Final = f"{ROOT}/runtime"
BUILD_INSIDE: Final = f"{ROOT}/build"
REQUIREMENTS_INSIDE: Final = f"{BUILD_INSIDE}/requirements.txt"
WHEELS_INSIDE: Final = f"{BUILD_INSIDE}/wheels"
CERTIFICATES_INSIDE: Final = f"{BUILD_INSIDE}/certificates.pem"
_LAYOUT: Final = "1"  # of what stands above: another layout is another image
_PACKAGES: Final = (".whl", ".tar.gz", ".zip")
_OPTIONS_WITH_PATH: Final = ("--constraint ", "--find-links ")
_PIP_SETTINGS: Final = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT", "PIP_TIMEOUT", "PIP_RETRIES",
                        "PIP_PROXY", "PIP_PREFER_BINARY", "PIP_ONLY_BINARY", "PIP_NO_BINARY", "PIP_PRE", "PIP_NO_INDEX",
                        "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")  # fmt: skip
_CERTIFICATES: Final = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
_THIS_MACHINE: Final = ("://localhost", "://127.", "://[::1]", "@localhost", "@127.", "@[::1]")


class ImageRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """What one image is made from, but for the base image's own content."""

    minor: str  # of the Python that the function was captured in: `3.11`
    base: str  # a reference
    lines: tuple[str, ...]  # pip's, as a version keeps them
    user: tuple[int, int]  # who will run in it
    wheel_folder: str | None = None  # where packages come from; None: from the index

    @property
    def words(self) -> str:
        """For messages."""
        return f"Python {self.minor}, {', '.join(self.lines)}" if self.lines else f"Python {self.minor}"

    def key(self, base_id: str) -> str:
        """The name that images of equal content share; blocks.

        Raises:
            ImageBuildFailed: A file that the requirements name is gone.
        """
        return hashlib.sha256(f"{base_id}\n{self.digest()}".encode()).hexdigest()[:24]

    def digest(self) -> str:
        """All of it but the base image; blocks (ImageBuildFailed)."""
        told = [_LAYOUT, runtime_digest(), self.minor, f"{self.user[0]}:{self.user[1]}", self.base, self.wheel_folder or ""]
        for line in self.lines:
            path = local_path(line)
            told.append(line if path is None else f"{line} {_content(path)}")
        return hashlib.sha256("\n".join(told).encode()).hexdigest()


def local_path(line: str) -> Path | None:
    """The file or folder of this machine that a line of pip's names, None if it names none."""
    for option in _OPTIONS_WITH_PATH:
        if line.startswith(option):
            line = line.removeprefix(option)
    return Path(line) if line.startswith("/") else None


@functools.cache
def runtime_digest() -> str:
    """Of our runtime's files."""
    digest = hashlib.sha256()
    for file in sorted(RUNTIME.glob("*.py")):
        digest.update(f"{file.name} {file.stat().st_size}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def _content(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        for file in [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file()):
            with file.open("rb") as opened:
                digest.update(f"{file.name} {hashlib.file_digest(opened, 'sha256').hexdigest()}\n".encode())
    except OSError as error:
        raise _unreadable(path, error) from error
    if not path.exists():
        raise _unreadable(path, FileNotFoundError("it is gone"))
    return digest.hexdigest()


def write_context(recipe: ImageRecipe, certificates: str | None, file: IO[bytes]) -> None:
    """Write the build's files as a tar, to be unpacked at `/`; blocks.

    Raises:
        ImageBuildFailed: A file can't be read, or the disk is full.
    """
    try:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for source in sorted(RUNTIME.glob("*.py")):
                _add(tar, source, f"{RUNTIME_INSIDE}/{source.name}")
            lines = []
            for number, line in enumerate(recipe.lines):
                path = local_path(line)
                if path is not None:
                    inside = f"{BUILD_INSIDE}/files/{number}/{path.name}"
                    _add(tar, path, inside)
                    line = line.replace(str(path), inside)
                lines.append(line)
            _add_text(tar, "".join(f"{line}\n" for line in lines), REQUIREMENTS_INSIDE)
            for wheel in _wheels(recipe.wheel_folder):
                _add(tar, wheel, f"{WHEELS_INSIDE}/{wheel.name}")
            if certificates:
                _add(tar, Path(certificates), CERTIFICATES_INSIDE)
    except OSError as error:
        raise _unreadable(Path(str(error.filename or "the build's files")), error) from error


def _wheels(folder: str | None) -> Iterator[Path]:
    if folder is not None:
        yield from sorted(path for path in Path(folder).iterdir() if path.name.endswith(_PACKAGES))


def _add(tar: tarfile.TarFile, path: Path, inside: str) -> None:
    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mode = 0o755 if entry.isdir() else 0o644  # whoever runs in the image reads it
        return entry

    tar.add(path.resolve(), inside.lstrip("/"), filter=plain)


def _add_text(tar: tarfile.TarFile, text: str, inside: str) -> None:
    data = text.encode()
    entry = tarfile.TarInfo(inside.lstrip("/"))
    entry.size, entry.mode = len(data), 0o644
    tar.addfile(entry, io.BytesIO(data))


def _unreadable(path: Path, error: OSError) -> ImageBuildFailed:
    return ImageBuildFailed(
        f"image build: {path}", error.strerror or str(error), "Make it readable, or free space in the folder for temporary files."
    )


# -- how pip is called ------------------------------------------------------------------------------------------------------


def pip_command(recipe: ImageRecipe) -> list[str]:
    """What installs the requirements inside."""
    offline = ["--no-index", "--find-links", WHEELS_INSIDE] if recipe.wheel_folder else []
    pip = [
        "python3",
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
        "--no-cache-dir",
        "--progress-bar",
        "off",
    ]
    return [*pip, *offline, "--requirement", REQUIREMENTS_INSIDE]


def pip_variables(environ: Mapping[str, str], recipe: ImageRecipe) -> dict[str, str]:
    """The user's choices of index and proxy, for one process of the build alone: they may hold passwords, and no image keeps them."""
    always = {"PIP_ROOT_USER_ACTION": "ignore", "PYTHONUNBUFFERED": "1", "HOME": "/root"}
    if recipe.wheel_folder:
        return always
    given = {name: environ[name] for name in _PIP_SETTINGS if environ.get(name) and "file://" not in environ[name]}
    if certificates(environ, recipe):
        given["PIP_CERT"] = CERTIFICATES_INSIDE
    return {**given, **always}


def certificates(environ: Mapping[str, str], recipe: ImageRecipe) -> str | None:
    """The file of certificates that the user's pip trusts, if there is one besides its own."""
    if recipe.wheel_folder or not recipe.lines:
        return None
    return next((environ[name] for name in _CERTIFICATES if Path(environ.get(name, "/")).is_file()), None)


def build_network(recipe: ImageRecipe, variables: Mapping[str, str]) -> str:
    """None where packages lie in a folder or there are none; this machine's own where an index answers on its loopback only."""
    if recipe.wheel_folder or not recipe.lines:
        return "none"
    return "host" if any(place in value for value in variables.values() for place in _THIS_MACHINE) else "bridge"
