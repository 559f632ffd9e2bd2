"""A value in a few words: its type and how much of it there is, as the report says it."""

from __future__ import annotations

import functools
import types
from collections.abc import Mapping, Sized
from typing import Any

from jupyter_lambda.capture.foreign_code import attempt
from jupyter_lambda.capture.shared_pickle import function_handle

_CachedFunction = type(functools.lru_cache(lambda: None))


def type_text(value: Any) -> str:
    """`dict, 42 entries`, `ndarray float64, 100 × 3`, `sklearn.svm.SVC`, `function`."""
    if isinstance(value, types.ModuleType):
        return "module"
    if isinstance(value, _CachedFunction):
        return "cached function"
    if isinstance(value, types.FunctionType | types.BuiltinFunctionType):
        return "function"
    if isinstance(value, type):
        return "class"
    if function_handle(value) is not None:
        return "Lambda function"
    amount, _ = attempt(lambda: _amount(value))  # a lazy `shape` may raise anything
    return qualified_type(value) + (amount or "")


def qualified_type(value: Any) -> str:
    """The type's name with its public module: `churn.Model`, `_thread.lock`; builtins and the notebook's own bare."""
    cls = type(value)
    parts = [part for part in cls.__module__.split(".") if not part.startswith("_") or part == "_thread"]
    if cls.__module__ in ("builtins", "__main__") or not parts:
        return cls.__qualname__
    if parts[0] in ("numpy", "pandas"):
        return cls.__qualname__
    return f"{'.'.join(parts)}.{cls.__qualname__}"


def short_value(value: Any) -> str:
    """A scalar's value for a hint, `float, 0.62`; the type's words for everything else."""
    if type(value) in (bool, int, float, str):
        told = repr(value)
        return f"{type(value).__name__}, {told if len(told) <= 40 else told[:39] + '…'}"
    return type_text(value)


def _amount(value: Any) -> str:
    root = type(value).__module__.partition(".")[0]
    if root in ("numpy", "pandas", "torch") and hasattr(value, "shape"):
        shape = " × ".join(f"{n:,}" for n in tuple(value.shape)) or "a scalar"
        dtype = f" {value.dtype}" if root != "pandas" else ""
        return f"{dtype}, {shape}"
    if type(value) in (str, bytes):
        unit = "character" if isinstance(value, str) else "byte"
    elif isinstance(value, Mapping):
        unit = "entr"
    elif isinstance(value, list | tuple | set | frozenset):
        unit = "item"
    else:
        return ""
    count = len(value) if isinstance(value, Sized) else 0
    plural = ("y" if count == 1 else "ies") if unit == "entr" else ("" if count == 1 else "s")
    return f", {count:,} {unit}{plural}"
