"""Modules that live beside the notebook: found through imports, taken as they are on disk now.

A module is local when its file is neither the standard library's nor in a folder that installers fill: a worker could not import it
anywhere else, and a version that read it from where it is would change with every edit. Packages go as whole folders.
"""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import site
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_INSTALLED = ("site-packages", "dist-packages")
_LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", "node_modules", ".git", ".venv", "venv"}
_OWN = "jupyter_lambda"  # workers get its runtime; the rest of it is the notebook's


class LocalModules:
    """Tells local modules from installed ones, and lists their files.

    Args:
        folder: The notebook's folder, looked into after `sys.path`.
        is_first: Look into it before `sys.path`: for a handler in a file, as its folder will be first in the package.
    """

    def __init__(self, folder: Path, *, is_first: bool = False) -> None:
        self._folder = folder
        self._is_first = is_first
        self._prefixes = _installed_prefixes()
        self._known: dict[str, tuple[Path, ...]] = {}

    def is_local(self, module: str) -> bool:
        """Whether a module's top-level package lives beside the notebook."""
        return bool(self.roots(module))

    def roots(self, module: str) -> tuple[Path, ...]:
        """The file or folder of the module's top-level package; empty for installed, built-in and unknown modules."""
        top = module.partition(".")[0]
        if top not in self._known:
            self._known[top] = (
                () if top in (_OWN, "_jupyter_lambda", "__main__") or top in sys.stdlib_module_names else self._find(top)
            )
        return self._known[top]

    def closure(self, modules: Iterable[str]) -> dict[str, tuple[Path, ...]]:
        """Local modules among these and among all that they import, each with its file or folder, in the order of their names."""
        found: dict[str, tuple[Path, ...]] = {}
        todo = [name.partition(".")[0] for name in modules]
        while todo:
            top = todo.pop()
            if top in found or not self.roots(top):
                continue
            found[top] = self.roots(top)
            todo.extend(name.partition(".")[0] for name in self.imports(top))
        return dict(sorted(found.items()))

    def imports(self, module: str) -> list[str]:
        """What the files of a local module import, by dotted name."""
        return [name for root in self.roots(module) for file in python_files(root) for name in file_imports(file)]

    def files(self, module: str) -> Iterator[tuple[str, Path]]:
        """Every file of a local module with its name in the package."""
        for root in self.roots(module):
            if root.is_file():
                yield root.name, root
            else:
                for file in folder_files(root):
                    yield str(Path(root.name) / file.relative_to(root)), file

    def _find(self, top: str) -> tuple[Path, ...]:
        spec = _spec(top, self._folder, self._is_first)
        if spec is None:
            return ()
        if spec.origin and spec.has_location:
            origin = Path(spec.origin)
            root = origin.parent if spec.submodule_search_locations else origin
            return () if self._is_installed(root) else (root,)
        places = [Path(p) for p in spec.submodule_search_locations or ()]  # a namespace package
        return tuple(p for p in places if p.is_dir() and not self._is_installed(p))

    def _is_installed(self, path: Path) -> bool:
        resolved = path.resolve()
        if any(part in _INSTALLED for part in (*path.parts, *resolved.parts)):
            return True
        return any(resolved.is_relative_to(prefix) for prefix in self._prefixes)


def folder_files(folder: Path) -> Iterator[Path]:
    """Files below a folder that belong into a package: no caches, no hidden ones; sorted."""
    for entry in sorted(folder.iterdir()):
        if entry.name in _LEFT_OUT or entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from folder_files(entry)
        elif entry.is_file() and entry.suffix not in (".pyc", ".pyo"):
            yield entry


def python_files(root: Path) -> Iterator[Path]:
    """The Python files of a module or a package."""
    if root.is_file():
        yield root
    else:
        yield from (f for f in folder_files(root) if f.suffix == ".py")


def file_imports(file: Path) -> list[str]:
    """Dotted names that a file imports anywhere, its own package's relative ones apart; none if it can't be parsed."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):  # whoever imports it sees the error, with its line
        return []
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.append(node.module)
    return found


def _spec(top: str, folder: Path, is_first: bool) -> importlib.machinery.ModuleSpec | None:
    beside = importlib.machinery.PathFinder.find_spec(top, [str(folder)])
    if is_first and beside is not None:
        return beside
    try:
        found = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):  # `__spec__` is None, or a finder of the user's stumbles
        found = None
    return found or beside


def _installed_prefixes() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    named = {paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    named.update(site.getsitepackages())
    if site.ENABLE_USER_SITE:
        named.add(site.getusersitepackages())
    return tuple(Path(p).resolve() for p in named)
