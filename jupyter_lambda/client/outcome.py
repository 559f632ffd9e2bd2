"""Function failures as the caller meets them: an exception that shows the worker's traceback, not the client's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.errors import BOLD, RESET, EngineUnavailable, JupyterLambdaError, callers
from jupyter_lambda.model.invocation import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lambda.client.invocation import Invocation
    from jupyter_lambda.model.invocation import InvocationResult

_LOG_LINES: Final = 12
_IMPORT_MACHINERY: Final = ('File "<frozen importlib', '/importlib/__init__.py"')  # Lambda's answer has it, readers need it not
_PLATFORM_LINES: Final = ("START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START ", "INIT_REPORT ")


class Failure:
    """What a failed invocation's payload says.

    Attributes:
        type: Lambda's `errorType`.
        message: Lambda's `errorMessage`.
        stack: Lines of the worker's traceback, without the first and the last.
        index: Of the event, in a batch.
        request_id: Of the invocation, in a batch.
    """

    __slots__ = ("index", "message", "request_id", "stack", "type")

    def __init__(self, kind: str, message: str, stack: tuple[str, ...] = ()) -> None:
        self.type = kind
        self.message = message
        self.stack = stack
        self.index: int | None = None
        self.request_id: str | None = None

    def __repr__(self) -> str:
        return f"{self.type}: {self.message}"

    @classmethod
    def read(cls, result: InvocationResult) -> Failure | None:
        """The failure of a result; None where the function succeeded, or has not ended."""
        if result.record.status in (Status.SUCCEEDED, Status.QUEUED, Status.RUNNING):
            return None
        try:
            said: Any = json.loads(result.payload)
        except ValueError:
            said = None
        said = said if isinstance(said, dict) else {}
        stack = said.get("stackTrace")
        return cls(
            str(said.get("errorType") or result.record.error_type or "Unknown"),
            str(said.get("errorMessage") or result.record.error_message or ""),
            tuple(str(line).rstrip("\n") for line in stack) if isinstance(stack, list) else (),
        )


class FunctionError(JupyterLambdaError):
    """The function failed: it raised, exited, ran out of time or memory, or was cancelled.

    Attributes:
        invocation: The invocation, with its log and figures.
        error_type: Lambda's `errorType`, e.g. `ValueError` or `Sandbox.Timedout`.
        error_message: Lambda's `errorMessage`.
    """

    def __init__(self, invocation: Invocation, failure: Failure) -> None:
        self.invocation = invocation
        self.error_type = failure.type
        self.error_message = failure.message
        self._stack = failure.stack
        super().__init__(f'function "{invocation.function_name}"', f"{failure.type}: {failure.message}")

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.invocation, Failure(self.error_type, self.error_message, self._stack))

    def lines(self, *, cells: Sequence[str] = ()) -> list[str]:
        """What happened, the worker's traceback, the end of the log, and the figures.

        Args:
            cells: Files of the worker that hold a notebook's cell: a traceback through them says so.
        """
        said = [f"{self.error_type}: {self.error_message}"]
        stack = [line for line in self._stack if not any(part in line for part in _IMPORT_MACHINERY)]
        if stack:
            seen = next((cell for cell in cells if any(f'"{cell}"' in line for line in self._stack)), "")
            told = f"; the lines of {seen.rpartition('/')[2]} are the cell's" if seen else ""
            said += ["", f"Traceback in the worker (most recent call last{told}):", *stack]
        log = log_tail(self.invocation.logs, without=f"[ERROR] {self.error_type}:", said=self.error_message)
        if log:
            said += ["", "Log:", *("  " + line for line in log)]
        return [*said, "", self.invocation.figures()]

    def _render_traceback_(self) -> list[str]:
        """IPython shows this in place of the client's own stack, which teaches nothing about the function."""
        _, *rest = self.lines(cells=self.invocation.cell_files())
        first = f"{BOLD}{self.error_type}{RESET}: {self.error_message}"
        return [f"FunctionError in {self.invocation.function_name}", first, *rest, *callers(self)[1:]]


class BatchCutOff(EngineUnavailable):
    """The engine went away in the middle of a batch; `batch` has what was answered before."""

    batch: Any = None


def log_tail(text: str, *, without: str = "", said: str = "", most: int = _LOG_LINES) -> list[str]:
    """The last lines that the function itself wrote.

    Args:
        text: The log.
        without: How a traceback begins that is shown already: it is left out.
        said: A message that is shown already: so is a line of it, with the platform's word for an exit below it.
        most: How many lines.
    """
    own: list[str] = []
    inside = False
    if said:
        text = text.replace(f"{said}\nRuntime.ExitError\n", "").replace(f"{said}\n", "")
    for line in text.splitlines():
        inside = bool(without) and (line.startswith(without) or (inside and line.startswith((" ", "Traceback ", "\u00a0"))))
        if not inside and line.strip() and not line.startswith(_PLATFORM_LINES):
            own.append(line)
    return own if len(own) <= most else [f"… {len(own) - most} lines before", *own[-most:]]
