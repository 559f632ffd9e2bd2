"""The life of an engine process, from its arguments to its end.

    arguments ─▶ run folder, log ─▶ lock ─▶ sockets ─▶ object graph serves ─▶ runtime file ─▶ "ready" to the starter
                                                                                   │
         SIGTERM, SIGINT, POST …/stop, idle for long, home gone ◀──────────────────┘
                                     │
    runtime file withdrawn (nobody new finds us) ─▶ drain if asked ─▶ graph closed ─▶ sockets removed ─▶ lock given back

The lock comes first and goes last: whoever gets it may take everything else that lies about for a dead engine's. Failures before
"ready" go to the starter with their words; later ones to the log. A second signal ends the process at once: its workers see their
end of the control socket close, and end too.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final

from jupyter_lambda._version import __version__
from jupyter_lambda.client.file_lock import FileLock
from jupyter_lambda.client.home import RunFolder, run_folder
from jupyter_lambda.client.os_errors import store_error
from jupyter_lambda.client.process_identity import boot_id, start_epoch, start_ticks
from jupyter_lambda.clock import SystemClock
from jupyter_lambda.errors import EngineUnavailable, JupyterLambdaError, PlatformError
from jupyter_lambda.model.engine_api import PROTOCOL
from jupyter_lambda.model.runtime_file import RuntimeFile
from jupyter_lambda.service.arguments import Arguments, parse_arguments, ready_descriptor
from jupyter_lambda.service.credentials import fresh_token
from jupyter_lambda.service.hardening import close_memory
from jupyter_lambda.service.listeners import Listeners, open_listeners
from jupyter_lambda.service.log import start_log
from jupyter_lambda.service.plan import Build, Graph, Plan
from jupyter_lambda.service.publication import Publication
from jupyter_lambda.service.sandbox_choice import choose_sandbox
from jupyter_lambda.service.sandboxes import open_sandboxes
from jupyter_lambda.service.starter import Starter
from jupyter_lambda.service.state_folder import local_run_folder
from jupyter_lambda.service.stop_requests import StopReason, StopRequests, watch_idleness
from jupyter_lambda.store.location import locate_state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jupyter_lambda.sandbox.protocol import Sandbox
    from jupyter_lambda.service.sandbox_choice import SandboxChoice
    from jupyter_lambda.store.location import StateLocation

_LOG = logging.getLogger(__name__)
EXIT_ENDED: Final = 0
EXIT_FAILED: Final = 3  # as `jupyter lambda engine start` has it: no engine could be started


def main(arguments: Sequence[str], *, build: Build | None = None, protocol: int = PROTOCOL) -> int:
    """Serve a home until stopped; returns the process's exit status. `build` and `protocol` differ in tests only."""
    starter = Starter(ready_descriptor(arguments))
    try:
        _serve(parse_arguments(arguments), starter, build, protocol)
    except JupyterLambdaError as error:
        starter.failed(error)
        sys.stderr.write(f"{error}\n")
        return EXIT_FAILED
    except Exception as error:
        _LOG.exception("the engine failed")
        starter.failed(PlatformError("engine", f"it failed: {type(error).__name__}: {error}", "Its log has more."))
        return EXIT_FAILED
    finally:
        starter.close()
    return EXIT_ENDED


def _serve(arguments: Arguments, starter: Starter, build: Build | None, protocol: int) -> None:
    """Take the lock and the sockets, live, give them back."""
    os.umask(0o077)
    run = run_folder(arguments.home)
    run.make()
    start_log(None if arguments.foreground else run.log)
    location = locate_state(arguments.home)
    folder = local_run_folder(run, location)
    with ExitStack() as held:
        if not _take(FileLock(folder / "engine.lock"), held, arguments, starter):
            return
        runner = held.enter_context(asyncio.Runner(loop_factory=_loop_factory()))
        choice, containers = runner.run(_choose(arguments, location))
        if containers is not None:
            held.callback(lambda: runner.run(containers.aclose()))  # the graph closes it, if it comes to that
        listeners = open_listeners(arguments.host, arguments.port, folder)
        held.callback(listeners.close)
        close_memory()  # before there is a secret in it
        life = _Life(Publication(run), listeners)
        plan = Plan(
            arguments=arguments,
            sandbox=choice,
            containers=containers,
            run=run,
            location=location,
            listeners=listeners,
            runtime=_runtime(arguments, run, listeners, choice.kind, protocol),
            warnings=(*([location.sentence] if location.is_elsewhere else []), *_exposure(arguments, listeners)),
            clock=SystemClock(),
            request_stop=life.stop_requests.ask,
            progress=starter.progress,
        )
        runner.run(life.run(plan, build or _real_graph, starter))


