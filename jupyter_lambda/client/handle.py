"""A function as an object: call it, call it many times, look at it, change it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from jupyter_lambda.client.invocation import Invocation
from jupyter_lambda.client.json_boundary import decode_result, encode_event
from jupyter_lambda.client.outcome import Failure, FunctionError
from jupyter_lambda.model.engine_api import AliasRequest, ConfigurationChange
from jupyter_lambda.model.invocation import Status
from jupyter_lambda.model.names import LATEST, check_qualifier, parse_function_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jupyter_lambda.client.batch import Batch
    from jupyter_lambda.client.deployment import Deployment
    from jupyter_lambda.client.engine_client import EngineClient
    from jupyter_lambda.client.listing import Figures, Listing, Logs
    from jupyter_lambda.model.engine_api import FunctionDetail, LogEvent, VersionDifference
    from jupyter_lambda.model.function import Alias, Configuration, Version
    from jupyter_lambda.model.invocation import InvocationResult
    from jupyter_lambda.model.saved_event import SavedTestEvent


class FunctionHandle:
    """A deployed function, by name; `handle["prod"]` is the same function behind a qualifier.

    Args:
        name: The function's name, or its ARN; a qualifier in it holds unless another is given.
        engine: The engine; None for the usual one, which is started at the first call.
        qualifier: A version or an alias; None for `$LATEST`.
        deployment: What deployed it, where this handle comes from a deployment.
    """

    def __init__(
        self,
        name: str,
        engine: EngineClient | None = None,
        qualifier: str | None = None,
        *,
        deployment: Deployment | None = None,
    ) -> None:
        reference = parse_function_reference(name)
        self._name = reference.name
        self._engine = engine
        self._qualifier = check_qualifier(qualifier) if qualifier is not None else reference.qualifier
        self.__name__ = self._name
        self.deployment = deployment

    @property
    def __jupyter_lambda_function__(self) -> str:
        """What marks a value as a function's handle: capture then packs a client that invokes by this name."""
        return self._name

    @property
    def name(self) -> str:
        """The function's name."""
        return self._name

    @property
    def qualifier(self) -> str | None:
        """The version or alias that calls go to; None for `$LATEST`."""
        return self._qualifier

    @property
    def engine(self) -> EngineClient:
        """The engine that has it."""
        if self._engine is None:
            from jupyter_lambda.client.connection import engine

            self._engine = engine()
        return self._engine

    # -- calling ------------------------------------------------------------------------------------------------------------
    def __call__(self, event: Any = None) -> Any:
        """Invoke and wait for the result. A kernel interrupt cancels the invocation.

        Raises:
            FunctionError: The function failed; shows the worker's traceback and the end of the log.
            EventTypeError: The event has no JSON form.
            PayloadTooLarge: Above 6 MB.
        """
        engine = self._engine or self.engine
        answer = engine.invoke(self._name, encode_event(event), qualifier=self._qualifier)
        if answer.record.status is Status.SUCCEEDED:
            return decode_result(answer.payload)
        return _fail(engine, answer)

    async def ainvoke(self, event: Any = None, *, qualifier: str | None = None) -> Any:
        """As calling, on an event loop. Cancelling the task cancels the invocation."""
        engine = self._engine
        if engine is None:
            import asyncio

            engine = await asyncio.to_thread(lambda: self.engine)  # may start it
        answer = await engine.ainvoke(self._name, encode_event(event), qualifier=qualifier or self._qualifier)
        if answer.record.status is Status.SUCCEEDED:
            return decode_result(answer.payload)
        return _fail(engine, answer)

    def invoke(
        self,
        event: Any = None,
        *,
        qualifier: str | None = None,
        invocation_type: str = "RequestResponse",
        wait: bool = True,
    ) -> Invocation:
        """Invoke, and return the invocation: failures are data in it.

        Args:
            event: Anything with a JSON form.
            qualifier: A version or an alias, instead of the handle's own.
            invocation_type: RequestResponse, Event (queued, with retries) or DryRun (only checks).
            wait: False returns at once; `.result()` then waits and `.cancel()` ends it.
        """
        payload = encode_event(event, invocation_type=invocation_type)
        chosen, request_id, engine = qualifier or self._qualifier, str(uuid.uuid4()), self.engine

        def call() -> InvocationResult:
            return engine.invoke(self._name, payload, qualifier=chosen, invocation_type=invocation_type, request_id=request_id)

        if wait:
            return Invocation.of(engine, call())
        started = Invocation(engine, self._name, request_id, chosen)
        started.start(call)
        return started

    def map(
        self,
        events: Iterable[Any],
        *,
        concurrency: int | None = None,
        keep: bool | None = None,
        qualifier: str | None = None,
        progress: bool = True,
    ) -> Batch:
        """Invoke once for each event; results come in the events' order, failures as data.

        Over a collection it returns when every event is answered. Over a stream (a generator, any iterator) it returns at once, and
        whoever reads the batch drives it: `.results()` keeps nothing, the figures alone stay, in columns.

        Args:
            events: Anything with a JSON form each, taken as they are needed.
            concurrency: How many run at once; None lets the engine choose.
            keep: Whether results can be read again and again; None: of a collection yes, of a stream no.
            qualifier: A version or an alias, instead of the handle's own.
            progress: Whether to show it.

        Raises:
            EventTypeError: An event has no JSON form; the batch ends there.
            BatchCutOff: The engine went away meanwhile.
        """
        from jupyter_lambda.client.batch import Batch

        batch = Batch(
            self.engine,
            self._name,
            events,
            qualifier=qualifier or self._qualifier,
            concurrency=concurrency,
            keep=keep,
            shown=progress,
        )
        if batch.is_kept:
            batch.wait()
        return batch

    # -- versions and aliases -----------------------------------------------------------------------------------------------
    def at(self, qualifier: str | int | None) -> FunctionHandle:
        """The same function behind a version or an alias; None for `$LATEST`."""
        if qualifier is None:
            return FunctionHandle(self._name, self._engine)
        return FunctionHandle(self._name, self._engine, str(qualifier))

    def __getitem__(self, qualifier: str | int) -> FunctionHandle:
        """`fn["prod"]`, `fn[3]`."""
        return self.at(qualifier)

    __iter__ = None  # `fn[0]`, `fn[1]`, … is no sequence

    @property
    def detail(self) -> FunctionDetail:
        """Configuration, versions, aliases and environments, as the engine has them now."""
        return self.engine.function(self._name)

    @property
    def configuration(self) -> Configuration:
        """The configuration of what this handle calls; of an alias that of its first version."""
        detail = self.detail
        wanted = self._qualifier or LATEST
        alias = next((alias for alias in detail.aliases if alias.name == wanted), None)
        wanted = alias.version if alias else wanted
        return self.engine.version(self._name, wanted).configuration

    @property
    def versions(self) -> Listing[Version]:
        """The published versions, oldest first."""
        from jupyter_lambda.client.listing import Listing
        from jupyter_lambda.client.views.versions import VersionList

        detail = self.detail
        return Listing(detail.versions, VersionList(detail), lambda version: version.version)

    @property
    def aliases(self) -> Listing[Alias]:
        """Where its aliases point."""
        from jupyter_lambda.client.listing import Listing
        from jupyter_lambda.client.views.versions import AliasList

        aliases = self.detail.aliases
        return Listing(aliases, AliasList(self._name, aliases), lambda alias: alias.name)

    def publish(self, description: str = "") -> Version:
        """Publish `$LATEST` as a version; the last one if nothing changed since."""
        return self.engine.publish(self._name, description=description)

    def alias(
        self,
        name: str,
        version: str | int | None = None,
        *,
        additional: str | int | None = None,
        weight: float = 0.0,
        description: str = "",
    ) -> Alias:
        """Point an alias, or look where it points.

        Args:
            name: The alias.
            version: The version that calls go to; None only looks.
            additional: A second version.
            weight: The second version's share of the calls, 0.0–1.0.
            description: Words for the readers of the list.

        Raises:
            AliasNotFound: Only looked, and there is none.
        """
        if version is None and additional is None:
            return self._existing_alias(name)
        first = str(version) if version is not None else self._existing_alias(name).version
        second = None if additional is None else str(additional)
        return self.engine.put_alias(
            self._name, name,
            AliasRequest(version=first, additional_version=second, additional_weight=weight, description=description),
        )  # fmt: skip

    def difference(self, before: str | int, after: str | int = LATEST) -> VersionDifference:
        """What changed between two versions."""
        return self.engine.difference(self._name, str(before), str(after))

    def configure(
        self, *, reserved_concurrency: int | None = None, clear_reserved_concurrency: bool = False, **options: Any
    ) -> Version:
        """Change `$LATEST`: `memory=512`, `timeout=10`, `environment={…}`, … ; what is not given stays.

        Published versions keep their own configuration.

        Args:
            reserved_concurrency: How many may run at once, set aside for this function; 0 stops it.
            clear_reserved_concurrency: Give the reservation back.
            **options: As on the cell's line.
        """
        from jupyter_lambda.client.options import configuration_options

        change = ConfigurationChange(
            options=configuration_options(options),
            reserved_concurrency=reserved_concurrency,
            clear_reserved_concurrency=clear_reserved_concurrency,
        )
        return self.engine.configure(self._name, change)

    def delete(self, qualifier: str | int | None = None) -> None:
        """Remove the function, or one version of it; a handle behind a version removes that version only."""
        chosen = str(qualifier) if qualifier is not None else self._qualifier
        self.engine.delete(self._name, qualifier=chosen)

    # -- test events --------------------------------------------------------------------------------------------------------
    @property
    def test_events(self) -> Listing[SavedTestEvent]:
        """The events kept to try it with: `fn(fn.test_events["big"].value)`."""
        from jupyter_lambda.client.listing import Listing
        from jupyter_lambda.client.views.saved_events import SavedEventList

        events = self.engine.test_events(self._name)
        return Listing(events, SavedEventList(self._name, events), lambda event: event.name)

    def save_test_event(self, name: str, event: Any) -> SavedTestEvent:
        """Keep an event under a name, for the card, the panel and `test_events`.

        Raises:
            RequestError: The name is none (25 letters, digits, dots, hyphens, underscores), or the event is no JSON.
        """
        from jupyter_lambda.client.json_boundary import encode_event

        return self.engine.put_test_event(self._name, name, encode_event(event))

    def delete_test_event(self, name: str) -> None:
        """Remove a kept event (NotFound)."""
        self.engine.delete_test_event(self._name, name)

    # -- what happened ------------------------------------------------------------------------------------------------------
    def logs(self, *, since_seconds: float | None = None, request_id: str | None = None, limit: int = 1000) -> Logs:
        """What its invocations wrote, oldest first.

        Args:
            since_seconds: Only the last so many seconds.
            request_id: Only this invocation's.
            limit: At most so many invocations, the newest.
        """
        from jupyter_lambda.client.listing import Logs

        events = self.engine.logs(self._name, since=_ago(since_seconds), request_id=request_id, limit=limit)
        return Logs(self._name, events)

    def follow_logs(self) -> Iterator[LogEvent]:
        """Logs as invocations end, until interrupted."""
        return self.engine.follow_logs(self._name)

    def metrics(self, *, since_seconds: float | None = None) -> Figures:
        """Counts, durations, memory and what real Lambda would have charged."""
        from jupyter_lambda.client.listing import Figures

        return Figures(self.engine.metrics(self._name, since=_ago(since_seconds)))

    def invocations(self, limit: int = 20) -> Listing[Any]:
        """The records of its latest invocations, newest first."""
        from jupyter_lambda.client.listing import Listing
        from jupyter_lambda.client.views.figures import InvocationList

        records = self.engine.invocations(self._name, limit=limit)
        return Listing(records, InvocationList(records), lambda record: record.request_id)

    # -- how it looks and travels -------------------------------------------------------------------------------------------
    def __repr__(self) -> str:
        return f"<Lambda function {self._name}{f':{self._qualifier}' if self._qualifier else ''}>"

    def _repr_html_(self) -> str | None:
        from jupyter_lambda.client.views.functions import FunctionView
        from jupyter_lambda.errors import JupyterLambdaError

        try:
            return FunctionView(self.detail)._repr_html_()
        except JupyterLambdaError:  # deleted, or no engine: the text says enough, and looking at a name must not raise
            return None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FunctionHandle):
            return NotImplemented
        return (self._name, self._qualifier) == (other._name, other._qualifier)

    def __hash__(self) -> int:
        return hash((self._name, self._qualifier))

    def __reduce__(self) -> tuple[Any, ...]:
        # By name: whoever unpickles it calls the engine of where it is then. The connection stays here.
        return FunctionHandle, (self._name, None, self._qualifier)

    def __copy__(self) -> FunctionHandle:
        return FunctionHandle(self._name, self._engine, self._qualifier)

    def __deepcopy__(self, memo: dict[int, Any]) -> FunctionHandle:
        return self.__copy__()

    def _existing_alias(self, name: str) -> Alias:
        from jupyter_lambda.errors import AliasNotFound
        from jupyter_lambda.model.names import did_you_mean

        aliases = {alias.name: alias for alias in self.detail.aliases}
        if name not in aliases:
            hint = did_you_mean(name, aliases) or f'Make it: fn.alias("{name}", version=1).'
            raise AliasNotFound(f'alias "{name}" of function "{self._name}"', "there is no such alias", hint)
        return aliases[name]


def _fail(engine: EngineClient, answer: InvocationResult) -> None:
    """Raise what went wrong; a queued or dry call has nothing to raise and gives None."""
    failure = Failure.read(answer)
    if failure is not None:
        raise FunctionError(Invocation.of(engine, answer), failure)


def _ago(seconds: float | None) -> float:
    """A moment so many seconds ago, in epoch seconds; 0 for none: everything."""
    from jupyter_lambda.clock import SystemClock

    return 0.0 if seconds is None else SystemClock().epoch() - seconds
