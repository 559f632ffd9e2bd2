"""An image made from this machine's interpreter and the packages that the contract needs, for a daemon that sees none of our files.

The base interpreter stands where it is here, and is `python3`; the packages are its own, wherever our virtual environment is.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

MINOR = f"python{sys.version_info.major}.{sys.version_info.minor}"
REFERENCE = "jupyter-lambda-test/own-python:1"
PYTHON = "/usr/local/bin/python3"
PROGRAMS = ("sh", "env", "cat", "sleep")
PACKAGES = ("numpy", "awslambdaric", "runtime_client", "simplejson", "snapshot_restore")
_MERGED = ("/bin", "/sbin", "/lib", "/lib64")
_UNWANTED = ("/test", "/tests", "/__pycache__", "/idlelib", "/ensurepip", "/turtledemo", "/lib2to3")


def import_own_python(daemon, folder: Path) -> str:
    """Import the image, once to a daemon; returns its reference."""
    docker = ["docker", "--host", daemon.host]
    if subprocess.run([*docker, "images", "-q", REFERENCE], check=True, capture_output=True, timeout=30).stdout:
        return REFERENCE
    layer = folder / "layer.tar"
    with tarfile.open(layer, "w") as tar:
        _add_system(tar)
        base, packages = Path(os.path.realpath(sys.base_prefix)), Path(sys.prefix) / "lib" / MINOR / "site-packages"
        _add(tar, Path(os.path.realpath(sys.executable)))
        _add(tar, base / "lib" / MINOR, leave_out="/site-packages")
        wanted = [path for path in packages.iterdir() if path.name.startswith(PACKAGES)]
        for path in wanted:
            _add(tar, path, at=base / "lib" / MINOR / "site-packages" / path.name)
        modules = [*(base / "lib" / MINOR / "lib-dynload").glob("*.so"), *(so for path in wanted for so in path.rglob("*.so*"))]
        programs = [Path(os.path.realpath(shutil.which(name))) for name in PROGRAMS]
        for name, path in zip(PROGRAMS, programs, strict=True):
            tar.add(path, f"usr/bin/{name}")
        for library in _libraries([Path(os.path.realpath(sys.executable)), *modules, *programs]):
            tar.add(os.path.realpath(library), _unmerged(library))
        _add_link(tar, PYTHON.lstrip("/"), os.path.realpath(sys.executable))
    change = ["--change", "ENV PATH=/usr/local/bin:/usr/bin"]
    subprocess.run([*docker, "import", *change, str(layer), REFERENCE], check=True, capture_output=True, timeout=120)
    layer.unlink()
    return REFERENCE


def _add_system(tar: tarfile.TarFile) -> None:
    for path in _MERGED:
        if Path(path).is_symlink():
            _add_link(tar, path.lstrip("/"), os.readlink(path))  # noqa: PTH115 - as it is written
    for name in ("usr/bin", "usr/local/bin", "tmp", "var/task", "proc", "sys", "dev", "etc", "root", "run"):
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
        tar.addfile(entry)
    tar.add("/etc/passwd", "etc/passwd")


def _add_link(tar: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    tar.addfile(entry)


def _add(tar: tarfile.TarFile, path: Path, *, leave_out: str = "/nothing", at: Path | None = None) -> None:
    def wanted(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if entry.name.endswith((*_UNWANTED, leave_out)) else entry

    if path.exists() or path.is_symlink():
        tar.add(path, str(at or path).lstrip("/"), filter=wanted)


def _libraries(files: list[Path]) -> list[str]:
    said = subprocess.run(["ldd", *map(str, files)], check=False, capture_output=True, text=True).stdout
    return sorted(
        {path for path in re.findall(r"(?:=> |^\s+)(/\S+\.so\S*)", said, flags=re.MULTILINE) if "site-packages" not in path}
    )


def _unmerged(path: str) -> str:
    """Where a library is in the image: its folder's link is not followed by what unpacks the layer."""
    top = "/" + path.split("/")[1]
    return ("usr" + path) if top in _MERGED and Path(top).is_symlink() else path.lstrip("/")
