"""What the daemon has of an engine's home, asked past the code under test."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import awslambdaric

from jupyter_lambda.sandbox.docker.sandbox import home_id

if TYPE_CHECKING:
    from collections.abc import Iterable


def docker(address: str, *arguments: str) -> str:
    """What the docker command prints."""
    command = ["docker", "--host", f"unix://{address}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def containers_of(address: str, home: Path) -> list[str]:
    """Containers of a home, in whatever state."""
    return [found["Id"] for found in _found(address, home)]


def inspect(address: str, container: str) -> dict:
    """All that the daemon knows of a container."""
    return json.loads(docker(address, "inspect", container))[0]


def boots_of(address: str, home: Path) -> set[str]:
    """The boot ids on the containers of a home: of how many engines there are any."""
    return {found["Config"]["Labels"]["jupyter-lambda.boot"] for found in _found(address, home)}


def _found(address: str, home: Path) -> list[dict]:
    """The containers that the daemon lists and can find: one that was killed while it removed some lists them until its next start."""
    listed = docker(address, "ps", "-a", "-q", "--no-trunc", "--filter", f"label=jupyter-lambda.home={home_id(home)}").split()
    if not listed:
        return []
    command = [
        "docker",
        "--host",
        f"unix://{address}",
        "inspect",
        *listed,
    ]  # it fails for those that are gone, and shows the others
    return json.loads(subprocess.run(command, check=False, capture_output=True, text=True, timeout=60).stdout or "[]")


def nameless_images_of(address: str, home: Path) -> str:
    """What a build of this home's engine left half made."""
    return docker(address, "images", "-q", "--filter", "dangling=true", "--filter", f"label=jupyter-lambda.home={home_id(home)}")


def import_python_image(daemon, folder: Path) -> str:
    """An image made from this machine's interpreter, elsewhere than here, with Amazon's runtime client as its entry point."""
    entry_point = json.dumps(["/opt/python/bin/python3", "-m", "awslambdaric"])
    changes = (f"ENTRYPOINT {entry_point}", "ENV FROM_IMAGE=yes")
    client = r"(awslambdaric|runtime_client|simplejson|snapshot_restore)"
    return _import_image(daemon, folder, "jupyter-lambda-test/python:1", client, changes)


def import_base_image(daemon, folder: Path) -> str:
    """An image to build on, as the official ones of Python are: this machine's interpreter and pip, found by PATH."""
    changes = ("ENV PATH=/opt/python/bin:/usr/bin:/bin",)
    return _import_image(daemon, folder, "jupyter-lambda-test/base:1", r"pip(-|$)", changes)


def _import_image(daemon, folder: Path, reference: str, packages: str, changes: Iterable[str]) -> str:
    if docker(daemon.address, "images", "-q", reference):
        return reference
    prefix = Path(os.path.realpath(sys.base_prefix))
    layer = folder / "layer.tar"
    with tarfile.open(layer, "w") as tar:
        minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
        tar.add(os.path.realpath(sys.executable), "opt/python/bin/python3")
        tar.add(prefix / "lib" / minor, f"opt/python/lib/{minor}", filter=_wanted)
        site = Path(awslambdaric.__file__).parent.parent
        for name in [each.name for each in site.iterdir() if re.match(packages, each.name)]:
            tar.add(site / name, f"opt/python/lib/{minor}/site-packages/{name}", filter=_wanted)
        for library in _libraries():
            tar.add(os.path.realpath(library), library.lstrip("/"))
        for name in ("tmp", "var/task", "proc", "sys", "dev", "etc"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(entry)
    told = [part for change in changes for part in ("--change", change)]
    docker(daemon.address, "import", *told, str(layer), reference)
    layer.unlink()
    return reference


def _wanted(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    unwanted = ("/test", "/__pycache__", "/site-packages", "/idlelib", "/ensurepip", "/config-")
    in_library = entry.name.partition("site-packages/")[2]
    return None if not in_library and any(part in entry.name for part in unwanted) else entry


def _libraries() -> list[str]:
    """The shared libraries of the interpreter and of its modules, by the names that they are looked up by."""
    modules = list(
        Path(os.path.realpath(sys.base_prefix), "lib", f"python3.{sys.version_info.minor}", "lib-dynload").glob("*.so")
    )
    client = Path(awslambdaric.__file__).parent.parent.glob("runtime_client*.so")
    files = [os.path.realpath(sys.executable), *map(str, modules), *map(str, client)]
    said = subprocess.run(["ldd", *files], check=False, capture_output=True, text=True).stdout
    return sorted(set(re.findall(r"(?:=> |^\s+)(/\S+\.so\S*)", said, flags=re.MULTILINE)))
