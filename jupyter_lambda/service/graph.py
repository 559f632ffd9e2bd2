"""Builds the object graph of an engine: store, sandbox, engine, doors. The one place that knows every room's concrete class."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_lambda._version import __version__
from jupyter_lambda.api.access import Access
from jupyter_lambda.api.aws.sigv4 import Verifier
from jupyter_lambda.api.control import Service
from jupyter_lambda.api.runtime_door import RuntimeDoors
from jupyter_lambda.api.server import Server, serve
from jupyter_lambda.engine.engine import Engine
from jupyter_lambda.engine.settings import EngineSettings
from jupyter_lambda.model.engine_api import EngineStatus, Hello, SandboxStatus
from jupyter_lambda.model.function import SANDBOXES
from jupyter_lambda.sandbox.budget import Budget, machine_budget
from jupyter_lambda.sandbox.machine_load import MachineLoad
from jupyter_lambda.service.credentials import home_credentials
from jupyter_lambda.service.settings import views
from jupyter_lambda.store import Retention, open_store

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from jupyter_lambda.model.runtime_file import RuntimeFile
    from jupyter_lambda.sandbox.protocol import Sandboxes
    from jupyter_lambda.service.plan import Plan


class EngineGraph:
    """An engine behind its doors."""

    def __init__(self, plan: Plan, engine: Engine, runtime: RuntimeFile, budget: Budget) -> None:
        self._plan = plan
        self._engine = engine
        self._budget = budget
        self._server: Server | None = None
        self.runtime = runtime

    async def open(self) -> None:
        """Load what the home has, then listen."""
        await self._engine.open()
        service = Service(
            hello=self._hello, status=self._status, doctor=self._doctor, stop=self._plan.request_stop,
            machine=MachineLoad(self._plan.clock, self._budget).reading, settings=lambda: views(self._plan.arguments.settings),
        )  # fmt: skip
        key_id, secret = self.runtime.access_key_id, self.runtime.secret_access_key
        verifier = Verifier(
            lambda asked: secret if asked == key_id else None, self._plan.clock.epoch, region=self.runtime.region, key_id=key_id
        )
        access = Access(self.runtime.token, verifier=verifier, open_aws=self._plan.arguments.auth == "any")
        self._server = await serve(self._engine, service, access, (self._plan.listeners.tcp, self._plan.listeners.unix))

    def is_idle(self) -> bool:
        """Whether nothing runs, waits or stays warm, and no client is connected."""
        return self._engine.is_idle and not (self._server and self._server.connections)

    async def drain(self) -> None:
        """Take no more invocations and wait for the running ones."""
        self._engine.draining = True
        await self._engine.wait_until_quiet(None)

    async def aclose(self) -> None:
        """Give running invocations their grace, end everything, close the doors. Safe to call twice."""
        await self._engine.aclose()
        if self._server is not None:
            await self._server.aclose()

    def _hello(self) -> Hello:
        return Hello(
            protocol=self.runtime.protocol, version=__version__, pid=self.runtime.pid, home=self.runtime.home,
            sandbox=self.runtime.sandbox, url=self.runtime.url, environments=self._engine.dispatcher.environments,
        )  # fmt: skip

    def _status(self) -> EngineStatus:
        engine, runtime, plan = self._engine, self.runtime, self._plan
        return EngineStatus(
            url=runtime.url, pid=runtime.pid, home=runtime.home, sandbox=runtime.sandbox,
            environments=engine.dispatcher.environments, version=__version__, protocol=runtime.protocol,
            runtime_file=str(plan.run.runtime_file), started=engine.started, account_id=runtime.account_id,
            region=runtime.region, auth=plan.arguments.auth, functions=engine.catalog.count, running=engine.dispatcher.running,
            queued_events=len(engine.queue), budget_mib=engine.dispatcher.ledger.budget_mib,
            budget_used_mib=engine.dispatcher.ledger.used_mib, concurrency=engine.settings.concurrency,
            sandbox_note=plan.sandbox.note, enforcement=engine.sandbox.enforcement(), sandboxes=self._sandboxes(),
            warnings=plan.warnings,
            default_image=plan.arguments.settings.docker_image or plan.sandbox.image,
            wheel_folder=str(plan.arguments.settings.wheel_folder or ""), image_builds=engine.sandbox.image_builds(),
        )  # fmt: skip

    def _sandboxes(self) -> tuple[SandboxStatus, ...]:
        """What is open: the engine's own first."""
        kinds = sorted(SANDBOXES, key=lambda kind: kind != self.runtime.sandbox)
        opened = [(kind, self._engine.sandbox.of(kind)) for kind in kinds]
        return tuple(SandboxStatus(kind=kind, enforcement=each.enforcement()) for kind, each in opened if each is not None)

    async def _doctor(self) -> Any:
        from jupyter_lambda.sandbox.host import host_facts

        return await asyncio.to_thread(host_facts, self._plan.run.home, self._plan.arguments.settings.node_folder)


async def build_graph(plan: Plan, opening: Awaitable[Sandboxes]) -> EngineGraph:
    """Build and open the engine of a plan; whatever was opened is closed again when something can't be.

    Args:
        plan: What to build.
        opening: The sandbox, whose host is being probed meanwhile.
    """
    given = plan.arguments.settings
    store = await open_store(
        plan.run.home, clock=plan.clock,
        retention=Retention(invocations=given.retained_invocations, log_bytes=given.retained_log_mib * 1024**2),
    )  # fmt: skip
    try:
        credentials = await home_credentials(store)
        budget = await asyncio.to_thread(machine_budget)
        sandbox = await opening
        doors = RuntimeDoors()
        engine = Engine(store=store, sandbox=sandbox, doors=doors, clock=plan.clock, settings=_settings(plan, budget))
        doors.engine = engine
    except BaseException:
        await store.aclose()
        raise
    runtime = msgspec.structs.replace(
        plan.runtime, access_key_id=credentials.access_key_id, secret_access_key=credentials.secret_access_key
    )
    graph = EngineGraph(plan, engine, runtime, budget)
    try:
        await graph.open()
    except BaseException:
        await graph.aclose()
        raise
    return graph


def _settings(plan: Plan, budget: Budget) -> EngineSettings:
    given = plan.arguments.settings
    return EngineSettings(
        account_id=plan.arguments.account_id,
        region=plan.arguments.region,
        aws_endpoint=plan.arguments.aws_endpoint,
        concurrency=given.concurrency,
        scaling_rate=given.scaling_rate,
        budget_mib=given.budget_mib if given.budget_mib is not None else budget.memory_mib,
        cpus=budget.cpus,
        budget_wait_seconds=given.budget_wait_seconds,
        environment_idle_seconds=given.environment_idle_seconds,
        freeze_after_seconds=given.freeze_after_ms / 1000.0,
        init_seconds=given.init_seconds,
        async_retry_base_seconds=given.async_retry_base_seconds,
        stop_grace_seconds=given.stop_grace_seconds,
        node_folder=given.node_folder,
    )
