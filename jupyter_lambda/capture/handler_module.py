"""The module that Lambda imports: the cell's text with its line numbers kept, and one line of ours that loads the captured values.

That line takes the place of the `%%lambda` line. A docstring or a `from __future__` line must come first, so where there is one, ours
goes behind it, on the same line.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jupyter_lambda.capture.cell_form import CellForm

PROLOGUE: Final = '__import__("_jupyter_lambda").load(globals())'


def body_files(module: str, form: CellForm) -> dict[str, bytes]:
    """Return the module and the text file for a cell that is its handler's body."""
    stub = (
        f'"""The cell stands in {module}_cell.py as it was written: it is the body of the handler."""\n'
        f"{PROLOGUE}\n"
        f'__import__("_jupyter_lambda.body").body.define(__file__, globals(), "{form.handler}")\n'
    )
    return {f"{module}.py": stub.encode(), f"{module}_cell.py": form.text.encode("utf-8", "surrogatepass")}


def with_prologue(text: str, function_name: str) -> str:
    """Put the line that loads captured values where it must stand, moving no other line."""
    lines = text.split("\n")
    last = _last_leading(ast.parse(text))
    if last is not None and last.end_lineno is not None and last.end_col_offset is not None:
        line = lines[last.end_lineno - 1].encode("utf-8", "surrogatepass")
        head, tail = line[: last.end_col_offset], line[last.end_col_offset :]
        lines[last.end_lineno - 1] = (head + f"; {PROLOGUE}".encode() + tail).decode("utf-8", "surrogatepass")
        return "\n".join(lines)
    if not lines[0].strip():
        lines[0] = f"{PROLOGUE}  # %%lambda {function_name}"
        return "\n".join(lines)
    # A function deployed by call that begins in its cell's first line: its lines move down by one.
    return f"{PROLOGUE}  # {function_name}\n{text}"


def _last_leading(tree: ast.Module) -> ast.stmt | None:
    """The last of the statements that must stay first: a docstring, `from __future__` lines."""
    last = None
    for index, node in enumerate(tree.body):
        docstring = (
            index == 0
            and isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        )
        if not docstring and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            break
        last = node
    return last
