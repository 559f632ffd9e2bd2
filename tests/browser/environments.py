"""Python environments that lack a part of what the tests' own has: made of links, so they cost milliseconds and no download."""

from __future__ import annotations

import sys
import sysconfig
import venv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

OURS = ("jupyter_lambda", "jupyter-lambda", "_editable_impl_jupyter_lambda", "_jupyter_lambda", "__editable__.jupyter_lambda")
PAGES = ("jupyterlab", "jupyterlab_server", "notebook", "notebook_shim", "jupyterhub")


def environment(folder: Path, *, without: Iterable[str] = (), front_end: bool = True) -> str:
    """Make a virtual environment as the tests' own, but for some parts; returns its interpreter.

    Args:
        folder: Where it comes to lie.
        without: What packages, and files of the front end, are left out, by the beginning of their name.
        front_end: Whether pages are served from it; without, it has only what is imported.
    """
    left_out = tuple(without)

    def wanted(path: Path) -> bool:
        return not path.name.startswith(left_out) if left_out else True

    venv.create(folder, with_pip=False, symlinks=True)
    packages = Path(sysconfig.get_path("purelib"))
    _link(packages, folder / packages.relative_to(sys.prefix), wanted)
    if front_end:
        own = Path(sys.prefix)
        _link(own / "share/jupyter", folder / "share/jupyter", lambda path: path.name not in {"labextensions", "kernels"})
        _link(own / "share/jupyter/labextensions", folder / "share/jupyter/labextensions", wanted)
        for configuration in (own / "etc/jupyter").iterdir():
            _link(configuration, folder / "etc/jupyter" / configuration.name, wanted)
    return str(folder / "bin/python")


def _link(source: Path, target: Path, wanted: Callable[[Path], bool]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        if wanted(path) and not (target / path.name).exists():
            (target / path.name).symlink_to(path)
