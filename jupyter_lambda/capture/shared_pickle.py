"""One pickle for all captured values, so that what they share in the notebook they share in the worker.

A subclass of cloudpickle's pickler that differs in what a notebook needs:

* Functions of the notebook get the function's module as their globals, instead of a copy of the names they use: `global counter`
  in one function is seen by the others and by the cell. Their names are captured at top level, each once (`notebook_names`).
* Values are dumped one after another by one pickler, which keeps its memo: each has a size and an error of its own, and shared
  parts stay shared.
* Modules are imported by the standard library; what comes from a module that goes with the package is taken from its file, also
  when the kernel holds an older object of it (after an edit and a reload).
* What the notebook defined says it is of the function's module, where it is found too: pickling it again in the worker, and
  `typing.get_type_hints`, look there.
* `lru_cache`d functions are wrapped anew, handles of functions become small clients, and code keeps a stable file name.
"""

from __future__ import annotations

import functools
import importlib
import io
import sys
import types
from collections import ChainMap
from typing import IO, TYPE_CHECKING, Any

import cloudpickle

from jupyter_lambda.capture.failure import Refused
from jupyter_lambda.capture.foreign_code import attempt
from jupyter_lambda.capture.package_reference import package_module
from jupyter_lambda.capture.report import Problem

if TYPE_CHECKING:
    import pickle
    from collections.abc import Callable, Mapping

    from jupyter_lambda.capture.cell_sources import CellSources

_LOADERS = frozenset({"cloudpickle.cloudpickle", "_jupyter_lambda", "_jupyter_lambda.functions", "builtins"})
_HANDLE = "__jupyter_lambda_function__"
_CachedFunction = type(functools.lru_cache(lambda: None))


class _ModuleGlobals(dict[str, Any]):
    """Stands for the namespace of the function's module; not empty, so that cloudpickle adds nothing to it."""

    def __reduce__(self) -> tuple[Callable[[], Any], tuple[()]]:
        return package_module().module_globals, ()


class NotebookPickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no types
    """Pickles values of one notebook into one stream.

    Attributes:
        modules: Names of modules that loading will import, found on the way.
    """

    def __init__(
        self,
        file: IO[bytes] | io.RawIOBase,
        namespace: Mapping[str, Any],
        sources: CellSources,
        is_local: Callable[[str], bool],
        handler_module: str = "__main__",
    ) -> None:
        own: dict[type, Callable[[Any], Any]] = {types.CodeType: self._reduce_code, types.ModuleType: self._reduce_module}
        self.dispatch_table = ChainMap(own, cloudpickle.Pickler.dispatch_table)  # read by the base class's `__init__`
        super().__init__(file, protocol=5)
        self.globals_ref[id(namespace)] = _ModuleGlobals(this="function's module")
        self.modules: set[str] = set()
        self._namespace = namespace
        self._is_local = is_local
        self._handler_module = handler_module
        self._sources = sources

    def reducer_override(self, obj: Any) -> Any:
        """Reduce what a notebook needs reduced differently; leave the rest to cloudpickle."""
        if isinstance(obj, _CachedFunction):
            return self._reduce_cached(obj)
        if not isinstance(obj, type | types.FunctionType):
            name = function_handle(obj)
            if name is not None:
                return package_module("functions").LambdaFunction, (name,)
            return super().reducer_override(obj)
        module = getattr(obj, "__module__", None)
        if isinstance(module, str) and self._is_stale(obj, module):
            self.modules.add(module)
            return package_module().member, (module, obj.__qualname__)
        reduced = super().reducer_override(obj)
        if reduced is NotImplemented:
            if isinstance(module, str) and module not in _LOADERS:
                self.modules.add(module)
        elif isinstance(obj, types.FunctionType):
            state = reduced[2][1]
            if obj.__globals__ is self._namespace:
                state["__globals__"] = {}  # they are the module's; see the file's docstring
            state["__module__"] = self._in_package(module)
        elif module == "__main__":
            reduced = _class_of(self._handler_module, reduced)
        return reduced

    def _in_package(self, module: str | None) -> str | None:
        return self._handler_module if module == "__main__" else module

    def _is_stale(self, obj: Any, module: str) -> bool:
        """Whether the object is of a module that goes with the package, but not the one that the module has now."""
        if module == "__main__" or not self._is_local(module):
            return False
        found: Any = sys.modules.get(module)
        for part in obj.__qualname__.split("."):
            found = getattr(found, part, None)
        return found is not None and found is not obj

    def _reduce_cached(self, function: Any) -> Any:
        wrapped = function.__wrapped__
        if getattr(wrapped, "__module__", None) in sys.modules and wrapped.__module__ != "__main__":
            found: Any = sys.modules[wrapped.__module__]
            for part in wrapped.__qualname__.split("."):
                found = getattr(found, part, None)
            if found is function:
                self.modules.add(wrapped.__module__)
                return NotImplemented
        parameters = function.cache_parameters()
        return package_module().cached, (wrapped, parameters["maxsize"], parameters["typed"])

    def _reduce_module(self, module: types.ModuleType) -> Any:
        if module.__name__ == "__main__":
            raise Refused(Problem("`__main__` is the notebook itself", "", "Capture the names you need, one by one."))
        if sys.modules.get(module.__name__) is None:
            return cloudpickle.Pickler.dispatch_table[types.ModuleType](module)
        self.modules.add(module.__name__)
        return importlib.import_module, (module.__name__,)

    def _reduce_code(self, code: types.CodeType) -> Any:
        make, arguments = cloudpickle.Pickler.dispatch_table[types.CodeType](code)
        name = self._sources.take(code)
        unstable = ("<dynamic-code>", code.co_filename)
        return make, tuple(name if isinstance(a, str) and a in unstable else a for a in arguments)


def _class_of(module: str, reduced: Any) -> Any:
    """A class's reduction by cloudpickle, with another module's name in the arguments of its skeleton and among its members."""
    make, arguments, (members, slots), *rest = reduced

    def told(argument: Any) -> Any:
        if type(argument) is dict and argument.get("__module__") == "__main__":
            return {**argument, "__module__": module}
        return module if argument == "__main__" else argument

    members = {**members, "__module__": module} if "__module__" in members else members
    return (make, tuple(told(a) for a in arguments), (members, slots), *rest)


def function_handle(value: Any) -> str | None:
    """The function's name, if the value is a handle of a Lambda function (by its attribute, without running foreign code)."""
    try:
        found = object.__getattribute__(value, "__dict__").get(_HANDLE)
    except AttributeError:
        found = None
    if found is None and _has_handle(type(value)):  # type: ignore[arg-type]  # classes are hashable
        found = getattr(value, _HANDLE, None)
    return found if isinstance(found, str) else None


@functools.lru_cache(maxsize=4096)
def _has_handle(cls: type) -> bool:
    return any(_HANDLE in vars(base) for base in cls.__mro__)


class Discard(io.RawIOBase):
    """Takes bytes and forgets them: for trying whether a value can be pickled."""

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Forget the data."""
        return memoryview(data).nbytes


def dump_failure(pickler: pickle.Pickler, value: Any) -> Exception | None:
    """Dump a value; return what went wrong instead of raising it, because a user's `__reduce__` may raise anything."""
    return attempt(lambda: pickler.dump(value))[1]
