"""A cell without a function is the body of its handler: wraps the text as it stands, so that line numbers stay the cell's.

Goes into the package, and is used by the capture too, so that both see the same code. Standard library only.
"""

from __future__ import annotations

import ast
from typing import Any


def wrap(text: str, filename: str, name: str = "handler") -> ast.Module:
    """Return a module whose function `name(event, context)` has the text as its body and returns its last expression.

    Args:
        text: The cell; `from __future__` lines may stand first and stay first.
        filename: Where tracebacks say the lines are.
        name: The function's name.

    Raises:
        SyntaxError: The text is not Python.
    """
    tree = ast.parse(text, filename)
    first = 1 if tree.body and _is_docstring(tree.body[0]) and len(tree.body) > 1 else 0
    futures = []
    while first < len(tree.body) and _is_future(tree.body[first]):
        futures.append(tree.body[first])
        first += 1
    body = tree.body[first:]
    if body and isinstance(body[-1], ast.Expr):
        body[-1] = ast.copy_location(ast.Return(value=body[-1].value), body[-1])
    module = ast.parse(f"def {name}(event, context):\n    pass", filename)  # has the fields that this Python's version wants
    function = module.body[0]
    assert isinstance(function, ast.FunctionDef)  # noqa: S101 - two lines above
    if body:
        function.body = body
    module.body = [*futures, function]
    return module


def define(module_file: str, namespace: dict[str, Any], name: str) -> None:
    """Define the handler in its module's namespace, from the cell's text: `resize_cell.py` beside `resize.py`."""
    path = module_file[: -len(".py")] + "_cell.py"
    with open(path, encoding="utf-8", errors="surrogatepass") as file:  # noqa: PTH123 - pathlib costs a cold start
        text = file.read()
    exec(compile(wrap(text, path, name), path, "exec", dont_inherit=True), namespace)  # noqa: S102 - the user's own code


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
