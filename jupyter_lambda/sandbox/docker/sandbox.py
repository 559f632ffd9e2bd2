"""The docker sandbox: one container per execution environment, with walls that hold against code that means harm."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import os
import shutil
from typing import TYPE_CHECKING, Final

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.sandbox.docker.booting import Booter
from jupyter_lambda.sandbox.docker.container import LABEL, Container, Labels, Order
from jupyter_lambda.sandbox.docker.enforcement import enforcement
from jupyter_lambda.sandbox.docker.environment import DockerEnvironment
from jupyter_lambda.sandbox.docker.pool import Pool, ShelfKey
from jupyter_lambda.sandbox.docker.removal import Removal
from jupyter_lambda.sandbox.process.sampler import Sampler
from jupyter_lambda.sandbox.process.spawn_request import own_python

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.model.environment import Enforcement
    from jupyter_lambda.sandbox.docker.daemon import Daemon
    from jupyter_lambda.sandbox.protocol import Channels, EnvironmentSpec

POOL_MIB: Final = 512
AHEAD_MEMORY_MIB: Final = 1_024  # a waiting container's limit: room for its imports; its function's comes with the function
PROOF_EPHEMERAL_MIB: Final = 16
_SWEEP_SECONDS: Final = (2.0, 10.0, 60.0)


class DockerSandbox:
    """Makes execution environments of containers.

    Args:
        daemon: One that answered.
        home: The engine's home: never shown to a container, and what tells two engines' containers apart.
        boot_id: This engine's own; what carries another one of the same home is a leftover.
        clock: Time.
        run_folder: Where the sockets are that containers reach the engine by; 0700, ours alone.
        pool_mib: What containers that wait for their function may hold together; 0: none waits.
    """

    kind = "docker"

    def __init__(
        self, daemon: Daemon, home: Path, boot_id: str, clock: Clock, *, run_folder: Path, pool_mib: int = POOL_MIB
    ) -> None:
        self._daemon = daemon
        self._clock = clock
        self._folder = run_folder / "docker"
        self._labels = Labels(home_id(home), boot_id)
        self._sampler = Sampler(clock, lambda: None)
        self._removal = Removal(daemon, clock)
        self._booter = Booter(daemon, self._removal, home.resolve(), self._folder / boot_id, self._labels)
        self._pool = Pool(clock, self._boot_ahead, pool_mib)
        self._environments: set[DockerEnvironment] = set()
        self._sweeping: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def version(self) -> str:
        """The daemon's."""
        return self._daemon.version

    async def start(self, spec: EnvironmentSpec, channels: Channels) -> DockerEnvironment:
        """Make an environment and start its runtime process; the descriptors in `channels` are closed here, whatever happens.

        Raises:
            SandboxError: It could not be made.
            InvalidRuntime: The interpreter is gone, or is another minor version now.
        """
        if self._is_closed:
            for descriptor in (channels.log_fd, channels.runtime_fd):
                if descriptor >= 0:
                    os.close(descriptor)
            raise SandboxError("docker sandbox", "it is closed", "Start the engine again.")
        environment = DockerEnvironment(
            spec, self._clock, container_for=self._container, on_active=self._sampler.wake, on_closed=self._forget
        )
        self._environments.add(environment)
        try:
            await environment.restart(spec, channels)
        except BaseException:
            await environment.aclose()
            raise
        return environment

    async def prepare(self, spec: EnvironmentSpec) -> None:
        """Have a container wait for it; what goes wrong is said at `start`."""
        self._pool.expect(shelf_key(spec))

    def enforcement(self) -> tuple[Enforcement, ...]:
        """What holds each limit on this host."""
        return enforcement(self._daemon.version, is_root=os.geteuid() == 0)

    async def prove(self) -> None:
        """Boot a container on the engine's own interpreter: the daemon sees this machine's files, and its kernel is ours.

        Raises:
            SandboxError: It does not; the text says why.
        """
        order = Order(
            python=own_python(), image=None, extra_path=(), mounts=(), network="none", ephemeral_mib=PROOF_EPHEMERAL_MIB
        )
        container = await self._booter.boot(ShelfKey(order, ()), AHEAD_MEMORY_MIB, None)
        await container.aclose()

    async def sweep(self) -> int:
        """Remove what earlier engines of this home left: containers, sockets; containers again and again.

        A daemon may still be making one that an engine asked for which is dead by now.
        """
        if self._sweeping is None:
            self._sweeping = asyncio.create_task(self._sweep_again(), name="sweep of containers")
        return await self._sweep_containers() + await asyncio.to_thread(self._sweep_folders)

    async def _sweep_containers(self) -> int:
        old = [container_id for container_id, boot_id in await self._labelled() if boot_id != self._labels.boot_id]
        await asyncio.gather(*(self._removal.remove(container_id) for container_id in old))
        return len(old)

    async def _sweep_again(self) -> None:
        for seconds in itertools.chain(_SWEEP_SECONDS, itertools.repeat(_SWEEP_SECONDS[-1])):
            await self._clock.sleep(seconds)
            with contextlib.suppress(SandboxError):  # the daemon is away
                await self._sweep_containers()

    async def _labelled(self) -> list[tuple[str, str]]:
        """The containers of this home, each with its engine's boot id."""
        labels = [f"{LABEL}.home={self._labels.home_id}"]
        found = await self._daemon.call("GET", "/containers/json", query={"all": "1", "filters": {"label": labels}})
        return [(str(each["Id"]), str((each.get("Labels") or {}).get(f"{LABEL}.boot"))) for each in found or ()]

    def _sweep_folders(self) -> int:
        if not self._folder.is_dir():
            return 0
        old = [folder for folder in self._folder.iterdir() if folder.name != self._labels.boot_id]
        for folder in old:
            shutil.rmtree(folder, ignore_errors=True)
        return len(old)

    async def aclose(self) -> None:
        """End all environments. Safe to call twice."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)
        await self._pool.aclose()
        await asyncio.gather(*(environment.aclose() for environment in list(self._environments)))
        await self._sampler.aclose()
        await self._booter.aclose()
        with contextlib.suppress(SandboxError):
            own = [container_id for container_id, boot_id in await self._labelled() if boot_id == self._labels.boot_id]
            await asyncio.gather(*(self._removal.remove(container_id) for container_id in own))
        await self._removal.aclose()
        await asyncio.to_thread(shutil.rmtree, self._folder / self._labels.boot_id, ignore_errors=True)

    # -- containers ---------------------------------------------------------------------------------------------------------

    async def _container(self, spec: EnvironmentSpec) -> Container:
        """A container for this spec: one that waited, or a new one."""
        key = shelf_key(spec)
        container = await self._pool.get(key, lambda: self._booter.boot(key, spec.memory_mib, spec.task_root))
        try:
            await container.specialise(spec.task_root, spec.memory_mib)
        except BaseException:
            await container.aclose()
            raise
        return container

    async def _boot_ahead(self, key: ShelfKey) -> Container:
        return await self._booter.boot(key, AHEAD_MEMORY_MIB, None)

    def _forget(self, environment: DockerEnvironment) -> None:
        self._sampler.remove(environment)
        self._environments.discard(environment)


def shelf_key(spec: EnvironmentSpec) -> ShelfKey:
    """What a spec's container has to be made from, and to have imported."""
    order = Order(
        python=spec.python or own_python(),
        image=spec.image,
        extra_path=spec.extra_path,
        mounts=spec.mounts,
        network=spec.network or "none",
        ephemeral_mib=spec.ephemeral_mib,
    )
    return ShelfKey(order, tuple(sorted(spec.preload)) if spec.bootstrap is None and order.is_host else ())


def home_id(home: Path) -> str:
    """A home's short name in labels."""
    return hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]
