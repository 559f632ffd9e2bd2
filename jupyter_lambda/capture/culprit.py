"""The way to what can't be pickled: from a captured name down to the smallest part that fails, with the reason in words.

Tries the parts of a failing value one by one (items, attributes, closures, defaults) and goes into the first that fails too, until
no part fails on its own. Bounded in time: a slow search ends at the smallest part found so far.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.capture.foreign_code import attempt
from jupyter_lambda.capture.report import PathStep, Problem
from jupyter_lambda.capture.shared_pickle import dump_failure
from jupyter_lambda.capture.value_text import qualified_type
from jupyter_lambda.clock import Clock, SystemClock

if TYPE_CHECKING:
    from pickle import Pickler

SEARCH_SECONDS: Final = 2.0
_DEPTH: Final = 30

# Reasons by type name; the way out is the same for all that belongs to one process.
_REASONS: Final[Mapping[str, str]] = {
    "_thread.lock": "a lock belongs to one process",
    "_thread.RLock": "a lock belongs to one process",
    "_thread._local": "thread-local data belongs to one process",
    "threading.Thread": "a thread belongs to one process",
    "generator": "a generator can't be stopped here and go on there",
    "coroutine": "a coroutine can't be stopped here and go on there",
    "async_generator": "a generator can't be stopped here and go on there",
    "_io.TextIOWrapper": "an open file belongs to one process",
    "_io.BufferedReader": "an open file belongs to one process",
    "_io.BufferedWriter": "an open file belongs to one process",
    "_io.BufferedRandom": "an open file belongs to one process",
    "_io.FileIO": "an open file belongs to one process",
    "socket.socket": "a connection belongs to one process",
    "ssl.SSLContext": "an SSL context belongs to one process",
    "ssl.SSLSocket": "a connection belongs to one process",
    "sqlite3.Connection": "a database connection belongs to one process",
    "sqlite3.Cursor": "a database cursor belongs to one process",
    "select.epoll": "a file descriptor belongs to one process",
    "weakref.ReferenceType": "a weak reference points to an object of this process",
    "frame": "a frame of the interpreter belongs to one process",
    "traceback": "a traceback holds frames of this process",
    "module": "this module was made by hand and can't be imported anywhere else",
}


def unpicklable(
    name: str,
    value: Any,
    failure: Exception,
    make_pickler: Callable[[], Pickler],
    detail: str,
    line: int | None,
    clock: Clock | None = None,
) -> Problem:
    """Describe why a name's value can't be pickled, down to the part that is to blame.

    Args:
        name: The captured name.
        value: Its value.
        failure: What pickling it raised.
        make_pickler: Makes a pickler that writes nowhere; a fresh one for each try.
        detail: Where the name is used.
        line: The cell's line that uses it.
        clock: Bounds the search.
    """
    clock = clock or SystemClock()
    until = clock.monotonic() + SEARCH_SECONDS
    path = [PathStep(name, qualified_type(value))]
    seen = {id(value)}
    while len(path) < _DEPTH:
        step = _failing_part(value, make_pickler, seen, lambda: clock.monotonic() > until)
        if step is None:
            break
        label, value, failure = step
        seen.add(id(value))
        path.append(PathStep(label, qualified_type(value)))
    return Problem(
        f"`{name}` can't be pickled",
        detail,
        "Make it inside the cell, above the handler. Then each environment makes its own, once, at init.",
        line=line,
        path=tuple(path),
        reason=reason(value, failure),
    )


def reason(value: Any, failure: Exception) -> str:
    """Why this value can't travel, in words; what the pickler said where we know no better."""
    for cls in type(value).__mro__:
        module = "" if cls.__module__ == "builtins" else f"{cls.__module__}."
        if f"{module}{cls.__qualname__}" in _REASONS:
            return _REASONS[f"{module}{cls.__qualname__}"]
    told = str(failure).strip().splitlines()
    return told[0] if told else type(failure).__name__


def _failing_part(
    value: Any, make_pickler: Callable[[], Pickler], seen: set[int], is_over: Callable[[], bool]
) -> tuple[str, Any, Exception] | None:
    for label, part in parts(value):
        if is_over():
            return None
        if id(part) in seen:
            continue
        failure = dump_failure(make_pickler(), part)
        if failure is not None:
            return label, part, failure
    return None


def parts(value: Any) -> Iterator[tuple[str, Any]]:
    """The parts that a value is pickled from, each with how to write it: `["k"]`, `[3]`, `.attr`, `.<closure x>`."""
    if isinstance(value, Mapping):
        for key, item in list(value.items()):
            yield f"[{key!r}]".replace("'", '"'), item
        for key in list(value):
            yield f".<key {key!r}>", key
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield f"[{index}]", item
    elif isinstance(value, set | frozenset):
        for item in value:
            yield ".<item>", item
    elif isinstance(value, types.FunctionType):
        yield from _function_parts(value)
    elif isinstance(value, types.MethodType):
        yield ".__self__", value.__self__
    elif isinstance(value, functools.partial):
        yield ".func", value.func
        yield ".args", value.args
        yield ".keywords", value.keywords
    elif isinstance(value, type):
        for name, member in vars(value).items():
            if name not in ("__dict__", "__weakref__"):
                yield f".{name}", getattr(member, "__func__", member)
    yield from _attributes(value)


def _function_parts(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield f".<closure {name}>", cell.cell_contents
        except ValueError:  # not filled yet
            continue
    for index, default in enumerate(function.__defaults__ or ()):
        yield f".<default {index}>", default
    for name, default in (function.__kwdefaults__ or {}).items():
        yield f".<default {name}>", default
    if function.__module__ != "__main__":  # a notebook function's globals are captured names of their own
        for name in function.__code__.co_names:
            if name in function.__globals__:
                yield f".<global {name}>", function.__globals__[name]


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    """The attributes that pickling would take: what `__getstate__` leaves out is not to blame."""
    if isinstance(value, type | types.ModuleType | types.FunctionType):
        return
    reduced, failure = attempt(lambda: value.__reduce_ex__(4))
    if failure is not None or not isinstance(reduced, tuple):
        return
    arguments = reduced[1] if isinstance(reduced[1], tuple) else ()
    state = reduced[2] if len(reduced) > 2 else None
    for each in state if isinstance(state, tuple) and len(state) == 2 else (state,):
        if isinstance(each, dict):
            yield from ((f".{name}", part) for name, part in list(each.items()))
    if not isinstance(value, Mapping | list | tuple | set | frozenset):
        yield from ((f".<argument {index}>", part) for index, part in enumerate(arguments) if not isinstance(part, type))