class _Life:
    """What happens on the loop, from building the graph to closing it."""

    def __init__(self, publication: Publication, listeners: Listeners) -> None:
        self._publication, self._listeners = publication, listeners
        self.stop_requests = StopRequests(self._end_at_once)

    async def run(self, plan: Plan, build: Build, starter: Starter) -> None:
        """Build, publish, tell the starter, wait for a reason to stop, stop."""
        self.stop_requests.listen(asyncio.get_running_loop())
        for warning in plan.warnings:
            _LOG.warning("%s", warning)
        graph = await build(plan)
        try:
            self._publication.publish(graph.runtime)
            starter.ready(graph.runtime)
            _LOG.info(
                "engine %s (process %d) serves %s at %s; %s",
                __version__, os.getpid(), plan.run.home, plan.listeners.url, plan.sandbox.note,
            )  # fmt: skip
            reason = await self._reason(graph, plan)
            _LOG.info("stops: %s", reason)
            self._publication.withdraw()
            if reason is StopReason.DRAINED:
                await self._drain(graph)
        finally:
            self._publication.withdraw()
            await graph.aclose()
            self._publication.remove()
            _LOG.info("ended")

    async def _reason(self, graph: Graph, plan: Plan) -> StopReason:
        watch = asyncio.create_task(
            watch_idleness(graph.is_idle, self._publication.stands, plan.arguments.settings.idle_seconds, plan.clock)
        )
        asked = asyncio.create_task(self.stop_requests.wait())
        done, waiting = await asyncio.wait({watch, asked}, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        await asyncio.wait({watch, asked})
        return done.pop().result()

    async def _drain(self, graph: Graph) -> None:
        """Wait for what runs; a signal meanwhile cuts the waiting short."""
        drain, cut = asyncio.create_task(graph.drain()), asyncio.create_task(self.stop_requests.wait())
        await asyncio.wait({drain, cut}, return_when=asyncio.FIRST_COMPLETED)
        for task in (drain, cut):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _end_at_once(self) -> None:
        """What a second signal does: leave no path that leads to nobody, and go."""
        self._publication.remove()
        self._listeners.unlink()
        os._exit(128 + signal.SIGTERM)


async def _choose(arguments: Arguments, location: StateLocation) -> tuple[SandboxChoice, Sandbox | None]:
    """Choose the engine's own sandbox; a docker sandbox that was tried is open.

    While the daemon boots the container that proves it, a thread imports the rest of the engine: each takes a few tenths of a second.
    """
    if arguments.sandbox == "process":
        return choose_sandbox("process"), None
    importing = asyncio.create_task(asyncio.to_thread(_import_graph), name="import of the engine")
    from jupyter_lambda.service.containers import find_containers

    try:
        prospect, sandbox = await find_containers(arguments.home, location.folder, SystemClock(), arguments.settings)
        return choose_sandbox(arguments.sandbox, prospect), sandbox
    finally:
        await asyncio.wait({importing})


def _import_graph() -> None:
    from jupyter_lambda.service import graph  # noqa: F401 - kept in sys.modules; what is wrong with it is said where it is used


async def _real_graph(plan: Plan) -> Graph:
    """Import and build the engine, while a child process probes what walls this host has: each takes some 70 ms."""
    opening = asyncio.create_task(open_sandboxes(plan))
    await plan.clock.sleep(0)  # it starts its child before the imports keep the loop
    try:
        from jupyter_lambda.service.graph import build_graph

        return await build_graph(plan, opening)
    except BaseException:
        opening.cancel()
        await asyncio.wait({opening})
        if not opening.cancelled() and opening.exception() is None:
            await opening.result().aclose()
        raise


def _take(lock: FileLock, held: ExitStack, arguments: Arguments, starter: Starter) -> bool:
    """Become the home's engine on this host; False, and the starter told, if there is one."""
    try:
        if lock.acquire():
            held.callback(lock.release)
            return True
    except OSError as error:
        raise store_error(error, f'engine lock "{lock.path}"') from error
    if arguments.foreground:
        raise EngineUnavailable(f'engine of home "{arguments.home}"', "it runs already", "See jupyter lambda engine status.")
    starter.taken(str(lock.path))
    return False


def _runtime(arguments: Arguments, run: RunFolder, listeners: Listeners, sandbox: str, protocol: int) -> RuntimeFile:
    """The runtime file of this process, without the credentials."""
    pid = os.getpid()
    return RuntimeFile(
        host=run.host,
        boot_id=boot_id(),
        pid=pid,
        started=start_epoch(pid) or 0.0,
        started_ticks=start_ticks(pid) or 0,
        url=listeners.url,
        socket=str(listeners.unix_path),
        token=fresh_token(),
        protocol=protocol,
        version=__version__,
        home=str(run.home),
        sandbox=sandbox,
        account_id=arguments.account_id,
        region=arguments.region,
    )


def _exposure(arguments: Arguments, listeners: Listeners) -> list[str]:
    """What others can do because of the arguments, said loudly."""
    found = []
    if arguments.auth == "any":
        who = "anybody on this machine" if listeners.is_loopback else "ANYBODY WHO REACHES THIS MACHINE"
        found.append(f"--auth any: every credential is accepted, so {who} can run code as you through {listeners.url}")
    elif not listeners.is_loopback:
        found.append(f"--host {arguments.host}: the AWS APIs can be reached from other machines, without encryption")
    return found


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """The loop of uvloop where there is one: a quarter less time for each invocation."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
