"""The engine: catalog, dispatcher, queue and store behind one object that `api` translates HTTP to.

Nothing here knows HTTP. All methods are called on the engine's event loop.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import logging
import random
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_lambda.engine.aws_endpoint import AwsEndpoint
from jupyter_lambda.engine.background import Background
from jupyter_lambda.engine.catalog import Catalog, Entry
from jupyter_lambda.engine.code_objects import CodeObjects
from jupyter_lambda.engine.completion import Completion
from jupyter_lambda.engine.deliveries import Deliveries, Sender
from jupyter_lambda.engine.deployment import difference
from jupyter_lambda.engine.destinations import EndedEvent, Following, follow
from jupyter_lambda.engine.dispatcher import Dispatcher
from jupyter_lambda.engine.environment_phases import Parts
from jupyter_lambda.engine.event_queue import EventQueue
from jupyter_lambda.engine.function_changes import FunctionChanges
from jupyter_lambda.engine.interpreter_choice import Interpreters
from jupyter_lambda.engine.invocations import Invocation, InvokeRequest, Outcome, Sink, check_event
from jupyter_lambda.engine.layers import Resources
from jupyter_lambda.engine.live import Live
from jupyter_lambda.engine.log_groups import LogGroups
from jupyter_lambda.engine.preparation import Preparations
from jupyter_lambda.engine.saved_events import SavedTestEvents
from jupyter_lambda.errors import (
    AliasNotFound,
    InvalidRuntime,
    InvocationNotFound,
    JupyterLambdaError,
    NotFound,
    PlatformError,
    RecursiveInvocation,
    RequestError,
    StoreError,
)
from jupyter_lambda.model import limits
from jupyter_lambda.model.engine_api import (
    AliasRequest,
    ConfigurationChange,
    DeployAnswer,
    DeployRequest,
    FunctionDetail,
    VersionDifference,
)
from jupyter_lambda.model.function import SANDBOXES, sandbox_kind
from jupyter_lambda.model.metrics import MetricPoint
from jupyter_lambda.model.names import LATEST, FunctionReference, check_qualifier, function_arn, is_version_number
from jupyter_lambda.sandbox.languages import command_for_runtime
from jupyter_lambda.scheduling.retries import RetryPolicy
from jupyter_lambda.scheduling.routing import route
from jupyter_lambda.store.protocol import AddPoint, QueuedEvent, Store
from jupyter_lambda.telemetry.counters import Counters
from jupyter_lambda.telemetry.trace_header import continue_trace, with_call_counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.engine.doors import RuntimeDoors
    from jupyter_lambda.engine.settings import EngineSettings
    from jupyter_lambda.model.environment import Enforcement, EnvironmentView
    from jupyter_lambda.model.function import Alias, Version
    from jupyter_lambda.model.function_settings import EventInvokeConfig
    from jupyter_lambda.sandbox.protocol import ImageSpec, Sandboxes
    from jupyter_lambda.telemetry.trace_header import TraceHeader

log = logging.getLogger(__name__)


class Engine:
    """Functions, and what runs them."""

    def __init__(self, *, store: Store, sandbox: Sandboxes, doors: RuntimeDoors, clock: Clock, settings: EngineSettings) -> None:
        self.store = store
        self.sandbox = sandbox
        self.settings = settings
        self.clock = clock
        self.live = Live()
        self.started = clock.epoch()
        self.draining = False
        self._tidying: asyncio.Task[None] | None = None
        self._background = Background(asyncio.get_running_loop(), log)
        self._draw = random.Random()  # noqa: S311 - a fair draw, no secret
        self.catalog = Catalog(store, clock, region=settings.region, account_id=settings.account_id)
        self.catalog.on_change(self._catalog_changed)
        endpoint = AwsEndpoint(settings.aws_endpoint, region=settings.region)
        self.code_objects = CodeObjects(endpoint)
        self.deliveries = Deliveries(store, clock, Sender(endpoint), self.live.touch)
        self.resources = Resources(store, region=settings.region, account_id=settings.account_id)
        self.test_events = SavedTestEvents(self.catalog, self.resources, self.live)
        interpreters = Interpreters(find_command=functools.partial(command_for_runtime, node_folder=settings.node_folder))
        self.preparations = Preparations(store, sandbox, interpreters)
        self.log_groups = LogGroups(store, clock)
        self.changes = FunctionChanges(self.catalog, interpreters, self.resources)
        parts = Parts(
            sandbox=sandbox, doors=doors, store=store, clock=clock, settings=settings, interpreters=interpreters,
            loop=asyncio.get_running_loop(),
        )  # fmt: skip
        self.counters = Counters()
        completion = Completion(store, self.live, clock, self.counters, sandbox.kind)
        self.dispatcher = Dispatcher(parts, completion, self._reserved, lambda: self.catalog.reserved_total)
        sandbox.borrow_from(self.dispatcher.ledger)
        self._policy = RetryPolicy(
            retries=settings.async_retries,
            base_seconds=settings.async_retry_base_seconds,
            maximum_age_seconds=settings.async_maximum_age_seconds,
        )
        self.queue = EventQueue(
            store, clock, self._policy_of, self.run, lambda request_id: self.live.publish("event", request_id), self._follow,
            self.deliveries.take,
        )  # fmt: skip

    async def open(self) -> None:
        """Load the store's contents, sweep what an earlier engine left behind, and take up its queued events."""
        contents = await self.store.load()
        self.catalog.load(contents)
        self.resources.load(contents.resources)
        self.log_groups.load(contents.resources)
        await self.sandbox.sweep()
        self.queue.load(contents.events)
        self.deliveries.load(contents.deliveries)
        for entry in self.catalog.entries():
            self._provision(entry)
        self._tidy_up()

    async def aclose(self) -> None:
        """End everything; running invocations first get the grace time. Safe to call twice."""
        self.draining = True
        await self._background.aclose()
        await self.log_groups.aclose()
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.gather(self._tidying, return_exceptions=True)
        await self.wait_until_quiet(self.settings.stop_grace_seconds)
        await self.queue.aclose()
        await self.deliveries.aclose()
        await self.dispatcher.aclose()
        await self.sandbox.aclose()
        self.live.close()
        await self.store.aclose()

    async def wait_until_quiet(self, seconds: float | None) -> bool:
        """Wait until nothing runs, at most `seconds`; say whether it is so."""
        try:
            async with asyncio.timeout(seconds):
                await self.dispatcher.until_quiet()
        except TimeoutError:
            return False
        return True

    @property
    def is_idle(self) -> bool:
        """Nothing runs, waits or stays warm."""
        return not (self.dispatcher.environments or self.dispatcher.running or len(self.queue) or len(self.deliveries))

    # -- invoking -----------------------------------------------------------------------------------------------------------
    def invoke(self, request: InvokeRequest, done: Callable[[Outcome], None], sink: Sink | None = None) -> Version:
        """Run a function; `done` is called once, on the loop, with the result or with why there is none.

        Args:
            request: What to run on what.
            done: Must not block.
            sink: Takes the pieces of a result that the function streams, each before `done`; the result is empty then.

        Returns:
            The version that runs.

        Raises:
            NotFound: No such function, version or alias.
            InvalidRuntime: No interpreter here runs it.
            RecursiveInvocation: Functions call each other in a circle.
            PlatformError: The engine is about to stop.
        """
        if self.draining:
            raise PlatformError("engine", "it is stopping and takes no new invocations", "Invoke again: it starts by itself.")
        entry = self.catalog.entry(request.function_name)
        version = self.resolve(entry, request.qualifier)
        if version.failure:
            raise InvalidRuntime(f'function "{request.function_name}"', version.failure)
        clock = self.clock
        arn = request.function_arn or function_arn(
            self.settings.region, self.settings.account_id, request.function_name, request.qualifier
        )
        trace = continue_trace(request.trace_id, clock.epoch())
        if request.trace_id is not None:
            trace = self._counted(entry, trace)
        request = msgspec.structs.replace(request, function_arn=arn, trace_id=str(trace))
        self.dispatcher.submit(Invocation(request, version, clock.monotonic(), clock.epoch(), done, sink))
        return version

    async def run(self, request: InvokeRequest) -> Outcome:
        """Run a function and wait for the outcome; every error of ours is an outcome here."""
        ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def done(outcome: Outcome) -> None:
            if not ended.done():
                ended.set_result(outcome)

        try:
            self.invoke(request, done)
        except JupyterLambdaError as error:
            return error
        try:
            return await ended
        except asyncio.CancelledError:
            self.dispatcher.cancel(request.request_id)
            raise

    async def accept_event(self, request: InvokeRequest) -> None:
        """Queue an asynchronous invocation; kept when this returns."""
        check_event(request.payload, limits.ASYNC_REQUEST_BYTES_MAX)
        self.resolve(self.catalog.entry(request.function_name), request.qualifier)
        now = self.clock.epoch()
        await self.queue.accept(
            QueuedEvent(
                request_id=request.request_id, function_name=request.function_name, qualifier=request.qualifier,
                payload=request.payload, accepted=now, due=now, trace_id=request.trace_id,
            )
        )  # fmt: skip

    def _counted(self, entry: Entry, trace: TraceHeader) -> TraceHeader:
        """Count this call in a chain of calls; a chain without an end is ended here."""
        trace, count = with_call_counted(trace, self.arn(entry.function.name))
        if count >= limits.RECURSION_MAX and entry.function.settings.recursive_loop == "Terminate":
            name, now = entry.function.name, self.clock.epoch()
            point = MetricPoint(function_name=name, metric="RecursiveInvocationsDropped", moment=now)
            self._background.spawn(self.store.commit([AddPoint(point)]))
            raise RecursiveInvocation(
                f'function "{entry.function.name}"', f"one chain of calls came to it {count} times",
                "End the circle, or allow it: PutFunctionRecursionConfig with Allow.",
                aws_message="Lambda has detected your function being invoked in a recursive loop with other AWS resources and stopped "
                "your function's invocation.", members={"Type": "User"},
            )  # fmt: skip
        return trace

    def _policy_of(self, event: QueuedEvent) -> RetryPolicy:
        """How an event is tried again: what was put for its qualifier, and the engine's settings for the rest."""
        policy = dataclasses.replace(self._policy, nothing_may_run=self._reserved(event.function_name) == 0)
        config = self._event_config(event)
        if config is None:
            return policy
        retries, age = config.maximum_retry_attempts, config.maximum_age_seconds
        return dataclasses.replace(
            policy,
            retries=policy.retries if retries is None else retries,
            maximum_age_seconds=policy.maximum_age_seconds if age is None else float(age),
        )

    def _event_config(self, event: QueuedEvent) -> EventInvokeConfig | None:
        entry = self.catalog.find(event.function_name)
        return entry.function.settings.event_invoke.get(event.qualifier or LATEST) if entry else None

    def _follow(self, ended: EndedEvent) -> Following:
        event = ended.event
        arn = self.arn(event.function_name, event.qualifier or LATEST)
        config, dead_letter = self._event_config(event), self._dead_letter(event)
        return follow(ended, config, dead_letter, function_arn=arn, now=self.clock.epoch(), is_there=self._is_there)

    def _is_there(self, reference: FunctionReference) -> bool:
        if reference.region not in (None, self.settings.region) or reference.account not in (None, self.settings.account_id):
            return False
        try:
            self.resolve(self.catalog.entry(reference.name), reference.qualifier)
        except NotFound:
            return False
        return True

    def _dead_letter(self, event: QueuedEvent) -> str | None:
        try:
            version = self.resolve(self.catalog.entry(event.function_name), event.qualifier)
        except NotFound:
            return None
        return version.configuration.dead_letter

    def resolve(self, entry: Entry, qualifier: str | None) -> Version:
        """The version that a qualifier means for this invocation; a weighted alias is drawn anew each time."""
        if qualifier is None or qualifier == LATEST:
            return entry.function.latest
        check_qualifier(qualifier)
        if is_version_number(qualifier):
            return self.catalog.version(entry, qualifier)
        return self.catalog.version(entry, route(self.target_alias(entry, qualifier), self._draw.random()))

    def target_alias(self, entry: Entry, qualifier: str) -> Alias:
        """An alias that something is asked of, as AWS names it when there is none: `Function not found` (AliasNotFound)."""
        try:
            return self.catalog.alias(entry, qualifier)
        except AliasNotFound as error:
            error.aws_message = f"Function not found: {self.arn(entry.function.name, qualifier)}"
            raise

    def arn(self, name: str, qualifier: str | None = None) -> str:
        """A function's ARN here."""
        return function_arn(self.settings.region, self.settings.account_id, name, qualifier)

    def cancel(self, request_id: str) -> None:
        """Cancel a running invocation (InvocationNotFound)."""
        if not self.dispatcher.cancel(request_id):
            raise InvocationNotFound(f"invocation {request_id}", "it is not running", "It may have ended already.")

    # -- functions ----------------------------------------------------------------------------------------------------------
    async def deploy(self, name: str, request: DeployRequest) -> DeployAnswer:
        """Create or change a function from an uploaded package."""
        if not await self.store.has_blob(request.package_sha256):
            raise RequestError(f'function "{name}"', "its package was not uploaded", "Upload the package first.")
        size = await self.store.blob_bytes(request.package_sha256)
        await self._require_sandbox(request.options)
        entry = self.catalog.find(name)
        layers = entry.function.latest.layers_package if entry else ""
        if "layers" in request.options:
            layers = await self.resources.merged_package(request.options["layers"])
        answer = await self.catalog.deploy(name, request, size, layers)
        self._background.spawn(self.preparations.prepare(answer.function.latest))
        return answer

    async def ensure_image(self, spec: ImageSpec, tell: Callable[[str], None]) -> str:
        """Have an image at hand, see `Sandbox.ensure_image`."""
        return await self.sandbox.ensure_image(spec, tell)

    def build_ahead(self, version: Version) -> None:
        """Begin to build the image that a version runs in, if it runs in one that is built."""
        self._background.spawn(self.preparations.have_image(version))

    async def configure(self, name: str, change: ConfigurationChange) -> Version:
        """Change `$LATEST`'s configuration."""
        await self._require_sandbox(change.options)
        layers = await self.resources.merged_package(change.options["layers"]) if "layers" in change.options else None
        return await self.catalog.configure(name, change, layers)

    async def publish(self, name: str, description: str) -> Version:
        """Publish `$LATEST`."""
        return await self.catalog.publish(name, description)

    async def put_alias(self, name: str, alias: str, request: AliasRequest) -> Alias:
        """Create or change an alias."""
        return await self.catalog.put_alias(name, alias, request)

    async def delete(self, name: str, qualifier: str | None) -> None:
        """Remove a function or one version."""
        await self.catalog.delete(name, qualifier)
        if qualifier is None:
            self.queue.forget_function(name)
            await self.test_events.forget_function(name)
        self._tidy_up()

    def detail(self, entry: Entry) -> FunctionDetail:
        """A function with everything a view needs."""
        name, kind = entry.function.name, self.sandbox_of(entry.function.latest)
        return FunctionDetail(
            function=entry.function,
            versions=tuple(sorted(entry.versions.values(), key=lambda v: int(v.version))),
            aliases=tuple(sorted(entry.aliases.values(), key=lambda a: a.name)),
            unpublished_changes=entry.unpublished_changes,
            environments=tuple(v for v in self.dispatcher.views() if v.function_name == name and v.ended is None),
            sandbox=kind,
            enforcement=self.enforcement(kind),
            building=self.preparations.building(name),
        )

    def sandbox_of(self, version: Version) -> str:
        """The kind of sandbox that a version runs in."""
        return sandbox_kind(version.configuration, self.sandbox.kind)

    def enforcement(self, kind: str) -> tuple[Enforcement, ...]:
        """What a kind of sandbox holds here; nothing as long as nobody needed it."""
        sandbox = self.sandbox.of(kind)
        return sandbox.enforcement() if sandbox is not None else ()

    async def _require_sandbox(self, options: Mapping[str, Any]) -> None:
        """Open the sandbox that is asked for; a kind that there is not is refused by `check_configuration` (SandboxError)."""
        kind = options.get("sandbox") or ("docker" if options.get("image") is not None else None)
        if kind in SANDBOXES:
            await self.sandbox.require(kind)

    def difference(self, name: str, before: str, after: str) -> VersionDifference:
        """What changed between two versions; aliases stand for their first version."""
        entry = self.catalog.entry(name)
        return difference(self._named_version(entry, before), self._named_version(entry, after))

    def environments(self) -> list[EnvironmentView]:
        """Live environments and those that ended not long ago."""
        return self.dispatcher.views()

    def _tidy_up(self) -> None:
        """Remove packages that no version uses, beside everything else."""
        if self._tidying is None or self._tidying.done():
            self._tidying = asyncio.create_task(self._collect_garbage())

    async def _collect_garbage(self) -> None:
        try:
            freed = await self.store.collect_garbage()
        except StoreError as error:
            log.warning("unused packages could not be removed: %s", error)
        else:
            if freed:
                log.info("removed %d bytes of packages that no version uses", freed)

    # -- parts --------------------------------------------------------------------------------------------------------------
    def _named_version(self, entry: Entry, qualifier: str) -> Version:
        if qualifier == LATEST or is_version_number(qualifier):
            return self.catalog.version(entry, qualifier)
        return self.catalog.version(entry, self.catalog.alias(entry, qualifier).version)

    def _reserved(self, name: str) -> int | None:
        entry = self.catalog.find(name)
        return entry.function.reserved_concurrency if entry else None

    def _catalog_changed(self, name: str) -> None:
        entry = self.catalog.find(name)
        if entry is None:
            self.dispatcher.close_function(name, lambda _: False, "the function was deleted")
            self.live.publish("function-deleted", name)
            return
        wanted = {(v.version, v.revision_id) for v in (entry.function.latest, *entry.versions.values())}
        self.dispatcher.close_function(name, lambda v: (v.version, v.revision_id) in wanted, "its revision was replaced")
        self._provision(entry)
        self.live.publish("function", self.detail(entry))

    def _provision(self, entry: Entry) -> None:
        """Keep ready what is put for versions and aliases; an alias stands for its first version."""
        wanted: dict[str, int] = {}
        for qualifier, kept in entry.function.settings.provisioned.items():
            alias = entry.aliases.get(qualifier)
            number = alias.version if alias else qualifier
            wanted[number] = wanted.get(number, 0) + kept.count
        for number, version in entry.versions.items():
            self.dispatcher.provision(version, wanted.get(number, 0))
