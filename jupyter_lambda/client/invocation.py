"""One invocation as the caller holds it: its result, log and figures, now or later."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_lambda.client.json_boundary import decode_result
from jupyter_lambda.client.outcome import Failure, FunctionError
from jupyter_lambda.errors import InvocationNotFound, JupyterLambdaError, RequestError
from jupyter_lambda.model.invocation import InvocationRecord, InvocationResult, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.client.engine_client import EngineClient

_OPEN = (Status.QUEUED, Status.RUNNING)


class Invocation:
    """An invocation that ended, runs, or is queued.

    `result()` waits for one that was started with `wait=False`; `cancel()` may be called from any thread.
    """

    def __init__(self, engine: EngineClient, function_name: str, request_id: str, qualifier: str | None = None) -> None:
        self._engine = engine
        self.function_name = function_name
        self.request_id = request_id
        self.qualifier = qualifier
        self._result: InvocationResult | None = None
        self._refused: BaseException | None = None
        self._ended = threading.Event()

    # -- how it came here ---------------------------------------------------------------------------------------------------
    @classmethod
    def of(cls, engine: EngineClient, result: InvocationResult) -> Invocation:
        """An invocation that has its answer."""
        record = result.record
        made = cls(engine, record.function_name, record.request_id, record.qualifier)
        made._settle(result)
        return made

    def start(self, call: Callable[[], InvocationResult]) -> None:
        """Make the call in a thread of its own, which ends with it."""
        threading.Thread(target=self._carry, args=(call,), name=f"invocation {self.request_id[:8]}", daemon=True).start()

    def _carry(self, call: Callable[[], InvocationResult]) -> None:
        try:
            self._settle(call())
        except Exception as error:
            self._refused = error
            self._ended.set()

    def _settle(self, result: InvocationResult) -> None:
        self._result = result
        self._ended.set()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._answer(),)

    # -- its outcome --------------------------------------------------------------------------------------------------------
    @property
    def done(self) -> bool:
        """Whether it has ended, or was refused."""
        return self._ended.is_set() and (self._refused is not None or self.record.status not in _OPEN)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the answer, at most `timeout` seconds; say whether it is there. Never raises what went wrong."""
        return self._ended.wait(timeout)

    def result(self, timeout: float | None = None) -> Any:
        """The handler's result, decoded.

        Raises:
            FunctionError: It failed.
            RequestError: A queued event: its result goes nowhere.
            TimeoutError: It still runs after `timeout` seconds.
        """
        answer = self._answer(timeout)
        failure = Failure.read(answer)
        if failure is not None:
            raise FunctionError(self, failure)
        if answer.record.invocation_type == "Event":
            raise RequestError(
                f"invocation {self.request_id}", "a queued event has no result", "Its log does: .logs, once it has run."
            )
        return decode_result(answer.payload)

    @property
    def payload(self) -> bytes:
        """The result, or the error, as the bytes that came."""
        return self._answer().payload

    @property
    def error(self) -> Failure | None:
        """What went wrong (`.type`, `.message`, `.stack`); None where it succeeded or has not ended."""
        return Failure.read(msgspec.structs.replace(self._answer(), record=self.record))

    @property
    def record(self) -> InvocationRecord:
        """The figures; of a queued event those of its last run, once it has run."""
        return self._newest().record

    @property
    def status(self) -> Status:
        """How it stands, or ended."""
        return self.record.status

    @property
    def logs(self) -> str:
        """What it wrote, with the START, END and REPORT lines."""
        return self._newest().log.decode("utf-8", "replace")

    @property
    def report(self) -> Report:
        """The REPORT line's figures, by attribute."""
        return Report(self.record)

    def figures(self) -> str:
        """The figures in one line."""
        from jupyter_lambda.client.views.figures import figures

        return f"{figures(self.record)} · request {self.request_id}"

    def cell_files(self) -> tuple[str, ...]:
        """The worker's files that hold a notebook's cell, line by line; none where the function came another way."""
        try:
            version = self._engine.version(self.function_name, self.record.version)
        except JupyterLambdaError:  # deleted meanwhile, or the engine is gone
            return ()
        if version.notebook is None or not version.manifest:
            return ()
        module = version.configuration.handler.partition(".")[0]
        return (f"/var/task/{module}.py", f"/var/task/{module}_cell.py")

    def cancel(self) -> None:
        """End it, if it runs: its status becomes `cancelled`. One that ended already stays as it is."""
        try:
            self._engine.cancel(self.request_id)
        except InvocationNotFound:
            return

    # -- how it looks -------------------------------------------------------------------------------------------------------
    def __repr__(self) -> str:
        if not self._ended.is_set():
            return f"<Invocation {self.request_id} of {self.function_name}: running>"
        if self._refused is not None:
            return f"<Invocation {self.request_id} of {self.function_name}: {self._refused}>"
        return f"<Invocation {self.request_id} of {self.function_name}: {self.figures()}>"

    def _repr_html_(self) -> str | None:
        if not self._ended.is_set() or self._refused is not None:
            return None
        from jupyter_lambda.client.views.figures import InvocationView

        return InvocationView(self._newest(), with_log=bool(self.logs))._repr_html_()

    def _answer(self, timeout: float | None = None) -> InvocationResult:
        if not self._ended.wait(timeout):
            raise TimeoutError(f"invocation {self.request_id} of {self.function_name} still runs after {timeout:g} s")
        if self._refused is not None:
            raise self._refused
        assert self._result is not None  # noqa: S101 - one of the two is set before the event is
        return self._result

    def _newest(self) -> InvocationResult:
        """The answer; for a queued event what the engine knows by now."""
        answer = self._answer()
        if answer.record.status not in _OPEN:
            return answer
        try:
            kept = self._engine.invocation(self.request_id)
        except InvocationNotFound:  # still waiting, or running
            return answer
        return msgspec.structs.replace(answer, record=kept.record, log=kept.log.encode("utf-8", "surrogatepass"))


class Report:
    """The figures of one invocation, named as the record names them; `str()` is the REPORT line's text."""

    def __init__(self, record: InvocationRecord) -> None:
        self.record = record

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "record":
            raise AttributeError(name)
        return getattr(self.record, name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(field.name for field in msgspec.structs.fields(self.record))]

    def __repr__(self) -> str:
        r = self.record
        init = f"  Init Duration: {r.init_ms:.2f} ms" if r.cold else ""
        return (
            f"Duration: {r.duration_ms:.2f} ms  Billed Duration: {r.billed_ms} ms  Memory Size: {r.memory_mib} MB  "
            f"Max Memory Used: {r.max_memory_mib} MB{init}"
        )


def _restored(result: InvocationResult) -> Invocation:
    """An invocation out of a pickle, on this process's engine."""
    from jupyter_lambda.client.connection import engine

    return Invocation.of(engine(), result)
