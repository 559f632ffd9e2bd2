"""Which function of a cell Lambda calls: the two forms a cell may have, and everything that is ambiguous between them.

1. The cell defines its handler: `handler`, `lambda_handler`, a function named like the Lambda function, or exactly one function.
2. The cell defines no function: it is the handler's body, with `event` and `context` in scope.

The theory: names are tried in that order, but a name counts only if Lambda could call it with an event and a context, so a helper
`resize(image)` beside `handler(event, context)` is no second candidate. Whatever is left over twice is an error that names both.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from types import CodeType

from jupyter_lambda.capture import cell_text
from jupyter_lambda.capture.failure import Refused
from jupyter_lambda.capture.in_package.body import wrap
from jupyter_lambda.capture.report import Level, Note, Problem
from jupyter_lambda.model.names import did_you_mean, python_name

Function = ast.FunctionDef | ast.AsyncFunctionDef
_USUAL = ("handler", "lambda_handler")
_WAY_OUT = "Name the one that Lambda calls `handler`, or say `--handler NAME`."


@dataclass(frozen=True, slots=True)
class CellForm:
    """A cell that can become a module, and how."""

    text: str  # line numbers are the cell's
    tree: ast.Module  # as it runs: wrapped, if the cell is a body
    code: CodeType
    handler: str
    is_body: bool
    notes: tuple[Note, ...] = ()


def read_form(text: str, function_name: str, handler: str | None = None) -> CellForm:
    """Decide a cell's form and its handler.

    Args:
        text: The cell, moved so that line numbers are right (`cell_text.padded`).
        function_name: The Lambda function's name; `-` counts as `_`.
        handler: What `--handler` said: `name` or `module.name`.

    Raises:
        Refused: Not Python, or not clear which function is meant.
    """
    tree = cell_text.parse(text)
    if not tree.body:
        raise Refused(Problem("the cell is empty", "", "Write `def handler(event, context):` below the `%%lambda` line.", line=1))
    cell_text.refuse_top_level_await(tree)
    functions = _functions(tree)
    if handler is not None:
        return _module_form(text, tree, _asked_for(handler, functions, tree), functions)
    if functions:
        return _module_form(text, tree, _chosen(functions, python_name(function_name), tree), functions)
    assigned = _assigned_handler(tree)
    if assigned:
        return _module_form(text, tree, assigned, functions)
    return _body_form(text)


def _functions(tree: ast.Module) -> dict[str, Function]:
    """Functions defined at the cell's top level, also inside `if` and `try`; the last definition of a name counts."""
    return {node.name: node for node in cell_text.scope_nodes(tree.body) if isinstance(node, Function)}


def _chosen(functions: dict[str, Function], like_function: str, tree: ast.Module) -> str:
    named = [name for name in dict.fromkeys((*_USUAL, like_function)) if name in functions]
    if len(named) > 1:
        named = [name for name in named if _call_problem(functions[name]) is None] or named
    if len(named) > 1:
        raise Refused(_ambiguous([functions[name] for name in named]))
    if named:
        return named[0]
    if len(functions) > 1:
        callable_ones = [f for f in functions.values() if _call_problem(f) is None]
        raise Refused(_ambiguous(callable_ones if len(callable_ones) > 1 else list(functions.values())))
    only = next(iter(functions.values()))
    event = _reads_event(tree)
    if event is not None:
        raise Refused(
            Problem(
                f"two handlers are possible: the function `{only.name}`, and the cell itself",
                f"`{only.name}` stands in line {only.lineno}, and line {event} reads `event` outside of it",
                "Put those lines into `def handler(event, context):`, or the function into a cell of its own.",
                line=event,
            )
        )
    return only.name


def _ambiguous(functions: list[Function]) -> Problem:
    told = ", ".join(f"`{f.name}` (line {f.lineno})" for f in functions)
    return Problem(f"it is not clear which function is the handler: {told}", "", _WAY_OUT, line=functions[0].lineno)


def _asked_for(handler: str, functions: dict[str, Function], tree: ast.Module) -> str:
    name = handler.rpartition(".")[2]
    bound = {*functions, *_bound_names(tree)}
    if name not in bound:
        found = ", ".join(f"`{f}`" for f in functions) or "no function"
        suggestion = did_you_mean(name, bound) or f"The cell defines {found}."
        raise Refused(Problem(f"`--handler {handler}` is not defined in the cell", "", suggestion))
    return name


