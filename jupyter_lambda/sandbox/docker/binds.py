"""Which folders of this machine a container sees, each read-only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.sandbox.mounts import holds_home

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_lambda.model.function import Mount, PythonEnvironment

RUNTIME = Path(__file__).parents[2] / "runtime"
_REFUSED = frozenset({"/", "/proc", "/sys", "/dev", "/run", "/etc", "/var", "/tmp", "/home", "/root"})  # noqa: S108 - never whole


class Bind(NamedTuple):
    """A folder or file of the host at a path of the container."""

    source: str
    target: str

    def as_mount(self, *, read_only: bool = True) -> dict[str, Any]:
        """As the daemon's API wants it."""
        return {"Type": "bind", "Source": self.source, "Target": self.target, "ReadOnly": read_only}


def interpreter_folders(python: PythonEnvironment, extra_path: Iterable[str], home: Path) -> list[str]:
    """Where the interpreter, its packages and our runtime are.

    What lies below another one of them is left out, and so is what would show the engine's home or the user's.

    Raises:
        SandboxError: The interpreter itself stands where it can't be shown.
    """
    real = os.path.realpath(python.executable)
    needed = [python.prefix, python.base_prefix, str(Path(real).parent), str(RUNTIME)]
    for path in needed:
        if not _may_show(path, home):
            raise SandboxError(
                f"interpreter {python.executable}", f"a container would have to see {path}, which holds more than an interpreter",
                "Use a virtual environment in a folder of its own, or --sandbox process.",
            )  # fmt: skip
    entries = [*extra_path, *python.sys_path, *_pointed_at(python)]
    return outermost([*needed, *(path for path in entries if _may_show(path, home))])


def _may_show(path: str, home: Path) -> bool:
    user = Path(os.path.expanduser("~"))  # noqa: PTH111 - `Path.home` fails for a user without a name
    return os.path.realpath(path) not in _REFUSED and not holds_home(path, home) and not holds_home(path, user)


def _pointed_at(python: PythonEnvironment) -> list[str]:
    """Folders that `.pth` files of the interpreter's packages add: editable installs, projects beside the notebook."""
    found: list[str] = []
    for folder in [entry for entry in python.sys_path if entry.endswith(("site-packages", "dist-packages"))]:
        for file in Path(folder).glob("*.pth"):
            try:
                lines = file.read_text(errors="replace").splitlines()
            except OSError:
                continue
            found += [line for line in lines if line.startswith("/") and Path(line).is_dir()]
    return found


def outermost(paths: Iterable[str]) -> list[str]:
    """Those that exist and lie below none of the others, in a stable order."""
    kept: list[str] = []
    for path in sorted(set(paths)):
        if Path(path).exists() and not any(path == above or path.startswith(above + "/") for above in kept):
            kept.append(path)
    return kept


def same_place(paths: Iterable[str], system: Iterable[str]) -> list[Bind]:
    """Binds that show each path where it is, the targets of links resolved; what the system's folders show already is left out."""
    system = list(system)
    shown = [path for path in outermost(paths) if not any(path == above or path.startswith(above + "/") for above in system)]
    return [Bind(os.path.realpath(path), path) for path in [*system, *shown]]


def mount_binds(mounts: Iterable[Mount]) -> list[Bind]:
    """What `--mount` asked for, and `check_mounts` let pass."""
    return [Bind(os.path.realpath(mount.source), mount.target) for mount in mounts]


def one_to_a_place(binds: Iterable[Bind]) -> list[Bind]:
    """The binds with the last one of each target: the daemon takes no two, and a function may mount a folder that is shown anyway."""
    return list({bind.target: bind for bind in binds}.values())
