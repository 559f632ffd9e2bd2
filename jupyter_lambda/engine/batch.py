"""Many events of one function, at most so many at once, answered in the order in which they end."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from jupyter_lambda.engine.invocations import InvokeRequest, Outcome, check_event
from jupyter_lambda.errors import JupyterLambdaError, Throttled, aws_code
from jupyter_lambda.model.invocation import InvocationRecord, InvocationResult, Status

if TYPE_CHECKING:
    from jupyter_lambda.engine.engine import Engine

WINDOW = 512  # events that a client may have sent and not had answered

OnResult = Callable[[int, InvocationResult], None]


class Batch:
    """Runs offered events; results come through `on_result`. Cancelling forgets what waits and ends what runs."""

    def __init__(self, engine: Engine, function_name: str, qualifier: str | None, concurrency: int, on_result: OnResult) -> None:
        self._engine = engine
        self._function_name = function_name
        self._qualifier = qualifier
        self._concurrency = concurrency or max(1, round(engine.settings.cpus))
        self._on_result = on_result
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._running: dict[str, int] = {}
        self._cancelled = False

    @property
    def unanswered(self) -> int:
        """Events that were offered and have no result yet."""
        return len(self._waiting) + len(self._running)

    def offer(self, index: int, payload: bytes) -> None:
        """Take an event."""
        self._waiting.append((index, payload))
        self._go_on()

    def cancel(self) -> None:
        """End what runs and forget the rest."""
        self._cancelled = True
        self._waiting.clear()
        for request_id in list(self._running):
            self._engine.dispatcher.cancel(request_id)

    def _go_on(self) -> None:
        while self._waiting and len(self._running) < self._concurrency and not self._cancelled:
            index, payload = self._waiting.popleft()
            self._invoke(index, payload)

    def _invoke(self, index: int, payload: bytes) -> None:
        request = InvokeRequest(
            function_name=self._function_name, payload=payload or b"{}", qualifier=self._qualifier,
            request_id=str(uuid.uuid4()), patient=True,
        )  # fmt: skip
        self._running[request.request_id] = index
        try:
            check_event(payload or b"{}")
            self._engine.invoke(request, lambda outcome: self._ended(request, outcome))
        except JupyterLambdaError as error:
            self._ended(request, error)

    def _ended(self, request: InvokeRequest, outcome: Outcome) -> None:
        index = self._running.pop(request.request_id)
        if not self._cancelled:
            self._on_result(index, outcome if isinstance(outcome, InvocationResult) else refused(request, outcome))
            self._go_on()


def refused(request: InvokeRequest, error: JupyterLambdaError) -> InvocationResult:
    """An event that was not run, as data: status, AWS's code and our words."""
    return InvocationResult(
        payload=b"null",
        record=InvocationRecord(
            request_id=request.request_id,
            function_name=request.function_name,
            version="",
            qualifier=request.qualifier,
            status=Status.THROTTLED if isinstance(error, Throttled) else Status.LOST,
            error_type=aws_code(error).code,
            error_message=str(error),
        ),
    )