def _assigned_handler(tree: ast.Module) -> str | None:
    """`handler = make(…)`, `from app import handler`: a handler that is not written with `def`, unless the cell is a body."""
    bound = [name for name in _USUAL if name in _bound_names(tree)]
    if not bound or _reads_event(tree) is not None:
        return None
    if len(bound) > 1:
        raise Refused(Problem("it is not clear which one is the handler: `handler`, `lambda_handler`", "", _WAY_OUT))
    return bound[0]


def _bound_names(tree: ast.Module) -> set[str]:
    names = set()
    for node in cell_text.scope_nodes(tree.body):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
    return names


def _reads_event(tree: ast.Module) -> int | None:
    """The line at which the cell's top level reads `event` that it did not set itself."""
    if "event" in _bound_names(tree):
        return None
    for node in cell_text.scope_nodes(tree.body):
        if isinstance(node, ast.Name) and node.id == "event":
            return node.lineno
    return None


def _module_form(text: str, tree: ast.Module, handler: str, functions: dict[str, Function]) -> CellForm:
    notes: list[Note] = []
    function = functions.get(handler)
    if function is not None:
        problem = _generator_problem(function) or _call_problem(function)
        if problem:
            raise Refused(problem)
        if isinstance(function, ast.AsyncFunctionDef):
            notes.append(
                Note(f"`{handler}` is `async`: it is run to its end here; real Lambda wants a wrapper around it", Level.NOTICE)
            )
    return CellForm(text, tree, cell_text.compiled(tree, text), handler, is_body=False, notes=tuple(notes))


def _body_form(text: str) -> CellForm:
    name = "handler" if not _reads_handler(text) else "cell_handler"
    tree = wrap(text, "<cell>", name)
    function = tree.body[-1]
    assert isinstance(function, ast.FunctionDef)  # noqa: S101 - `wrap` made it
    for node in cell_text.scope_nodes(function.body):
        if isinstance(node, ast.Yield | ast.YieldFrom):
            raise Refused(_streaming_problem("the cell", node.lineno))
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            raise Refused(
                Problem(
                    f"`from {node.module} import *` can't stand in a handler's body",
                    f"in line {node.lineno}",
                    "Name what you need, or write `def handler(event, context):` below that line.",
                    line=node.lineno,
                )
            )
    notes = () if _has_result(function) else (Note("the cell's last line is no expression: the result is null", Level.NOTICE),)
    return CellForm(text, tree, cell_text.compiled(tree, text), name, is_body=True, notes=notes)


def _reads_handler(text: str) -> bool:
    """Whether the body calls something named `handler` itself: the function made of the body must not take its name."""
    return any(isinstance(n, ast.Name) and n.id == "handler" for n in ast.walk(ast.parse(text)))


def _has_result(function: ast.FunctionDef) -> bool:
    returns = (n for n in cell_text.scope_nodes(function.body) if isinstance(n, ast.Return))
    return any(r.value is not None for r in returns) or isinstance(function.body[-1], ast.Raise)


def _generator_problem(function: Function) -> Problem | None:
    for node in cell_text.scope_nodes(function.body):
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return _streaming_problem(f"`{function.name}`", node.lineno)
    return None


def _streaming_problem(what: str, line: int) -> Problem:
    return Problem(
        f"{what} is a generator",
        f"line {line} yields",
        "Lambda's Python runtime sends one result: build a list and return it. To stream a response, deploy a web server behind a "
        "function URL with InvokeMode RESPONSE_STREAM.",
        line=line,
    )


def _call_problem(function: Function) -> Problem | None:
    """Why Lambda could not call the function with an event and a context, if so."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    named_only = [a.arg for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is None]
    if required <= 2 and (len(positional) >= 2 or arguments.vararg) and not named_only:
        return None
    count = f"{len(positional)} argument{'' if len(positional) == 1 else 's'}"
    takes = f"needs the keyword `{named_only[0]}`" if named_only else f"takes {count}"
    return Problem(
        f"`{function.name}` {takes}, and Lambda calls it with two: an event and a context",
        f"in line {function.lineno}",
        f"Write `def {function.name}(event, context):`.",
        line=function.lineno,
    )
