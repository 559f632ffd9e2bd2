"""A cell's text as Python: read so that every line number is the cell's, whatever the notebook adds to the language.

Line 1 is the cell's first line, `%%lambda …`; it never becomes code, and as it may hold secrets (`-e TOKEN=…`) it is never kept.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from jupyter_lambda.capture.failure import Refused
from jupyter_lambda.capture.report import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

_MAGIC = re.compile(r"\s*(?:[A-Za-z_][\w, ]*=\s*)?(?P<sign>%%?|!!?)\s*(?P<word>[A-Za-z_./][\w.]*)")
_HELP = re.compile(r"\s*\??\??\s*[A-Za-z_][\w.]*\s*\?{0,2}\s*$")
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def padded(source: str, first_line: int) -> tuple[str, str]:
    """Return the cell's body as written, and the same text moved so that its line numbers are the cell's.

    Args:
        source: The cell, with or without its `%%lambda` line.
        first_line: The line of the cell at which `source` begins, 2 when the magic's line was taken off.
    """
    text = source.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    magic = next((i for i, line in enumerate(lines) if line.strip()), None)
    if magic is not None and lines[magic].lstrip().startswith("%%"):
        body = "\n".join(lines[magic + 1 :])
        return body, "\n" * (magic + 1) + body
    return text, "\n" * (first_line - 1) + text


def parse(text: str) -> ast.Module:
    """Parse a padded cell.

    Raises:
        Refused: It is not Python: a magic, a shell command, or a syntax error, with its line and a caret.
    """
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise Refused(_syntax_problem(error, text)) from error
    except ValueError as error:  # "source code string cannot contain null bytes"
        raise Refused(Problem("the cell is not Python text", str(error), "Remove that character.")) from error


def compiled(tree: ast.Module, text: str, filename: str = "<cell>") -> CodeType:
    """Compile a cell's tree without running it.

    Raises:
        Refused: What only the compiler notices: `return` outside a function, `nonlocal` without a scope.
    """
    try:
        return compile(tree, filename, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise Refused(_syntax_problem(error, text)) from error


def refuse_top_level_await(tree: ast.Module) -> None:
    """Refuse `await`, `async for` and `async with` outside a function: a notebook runs them, a module can't."""
    for node in scope_nodes(tree.body):
        is_async = isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith)
        if is_async or (isinstance(node, ast.comprehension) and node.is_async):
            line = getattr(node, "lineno", None) or getattr(getattr(node, "target", None), "lineno", None)
            problem = Problem(
                "`await` stands outside a function",
                f"in line {line}",
                "A notebook runs that, Lambda can't. Put it into `async def handler(event, context):`.",
                line=line,
            )
            raise Refused(problem)


def scope_nodes(statements: list[ast.stmt]) -> Iterator[ast.AST]:
    """Every node of these statements that belongs to their own scope: functions, classes and lambdas are not entered."""
    todo: list[ast.AST] = list(reversed(statements))
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, _SCOPES):
            todo.extend(reversed(list(ast.iter_child_nodes(node))))


def _syntax_problem(error: SyntaxError, text: str) -> Problem:
    lines = text.split("\n")
    line = error.lineno or 1
    shown = lines[line - 1] if line <= len(lines) else ""
    excerpt = (shown, " " * max(0, (error.offset or 1) - 1) + "^") if shown else ()
    magic = _MAGIC.match(shown)
    if magic:
        what = "a shell command" if magic["sign"].startswith("!") else "a magic"
        return Problem(
            f"`{shown.strip()}` is {what}",
            f"in line {line}",
            f"{magic['sign']} lines run in the notebook only. Run it in a cell of its own, and use its result here.",
            line=line,
            excerpt=excerpt,
        )
    if "?" in shown and _HELP.match(shown):
        return Problem(f"`{shown.strip()}` asks the notebook for help", f"in line {line}", "Take the line out.", line=line)
    indent = isinstance(error, IndentationError)
    name = "IndentationError" if indent else "SyntaxError"
    return Problem(f"{name}: {error.msg}", f"in line {line}", "Correct that line.", line=line, excerpt=excerpt)
