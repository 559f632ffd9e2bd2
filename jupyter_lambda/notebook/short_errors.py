"""Errors as a reader of the notebook needs them: where, what, what to do next, instead of fifty lines of our own stack.

The exception itself stays what it is: a cell that fails still fails under nbconvert, and `except` in the notebook still catches its
class. Only its rendering is replaced, by IPython's own hook: `showtraceback` calls `_render_traceback_` where an exception has one
(IPython/core/interactiveshell.py).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from jupyter_lambda.errors import JupyterLambdaError

if TYPE_CHECKING:
    from collections.abc import Iterator

_RED, _BOLD, _DIM, _RESET = "\x1b[31m", "\x1b[1m", "\x1b[2m", "\x1b[0m"


def rendering(error: JupyterLambdaError) -> list[str]:
    """The error's lines, with the colours that notebooks and terminals know."""
    lines = [f"{_RED}{_BOLD}{error.where}{_RESET}: {error.what.rstrip('.')}."]
    if error.suggestion:
        lines.append(f"{_DIM}→{_RESET} {error.suggestion}")
    return lines


@contextmanager
def short_errors() -> Iterator[None]:
    """Whatever of ours is raised inside is rendered in a few lines; what has a rendering of its own keeps it."""
    try:
        yield
    except JupyterLambdaError as error:
        if not hasattr(error, "_render_traceback_"):
            shorten(error, rendering(error))
        raise


def shorten(error: BaseException, lines: list[str]) -> None:
    """Give an exception the lines that IPython shows for it.

    `sys.excepthook` is not concerned: outside IPython the exception reads as any other.
    """
    error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]  # IPython's protocol, see above
