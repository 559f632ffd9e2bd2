"""What a function's failure looks like: the error's JSON shape, its stack trace, and its event in the log.

Source: awslambdaric 4.2, `bootstrap.py`; AWS Lambda Developer Guide, "Python function errors".
"""

# ruff: noqa: PTH100, PTH120 - pathlib would be one more import on the way to every cold start

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from types import TracebackType

_TASK_ROOT_ON_LAMBDA = "/var/task"
_INDENT = "\N{NO-BREAK SPACE}"
_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep


class Fault(Exception):
    """A failure of Lambda's own kind: its type is not the exception's name."""

    def __init__(self, error_type: str, message: str, trace: Optional[list[str]] = None) -> None:
        super().__init__(message)
        self.error_type, self.message, self.trace = error_type, message, trace


def describe(error: BaseException, request_id: str, task_root: str) -> dict[str, Any]:
    """The error as Lambda shapes it: errorMessage, errorType, requestId, stackTrace."""
    if isinstance(error, Fault):
        return _shape(error.message, error.error_type, request_id, error.trace or [])
    return _shape(_text_of(error), type(error).__name__, request_id, stack_trace(error.__traceback__, task_root))


def _shape(message: str, error_type: str, request_id: str, trace: list[str]) -> dict[str, Any]:
    return {"errorMessage": message, "errorType": error_type, "requestId": request_id, "stackTrace": trace}


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # a class of the function's own whose __str__ fails
        return f"<{type(error).__name__} whose text can't be made>"


def stack_trace(trace: Optional[TracebackType], task_root: str) -> list[str]:
    """The frames as text, ours at the top left out, the task root written as on Lambda."""
    frames = [(f.filename, f.lineno or 0, f.name, f.line) for f in traceback.extract_tb(trace)]
    first = next((index for index, frame in enumerate(frames) if not frame[0].startswith(_OURS)), 0)
    shown = [(on_lambda(name, task_root), line, function, text) for name, line, function, text in frames[first:]]
    return traceback.format_list(shown)


def on_lambda(path: str, task_root: str) -> str:
    """A path below the task root as Lambda names it; any other as it is."""
    if task_root and path.startswith(task_root + "/"):
        return _TASK_ROOT_ON_LAMBDA + path[len(task_root) :]
    return path


def log_failure(error: dict[str, Any]) -> None:
    """Write a failure to the log as one event, lines of its trace indented with no-break spaces.

    A function may have closed or replaced the standard output; the caller learns of the failure all the same.
    """
    head = "[ERROR]"
    if error["errorType"]:
        head += f" {error['errorType']}"
    if error["errorMessage"]:
        head += f"{':' if error['errorType'] else ''} {error['errorMessage']}"
    lines = [head, "Traceback (most recent call last):"]
    for entry in error["stackTrace"]:
        lines += [_indented(line) for line in entry.splitlines()] if entry else [""]
    with suppress(AttributeError, OSError, ValueError):
        sys.stdout.write("\n".join(lines) + "\n")


def _indented(line: str) -> str:
    rest = line.lstrip(" ")
    return _INDENT * (len(line) - len(rest)) + rest
