"""The package's own folder `_jupyter_lambda/`: only what this package needs, with bytecode, so that a cold start compiles nothing."""

from __future__ import annotations

import importlib.util
import json
import mmap
import py_compile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cloudpickle

from jupyter_lambda.capture.package_reference import FOLDER, NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lambda.capture.zip_package import Entry

_CLOUDPICKLE: Final = b"cloudpickle.cloudpickle"
_FUNCTIONS: Final = f"{NAME}.functions".encode()


def entries(pickle: Path | None, texts: Mapping[str, str], needs_body: bool, scratch: Path) -> dict[str, Entry]:
    """Return the helper's files by their names in the package.

    Args:
        pickle: The captured values, if there are any.
        texts: Lines of other cells that tracebacks may show.
        needs_body: Whether the cell is its handler's body.
        scratch: A folder for files that are made on the way.
    """
    found: dict[str, Entry] = {}
    if pickle is None and not needs_body:
        return found
    modules = {"__init__": FOLDER / "__init__.py"}
    if needs_body:
        modules["body"] = FOLDER / "body.py"
    if pickle is not None:
        found[f"{NAME}/captured.pickle"] = pickle
        if mentions(pickle, _FUNCTIONS):
            modules["functions"] = FOLDER / "functions.py"
        if mentions(pickle, _CLOUDPICKLE):
            modules["cloudpickle"] = Path(cloudpickle.cloudpickle.__file__)
            found[f"{NAME}/cloudpickle.version"] = f"{cloudpickle.__version__}\n".encode()
    if texts:
        found[f"{NAME}/sources.json"] = json.dumps(dict(texts), sort_keys=True).encode()
    for name, path in modules.items():
        found[f"{NAME}/{name}.py"] = path.read_bytes()
        bytecode = _bytecode(path, name, scratch)
        found[f"{NAME}/__pycache__/{bytecode.name}"] = bytecode.read_bytes()
    return found


def mentions(pickle: Path, name: bytes) -> bool:
    """Whether a pickle names a module; reads it where it lies, as it may be large."""
    with pickle.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        return view.find(name) >= 0


def _bytecode(path: Path, name: str, scratch: Path) -> Path:
    """Compile to bytecode that is valid whatever the file's time: the package's files never change."""
    target = scratch / Path(importlib.util.cache_from_source(str(scratch / f"{name}.py"))).name
    py_compile.compile(
        str(path),
        str(target),
        f"/var/task/{NAME}/{name}.py",
        doraise=True,
        optimize=-1,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    return target
