"""How long a function's imports take during init: what makes a cold start slow is nearly always one of them.

A finder at the head of `sys.meta_path` sees every module that is not loaded yet, lets the other finders find it, and puts a clock
around its loader's `exec_module`. Submodules of a package that is being imported count as part of it. Nothing is wrapped that is
called for modules that are loaded already, and after init nothing of this is left in the process.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import suppress
from types import ModuleType
from typing import Any, Optional

_KEPT = 20
_NAME_CHARACTERS = 80


class ImportTimes:
    """Measures from `begin` to `end`, on the thread that began."""

    def __init__(self, handler_module: str) -> None:
        self._root = handler_module.replace("/", ".").partition(".")[0]
        self._handler_module = handler_module.replace("/", ".")
        self._thread = threading.get_ident()
        self._began = 0.0
        self._inside = [self._root]  # top-level names of the modules that run right now, innermost last
        self._is_searching = False
        self._found: list[dict[str, Any]] = []

    def begin(self) -> ImportTimes:
        """Measure from now on."""
        self._began = time.perf_counter()
        sys.meta_path.insert(0, self)
        return self

    def end(self) -> str:
        """Stop, and return what was measured as ASCII JSON: `{"whole_ms": …, "imports": [{module, at_ms, ms, depth}], "preloaded": […]}`.

        Of the imports the 20 that took longest, in order. `preloaded` names what the function's module imports and the zygote had.
        """
        whole_ms = (time.perf_counter() - self._began) * 1000.0
        with suppress(ValueError):  # somebody emptied the list
            sys.meta_path.remove(self)
        longest = sorted(self._found, key=lambda entry: -entry["ms"])[:_KEPT]
        imports = sorted(longest, key=lambda entry: entry["at_ms"])
        return json.dumps({"whole_ms": round(whole_ms, 3), "imports": imports, "preloaded": self._preloaded()})

    def find_spec(self, name: str, path: Any = None, target: Optional[ModuleType] = None) -> Any:
        """Find the module as the finders behind this one do, and time it if it is one of its own (importlib's protocol)."""
        top = name.partition(".")[0]
        if top == self._inside[-1] or self._is_searching or threading.get_ident() != self._thread:
            return None
        began = time.perf_counter()
        self._is_searching = True
        try:
            spec = self._find(name, path, target)
        finally:
            self._is_searching = False
        loader = getattr(spec, "loader", None)
        if loader is not None and not isinstance(loader, type):  # the interpreter's own modules load by classes, in no time
            self._time(loader, name, top, began)
        return spec

    def _find(self, name: str, path: Any, target: Optional[ModuleType]) -> Any:
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec = find(name, path, target)
            if spec is not None:
                return spec
        return None

    def _time(self, loader: Any, name: str, top: str, began: float) -> None:
        load = getattr(loader, "exec_module", None)
        if load is None:
            return

        def exec_module(module: ModuleType) -> None:
            with suppress(AttributeError):  # taken off again at its first use: a loader may be shared
                del loader.exec_module
            if module.__name__ != name:
                load(module)
                return
            depth = len(self._inside) - 1
            self._inside.append(top)
            try:
                load(module)
            finally:
                self._inside.pop()
                self._note(name, began, depth)

        # Named as importlib's own, so that the interpreter leaves this frame out of tracebacks as it does with those around it.
        exec_module.__code__ = exec_module.__code__.replace(co_filename="<frozen importlib._bootstrap>")
        with suppress(AttributeError, TypeError):
            loader.exec_module = exec_module

    def _note(self, name: str, began: float, depth: int) -> None:
        at_ms = round((began - self._began) * 1000.0, 3)
        ms = round((time.perf_counter() - began) * 1000.0, 3)
        self._found.append({"module": name[:_NAME_CHARACTERS], "at_ms": at_ms, "ms": ms, "depth": depth})

    def _preloaded(self) -> list[str]:
        measured = {entry["module"].partition(".")[0] for entry in self._found}
        standard: frozenset[str] = getattr(sys, "stdlib_module_names", frozenset())  # Python 3.10
        module = sys.modules.get(self._handler_module)
        values = list(vars(module).values()) if module is not None else []
        tops = {value.__name__.partition(".")[0] for value in values if type(value) is ModuleType}
        return sorted(top[:_NAME_CHARACTERS] for top in tops - measured - standard - {self._root})[:_KEPT]
