"""The modules a function imports: whether the worker has them, in which version, and which of them the zygote may import ahead.

The worker runs on this kernel's interpreter, so what can be found here can be found there. Nothing is imported to find out.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import sys
from typing import TYPE_CHECKING, Final

from jupyter_lambda.capture.report import NeededModule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_DISTRIBUTIONS: Final = {
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "cv2": "opencv-python",
    "yaml": "PyYAML",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "skimage": "scikit-image",
    "jwt": "PyJWT",
    "dotenv": "python-dotenv",
}
# Threads from the import on, or hangs after a fork: polars' pool is not made again, torch hangs once it was used, gRPC and
# TensorFlow say so themselves. They are imported by each environment at init.
NOT_PRELOADED: Final = frozenset({"polars", "torch", "tensorflow", "jax", "grpc", "ray", "pyspark", "jpype", "mxnet", "paddle"})
_OWN: Final = frozenset({"jupyter_lambda", "_jupyter_lambda", "__main__", "IPython", "ipykernel"})


def third_party(modules: Iterable[str], is_local: Callable[[str], bool]) -> list[str]:
    """Dotted names of installed modules among these: not the standard library's, not local, not our own; sorted."""
    found = set()
    for name in modules:
        top = name.partition(".")[0]
        if top and top not in sys.stdlib_module_names and top not in _OWN and not is_local(top):
            found.add(_public(name))
    return sorted(found)


def needed(modules: Iterable[str], requirements: Iterable[str]) -> tuple[NeededModule, ...]:
    """Describe the top-level modules among these names.

    Args:
        modules: Dotted names of installed modules.
        requirements: pip's lines: what they name need not be in this interpreter.
    """
    asked = {_normal(_requirement_name(line)) for line in requirements}
    found = []
    for top in dict.fromkeys(name.partition(".")[0] for name in modules):
        if _normal(_DISTRIBUTIONS.get(top, top)) in asked:
            found.append(NeededModule(top, origin="from --requirements"))
            continue
        is_present = _is_present(top)
        version = _version(top) if is_present else ""
        found.append(NeededModule(top, version, is_present, is_present and top not in NOT_PRELOADED))
    return tuple(found)


def preload(modules: Iterable[str], described: Iterable[NeededModule]) -> tuple[str, ...]:
    """Dotted names that the zygote may import ahead: submodules too (`sklearn.svm`), as they are what takes the time."""
    allowed = {m.name for m in described if m.is_preloaded}
    return tuple(name for name in modules if name.partition(".")[0] in allowed and _is_present(name))


def _public(name: str) -> str:
    """The nearest public package: `sklearn.svm` of `sklearn.svm._classes`, `numpy` of `numpy._core.multiarray`."""
    parts = name.split(".")
    public = next((i for i, part in enumerate(parts) if i and part.startswith("_")), len(parts))
    return ".".join(parts[:public])


def _is_present(name: str) -> bool:
    if name in sys.modules:
        return sys.modules[name] is not None
    if "." in name:  # looking for it would import its parents; the kernel has done so, or it is only a function's wish
        return False
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _version(top: str) -> str:
    version = getattr(sys.modules.get(top), "__version__", None)
    if isinstance(version, str):
        return version
    found = _installed(_DISTRIBUTIONS.get(top, top))
    if found:
        return found
    return next(filter(None, map(_installed, _owners(tuple(sys.path)).get(top, ()))), "")


def _installed(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


@functools.lru_cache(maxsize=1)
def _owners(_path: tuple[str, ...]) -> Mapping[str, list[str]]:
    """Which distributions a top-level name comes from: reads every installed package's list of files, a second's work."""
    return importlib.metadata.packages_distributions()


def _requirement_name(line: str) -> str:
    name = line
    for sign in "[<>=!~; @(":
        name = name.partition(sign)[0]
    return name.rpartition("/")[2].partition("-")[0] if name.endswith(".whl") else name


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
