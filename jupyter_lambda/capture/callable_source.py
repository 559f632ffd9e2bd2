"""A callable as a handler: by its source where it has one of its own, by reference where a module has it, else by value."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
import types
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_lambda.capture import cell_text
from jupyter_lambda.capture.assembly import NO_NAMES, Assembly, Plan, module_name
from jupyter_lambda.capture.cell_form import read_form
from jupyter_lambda.capture.failure import Refused
from jupyter_lambda.capture.handler_module import PROLOGUE
from jupyter_lambda.capture.name_use import global_names
from jupyter_lambda.capture.report import Level, Note, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

_OURS = "lambda_function"


def plan_callable(function: Callable[..., Any], name: str, assembly: Assembly) -> Plan:
    """Decide how a callable travels.

    Raises:
        Refused: It can't be called with an event and a context, or it is a generator.
    """
    notes = _check(function)
    source = _own_source(function)
    if isinstance(function, types.FunctionType):
        module = _module_that_has(function)
        if module is not None:
            imports = replace(NO_NAMES, imports=(module,))
            written = source[0] if source else ""
            return Plan(name=name, source=written, function=function.__name__, module=module, uses=imports, notes=notes)
        if source is not None and function.__closure__ is None:
            return _by_source(function, source, name, assembly)
    module = module_name(name, assembly.local, set())
    return Plan(
        name=name,
        source=source[0] if source else f"# {_told(function)}, captured as a value",
        function="handler",
        module=module,
        code={f"{module}.py": f"{PROLOGUE}  # handler: {_told(function)}\n".encode()},
        extra_values={"handler": function},
        notes=notes,
    )


def _by_source(function: types.FunctionType, source: tuple[str, int], name: str, assembly: Assembly) -> Plan:
    written, line = source
    text = "\n" * (line - 1) + written
    form = read_form(text, name, function.__name__)
    uses = global_names(form.code, form.tree)
    module = module_name(name, assembly.local, {i.partition(".")[0] for i in uses.imports})
    return Plan(
        name=name,
        source=written.strip("\n") + "\n",
        function=function.__name__,
        module=module,
        text=text,
        uses=uses,
        notes=form.notes,
    )


def _check(function: Callable[..., Any]) -> tuple[Note, ...]:
    told = _told(function)
    if not callable(function):
        raise Refused(Problem(f"`{told}` can't be called", "", "Give a function that takes an event and a context."))
    call = function if isinstance(function, types.FunctionType | types.MethodType) else getattr(function, "__call__", function)  # noqa: B004
    if inspect.isgeneratorfunction(call) or inspect.isasyncgenfunction(call):
        raise Refused(
            Problem(
                f"`{told}` is a generator",
                "",
                "Lambda's Python runtime sends one result: build a list and return it. To stream a response, deploy a web server "
                "behind a function URL with InvokeMode RESPONSE_STREAM.",
            )
        )
    try:
        inspect.signature(function).bind(None, None)
    except TypeError as error:
        raise Refused(
            Problem(
                f"`{told}` can't be called with an event and a context",
                str(error),
                "Give it the two parameters `event, context`.",
            )
        ) from error
    except ValueError:  # a builtin without a signature: the first invocation tells
        return ()
    if inspect.iscoroutinefunction(call):
        return (Note(f"`{told}` is `async`: it is run to its end here; real Lambda wants a wrapper around it", Level.NOTICE),)
    return ()


def _told(function: Any) -> str:
    return str(getattr(function, "__qualname__", None) or type(function).__qualname__)


def _module_that_has(function: types.FunctionType) -> str | None:
    """The module from which a worker can import the function, if there is one."""
    module = sys.modules.get(function.__module__ or "")
    if module is None or function.__module__ == "__main__" or not getattr(module, "__file__", None):
        return None
    return function.__module__ if getattr(module, function.__name__, None) is function else None


def _own_source(function: Any) -> tuple[str, int] | None:
    """The function's source without our decorator, and its first line; None for lambdas and where another decorator stands."""
    if not isinstance(function, types.FunctionType) or function.__name__ == "<lambda>":
        return None
    try:
        lines, first = inspect.getsourcelines(function)
    except (OSError, TypeError):
        return None
    text = textwrap.dedent("".join(lines))
    try:
        tree = cell_text.parse(text)
    except Refused:  # getsource cuts oddly formed text short
        return None
    definition = tree.body[0] if tree.body else None
    if not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef) or definition.name != function.__name__:
        return None
    kept = text.split("\n")
    for decorator in definition.decorator_list:
        if not _is_ours(decorator):
            return None
        for line in range(decorator.lineno, (decorator.end_lineno or decorator.lineno) + 1):
            kept[line - 1] = ""
    return "\n".join(kept), max(first, 1)


def _is_ours(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return (isinstance(called, ast.Attribute) and called.attr == _OURS) or (isinstance(called, ast.Name) and called.id == _OURS)
