"""`_jupyter_lambda` in a deployment package: puts the captured values into the function's module when it is loaded.

Goes into the package as it stands. Standard library only; imports late what not every package needs, because every cold start pays
for it. The capture imports this module under the same name, so that its pickle refers to what will be there.
"""

from __future__ import annotations

import os.path
import pickle
import sys
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib costs a cold start
_PICKLE = os.path.join(_HERE, "captured.pickle")  # noqa: PTH118 - as above
_CLOUDPICKLE = "cloudpickle.cloudpickle"
_target: dict[str, Any] = {}


class _Unpickler(pickle.Unpickler):
    """Finds cloudpickle's functions in the package's own copy, whatever the worker has installed."""

    def find_class(self, module: str, name: str) -> Any:
        if module == _CLOUDPICKLE:
            module = _cloudpickle_module()
        return super().find_class(module, name)


def load(module_globals: dict[str, Any]) -> None:
    """Put every captured value under its name into `module_globals`; functions of the notebook get it as their globals."""
    module_globals.update(load_each(module_globals))  # one by one: what is loaded later finds what was loaded before


def load_each(module_globals: dict[str, Any]) -> Any:
    """Yield each captured name with its value, in the order in which they can be loaded."""
    global _target  # `module_globals()` is called by the pickle, which can carry no argument of ours
    _target = module_globals
    show_sources()
    if not os.path.exists(_PICKLE):  # noqa: PTH110 - as above
        return
    with open(_PICKLE, "rb") as file:  # noqa: PTH123 - as above
        unpickler = _Unpickler(file)
        names = unpickler.load()
        for submodule in unpickler.load():
            __import__(submodule)
        for name in names:
            yield name, unpickler.load()


def names() -> list[str]:
    """The captured names, in the order in which they are loaded; loads none of them."""
    if not os.path.exists(_PICKLE):  # noqa: PTH110 - as above
        return []
    with open(_PICKLE, "rb") as file:  # noqa: PTH123 - as above
        found: list[str] = _Unpickler(file).load()
    return found


def show_sources() -> None:
    """Let tracebacks show the lines of functions that other cells defined."""
    path = os.path.join(_HERE, "sources.json")  # noqa: PTH118 - as above
    if not os.path.exists(path):  # noqa: PTH110 - as above
        return
    import json
    import linecache

    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as above
        sources = json.load(file)
    for name, text in sources.items():
        # A modification time of None: linecache never drops such an entry.
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)


def module_globals() -> dict[str, Any]:
    """The namespace of the function's module: what functions of the notebook have as globals in the worker."""
    return _target


def member(module: str, qualified_name: str) -> Any:
    """A function or class of a module that goes with the package, as the module's file defines it."""
    import importlib

    found: Any = importlib.import_module(module)
    for part in qualified_name.split("."):
        found = getattr(found, part)
    return found


def cached(function: Any, maxsize: int | None, typed: bool) -> Any:
    """An `lru_cache`d function of the notebook, with an empty cache."""
    import functools

    return functools.lru_cache(maxsize, typed)(function)


def _cloudpickle_module() -> str:
    """The worker's own cloudpickle where it is loaded already and is the same version; else the package's copy."""
    with open(os.path.join(_HERE, "cloudpickle.version"), encoding="ascii") as file:  # noqa: PTH118, PTH123 - as above
        version = file.read().strip()
    present = sys.modules.get("cloudpickle")
    if present is not None and getattr(present, "__version__", None) == version:
        return _CLOUDPICKLE
    return __name__ + ".cloudpickle"
