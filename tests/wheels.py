"""Wheels made on the spot, for installing without a network."""

from __future__ import annotations

import io
import tarfile
import zipfile


def wheel(folder, name, version="1.0", source="N = 1\n", requires=""):
    """Write a pure Python wheel with one module."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": source,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in files.items():
            archive.writestr(member, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{member},,\n" for member in [*files, f"{info}/RECORD"]))
    return path


_BACKEND = """
import os, time, zipfile
def build_wheel(folder, *_):
    if os.path.isdir("/opt/jupyter-lambda"):  # in the image to be
        time.sleep(600)
    name = "NAME-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("NAME-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: NAME\\nVersion: 1.0\\n")
        wheel.writestr("NAME-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("NAME-1.0.dist-info/RECORD", "")
    return name
"""


def two_wheels(folder):
    """Write `jlt_first`, and `jlt_second` which it requires; returns the folder."""
    wheel(folder, "jlt_first", requires="Requires-Dist: jlt_second\n", source="import jlt_second\nN = jlt_second.N + 1\n")
    wheel(folder, "jlt_second")
    return folder


def endless_source(folder, name):
    """A source distribution whose build does not end in a container, and at once elsewhere."""
    backend = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    files = {
        "backend.py": _BACKEND.replace("NAME", name),
        "pyproject.toml": f'{backend}[project]\nname = "{name}"\nversion = "1.0"\n',
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
    }
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / f"{name}-1.0.tar.gz", "w:gz") as tar:
        for member, text in files.items():
            entry = tarfile.TarInfo(f"{name}-1.0/{member}")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
