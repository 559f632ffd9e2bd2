"""Many events of one function: results in the events' order, failures as data, figures in columns.

A **kept** batch (over a collection, or with `keep=True`) runs to its end and can be read again and again. A **streamed** batch (over
a generator) is driven by whoever reads it: `results()` takes events as it goes and holds nothing back, so a million of them cost the
columns alone; `wait()`, `frame()`, `errors` and `summary()` drive it to its end, and hold what `results()` has not given yet on a
shelf, in memory as long as it is little.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sized
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Self

from jupyter_lambda.client.batch_columns import BatchColumns
from jupyter_lambda.client.batch_exchange import BatchExchange
from jupyter_lambda.client.batch_progress import Progress, Silence, Standing, display_of_this_process
from jupyter_lambda.client.http_answer import CutOff
from jupyter_lambda.client.json_boundary import decode_result, encode_event
from jupyter_lambda.client.outcome import BatchCutOff, Failure
from jupyter_lambda.client.result_shelf import ResultShelf
from jupyter_lambda.clock import SystemClock
from jupyter_lambda.errors import InvalidRequestContent, PayloadTooLarge, RequestError, aws_code
from jupyter_lambda.model.invocation import InvocationRecord, InvocationResult, Status

if TYPE_CHECKING:
    from jupyter_lambda.client.batch_frames import Answered
    from jupyter_lambda.client.batch_progress import Display
    from jupyter_lambda.client.batch_summary import BatchSummary
    from jupyter_lambda.client.engine_client import EngineClient, OpenBatch
    from jupyter_lambda.clock import Clock

_AHEAD_MAX: Final = 4_096  # answers that a streamed batch holds while an earlier event still runs


class Batch:
    """What `fn.map` returns; see the module.

    Args:
        engine: The engine.
        function_name: The function.
        events: What to send, taken as needed.
        qualifier: A version or an alias.
        concurrency: How many run at once; None lets the engine choose.
        keep: Whether results can be read again; None: of a collection yes, of a stream no.
        shown: Whether progress is shown.
        display: Where; None for what fits this process.
        clock: What time it is.

    Raises:
        RequestError: A concurrency below one.
    """

    def __init__(
        self,
        engine: EngineClient,
        function_name: str,
        events: Iterable[Any],
        *,
        qualifier: str | None = None,
        concurrency: int | None = None,
        keep: bool | None = None,
        shown: bool = True,
        display: Display | None = None,
        clock: Clock | None = None,
    ) -> None:
        if concurrency is not None and concurrency < 1:
            raise RequestError(f"concurrency {concurrency}", "it is below one", "None lets the engine choose.")
        self.function_name = function_name
        self.is_kept = isinstance(events, Sized) if keep is None else keep
        self._engine, self._qualifier, self._concurrency = engine, qualifier, concurrency or 0
        self._events = iter(events)
        self._total = len(events) if isinstance(events, Sized) else None
        self._clock = clock or SystemClock()
        self._columns = BatchColumns()
        self._shelf = ResultShelf()
        self._refused: list[tuple[int, RequestError]] = []
        self._opened: OpenBatch | None = None
        self._exchange: BatchExchange | None = None
        self._rounds: Iterator[list[Answered]] = iter(())
        self._progress = Progress((display or display_of_this_process()) if shown else Silence(), self._clock)
        self._begun = self._seconds = 0.0
        self._ended = ""  # "done", or what cut it off
        self._holds_everything = self.is_kept
        self._next = 0  # the event whose result a streamed batch gives next
        self._is_read = False

    # -- reading ------------------------------------------------------------------------------------------------------------
    def results(self) -> Iterable[Any]:
        """Decoded results in the events' order; a failed event gives its `Failure`, which is not raised.

        A list, of a kept batch; of a streamed one an iterator that drives it.

        Raises:
            RequestError: A streamed batch's results were read already.
        """
        if self.is_kept:
            self.wait()
            return [self._value(index, self._shelf.get(index)) for index in range(len(self._columns))]
        if self._is_read:
            raise RequestError(
                f"batch of {self.function_name}",
                "the results of a stream can be read once",
                "Give map(…, keep=True) to read them again.",
            )
        self._is_read = True
        return self._stream()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.results())

    def __len__(self) -> int:
        return len(self._columns) if self._total is None else self._total

    def wait(self) -> Self:
        """Run it to its end. A kernel interrupt ends it and goes up.

        Raises:
            EventTypeError: An event has no JSON form.
            BatchCutOff: The engine went away; what it answered before can be read.
        """
        self._holds_everything = True
        while not self._ended:
            self._go_on()
        return self

    @property
    def errors(self) -> list[Failure]:
        """The failures, each with its `.index`, in the events' order."""
        self.wait()
        return [self._failure(index, self._shelf.get(index)) for index in self._columns.failures()]

    def frame(self, *, results: bool = False) -> Any:
        """The figures as a pandas DataFrame, a row for each answered event.

        Columns: index, status, cold, queued_ms, start_ms, init_ms, duration_ms, billed_ms, max_memory_mb, environment, version,
        error, request_id. What was not measured is NaN: a warm start has no init.

        Args:
            results: Add a column `result`; a kept batch's only.

        Raises:
            ImportError: pandas is not installed here.
        """
        self.wait()
        try:
            import pandas
        except ImportError as error:
            raise ImportError(
                "frame() gives a pandas DataFrame, and pandas is not installed here: %pip install pandas. summary() does without."
            ) from error
        columns = self._columns.frame_columns()
        if results:
            if not self.is_kept:
                raise RequestError(f"batch of {self.function_name}", "a stream's results are not kept", "Give map(…, keep=True).")
            columns["result"] = [self._value(index, self._shelf.get(index)) for index in columns["index"]]
        return pandas.DataFrame(columns)

    def summary(self) -> BatchSummary:
        """The figures, cold beside warm."""
        self.wait()
        return self._summary()

    @property
    def standing(self) -> Standing:
        """How it stands now: what the progress shows."""
        columns = self._columns
        seconds = self._seconds if self._ended else (self._clock.monotonic() - self._begun if self._begun else 0.0)
        return Standing(
            function_name=self.function_name, answered=columns.answered, failed=columns.failed,
            running=self._exchange.unanswered if self._exchange else 0, cold=columns.cold_starts, total=self._total,
            seconds=seconds, p50_ms=columns.running_median_ms(), ended=self._ended,
        )  # fmt: skip

    def close(self) -> None:
        """End it: the engine cancels what runs and forgets the rest, and results that were held are gone. Safe to call twice."""
        self._end("stopped")
        self._shelf.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return self._summary().text() if self._ended else self._open_words()

    def _repr_html_(self) -> str:
        if self._ended:
            return self._summary()._repr_html_()
        from jupyter_lambda.client.views.view import escaped, framed

        return framed(f'<p class="quiet">{escaped(self._open_words())}</p>', f"Batch of {self.function_name}")

    # -- driving ------------------------------------------------------------------------------------------------------------
    def _stream(self) -> Iterator[Any]:
        """Give each result as soon as those before it were given; a reader that stops ends the batch."""
        try:
            while True:
                payload = self._shelf.take(self._next)
                if payload is not None:
                    self._next += 1
                    yield self._value(self._next - 1, payload)
                elif not self._ended:
                    self._go_on()
                elif self._next >= len(self._columns) or self._ended != "done":
                    return
        finally:
            self._end("stopped")
            self._shelf.close()

    def _go_on(self) -> None:
        """One round of sending and receiving; whatever goes wrong in it also ends the batch."""
        try:
            if self._exchange is None:
                self._open()
            answers = next(self._rounds, None)
            if answers is None:
                self._settle_refused()
                self._end("done")
                return
            for answer in answers:
                self._columns.settle(answer.number, answer.record)
                self._shelf.put(answer.number, answer.payload)
            self._settle_refused()
            if self._progress.is_due:
                self._progress.draw(self.standing)
        except CutOff as error:
            self._end("cut off")
            raise self._cut_off(error) from error
        except KeyboardInterrupt:
            self._end("interrupted")
            raise
        except BaseException:
            self._end("stopped")
            raise

    def _open(self) -> None:
        self._begun = self._clock.monotonic()
        self._opened = self._engine.open_batch(self.function_name, qualifier=self._qualifier, concurrency=self._concurrency)
        self._exchange = BatchExchange(self._opened, self._encoded(), self._may_feed, self._clock)
        self._rounds = self._exchange.rounds()

    def _encoded(self) -> Iterator[tuple[int, bytes]]:
        """Events as they are needed; one that Lambda would refuse fails alone, as it would in a call of its own."""
        for number, event in enumerate(self._events):
            try:
                payload = encode_event(event, name=f"events[{number}]")
            except (PayloadTooLarge, InvalidRequestContent) as error:
                self._refused.append((self._columns.expect(), error))
                continue
            yield self._columns.expect(), payload

    def _may_feed(self) -> bool:
        return self._holds_everything or (self._shelf.held < _AHEAD_MAX and not self._shelf.is_full)

    def _settle_refused(self) -> None:
        for index, error in self._refused:
            record = InvocationRecord(
                request_id="", function_name=self.function_name, version="", status=Status.FAILED,
                error_type=aws_code(error).code, error_message=str(error),
            )  # fmt: skip
            self._columns.settle(index, record)
            self._shelf.put(index, b"null")
        self._refused.clear()

    def _end(self, how: str) -> None:
        """Close the connection and draw the last state; only the first end counts."""
        if self._ended:
            return
        self._seconds = self._clock.monotonic() - self._begun if self._begun else 0.0
        self._ended = how
        if self._opened is not None:
            self._opened.connection.close()
        if self._begun:
            with contextlib.suppress(OSError):  # a terminal that is gone
                self._progress.draw(self.standing)

    def _value(self, index: int, payload: bytes | None) -> Any:
        return decode_result(payload or b"") if self._columns.succeeded(index) else self._failure(index, payload)

    def _failure(self, index: int, payload: bytes | None) -> Failure:
        """An event's failure: with its stack where the payload is at hand, else from the columns."""
        kind, _, message = self._columns.error_text(index).partition(": ")
        record = InvocationRecord(
            request_id="", function_name="", version="", status=Status.FAILED, error_type=kind, error_message=message
        )  # fmt: skip
        failure = Failure.read(InvocationResult(payload=payload or b"", record=record)) or Failure(kind, message)
        failure.index, failure.request_id = index, self._columns.request_id(index)
        return failure

    def _summary(self) -> BatchSummary:
        from jupyter_lambda.client.batch_summary import ERRORS_SHOWN, BatchSummary

        columns = self._columns
        errors = [(index, columns.error_text(index)) for index in islice(columns.failures(), ERRORS_SHOWN)]
        return BatchSummary(self.standing, columns.groups(), errors)

    def _open_words(self) -> str:
        return f"Batch of {self.function_name}: {' · '.join(self.standing.words())}; read .results(), or .wait() for its end."

    def _cut_off(self, error: CutOff) -> BatchCutOff:
        sent, answered = len(self._columns), self._columns.answered
        raised = BatchCutOff(
            f"batch of {self.function_name}", f"{error}: {answered:,} of {sent:,} sent events were answered, the others may have run",
            "error.batch has what was answered; send the rest again if running twice does no harm.",
        )  # fmt: skip
        raised.batch = self
        return raised
