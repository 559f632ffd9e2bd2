"""The last step of an image's build: `python -I finish_image.py BUILD_FOLDER UID GID` inside the image to be.

The build's files go, the user that functions run as gets a name (`getpass.getuser` fails without one), and the interpreter says in one
line of JSON what it is.
"""

# ruff: noqa: PTH110, PTH123 - as the rest of this room

from __future__ import annotations

import json
import os
import shutil
import sys


def name_user(uid: str, gid: str) -> None:
    """Put the user and its group into `/etc`, unless something has their numbers already."""
    _append("/etc/passwd", 2, uid, f"worker:x:{uid}:{gid}:worker:/tmp:/bin/sh")
    _append("/etc/group", 2, gid, f"worker:x:{gid}:")


def _append(path: str, column: int, number: str, line: str) -> None:
    lines = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    if any(each.split(":")[column : column + 1] == [number] for each in lines):
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([*lines, line]) + "\n")


def interpreter() -> dict[str, object]:
    """This one, in the members of the model's `PythonEnvironment`."""
    return {
        "executable": sys.executable,
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "version": ".".join(str(part) for part in sys.version_info[:3]),
        "sys_path": [entry for entry in sys.path if entry],
    }


if __name__ == "__main__":
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    name_user(sys.argv[2], sys.argv[3])
    print(json.dumps(interpreter()))
