"""The docker sandbox: one container per execution environment, with walls that hold against code that means harm."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import logging
import os
import secrets
import shutil
from typing import TYPE_CHECKING, Final

from jupyter_lambda.errors import InvalidRuntime, SandboxError
from jupyter_lambda.sandbox.docker.binds import Bind, interpreter_folders, mount_binds, same_place
from jupyter_lambda.sandbox.docker.container import LABEL, Container, Labels, Order
from jupyter_lambda.sandbox.docker.daemon import DaemonRefused
from jupyter_lambda.sandbox.docker.enforcement import enforcement
from jupyter_lambda.sandbox.docker.environment import DockerEnvironment
from jupyter_lambda.sandbox.docker.host_image import HOST, ensure_host_image, system_folders
from jupyter_lambda.sandbox.docker.pool import Pool, ShelfKey
from jupyter_lambda.sandbox.docker.removal import Removal
from jupyter_lambda.sandbox.process.sampler import Sampler
from jupyter_lambda.sandbox.process.spawn_request import own_python
from jupyter_lambda.sandbox.process.zygote import Unfit

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.model.environment import Enforcement
    from jupyter_lambda.model.function import PythonEnvironment
    from jupyter_lambda.sandbox.docker.daemon import Daemon
    from jupyter_lambda.sandbox.protocol import Channels, EnvironmentSpec

log = logging.getLogger(__name__)
POOL_MIB: Final = 512
AHEAD_MEMORY_MIB: Final = 1_024  # a waiting container's limit: room for its imports; its function's comes with the function
PROOF_EPHEMERAL_MIB: Final = 16
# The daemon starts containers one after another, more or less: with more at a time each only takes longer, and others wait too.
BOOTS_AT_A_TIME: Final = 4
_LAST_BOOTS_SECONDS: Final = 10.0
_NOT_FOUND: Final = 404


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
        self._home = home.resolve()
        self._clock = clock
        self._folder = run_folder / "docker"
        self._labels = Labels(home_id(home), boot_id)
        self._sampler = Sampler(clock, lambda: None)
        self._removal = Removal(daemon, clock)
        self._boots = asyncio.Semaphore(BOOTS_AT_A_TIME)
        self._pool = Pool(clock, self._boot_ahead, pool_mib)
        self._environments: set[DockerEnvironment] = set()
        self._unfit: dict[PythonEnvironment, set[str]] = {}
        self._host_image: asyncio.Task[str] | None = None
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
        container = await self._boot(ShelfKey(order, ()), AHEAD_MEMORY_MIB, None)
        await container.aclose()

    async def sweep(self) -> int:
        """Remove what earlier engines of this home left: containers, sockets."""
        old = [container_id for container_id, boot_id in await self._labelled() if boot_id != self._labels.boot_id]
        await asyncio.gather(*(self._removal.remove(container_id) for container_id in old))
        return len(old) + await asyncio.to_thread(self._sweep_folders)

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
        await self._pool.aclose()
        await asyncio.gather(*(environment.aclose() for environment in list(self._environments)))
        await self._sampler.aclose()
        await self._wait_for_boots()
        if self._host_image is not None:
            self._host_image.cancel()
            await asyncio.gather(self._host_image, return_exceptions=True)
        with contextlib.suppress(SandboxError):
            own = [container_id for container_id, boot_id in await self._labelled() if boot_id == self._labels.boot_id]
            await asyncio.gather(*(self._removal.remove(container_id) for container_id in own))
        await self._removal.aclose()
        await asyncio.to_thread(shutil.rmtree, self._folder / self._labels.boot_id, ignore_errors=True)

    async def _wait_for_boots(self) -> None:
        """Boots under way see that the sandbox is closed when they are done, and remove what they made."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_BOOTS_SECONDS):
                for _ in range(BOOTS_AT_A_TIME):
                    await self._boots.acquire()

    # -- containers ---------------------------------------------------------------------------------------------------------

    async def _container(self, spec: EnvironmentSpec) -> Container:
        """A container for this spec: one that waited, or a new one."""
        key = shelf_key(spec)
        container = await self._pool.get(key, lambda: self._boot(key, spec.memory_mib, spec.task_root))
        try:
            await container.specialise(spec.task_root, spec.memory_mib)
        except BaseException:
            await container.aclose()
            raise
        return container

    async def _boot_ahead(self, key: ShelfKey) -> Container:
        return await self._boot(key, AHEAD_MEMORY_MIB, None)

    async def _boot(self, key: ShelfKey, memory_mib: int, task_root: Path | None) -> Container:
        """Boot a container that has imported the modules; what can't be imported there is left out from then on."""
        order = key.order
        if not os.access(order.python.executable, os.X_OK):
            raise InvalidRuntime(
                f"interpreter {order.python.executable}", "it is gone or can't be run any more",
                "Deploy the function again from a kernel that exists, or restore the environment.",
            )  # fmt: skip
        binds = await asyncio.to_thread(self._binds, order)
        unfit = self._unfit.setdefault(order.python, set())
        while True:
            wanted = sorted(set(key.modules) - unfit)
            container = await self._boot_image(order, binds, memory_mib, task_root)
            try:
                await container.holder.preload(order.python, (*order.extra_path, *order.python.sys_path), wanted)
            except Unfit as error:
                await container.aclose()
                if error.module not in wanted:
                    raise SandboxError(
                        f"interpreter {order.python.executable}", f"it can't run our runtime in a container ({error})",
                        "Use --sandbox process.",
                    ) from error  # fmt: skip
                unfit.add(error.module)
            except BaseException:
                await container.aclose()
                raise
            else:
                return container

    async def _boot_image(self, order: Order, binds: list[Bind], memory_mib: int, task_root: Path | None) -> Container:
        """Boot a container of the order's image; the host image is made again if somebody has deleted it."""
        async with self._boots:
            if self._is_closed:
                raise SandboxError("docker sandbox", "it is closed", "Start the engine again.")
            return await self._boot_one(order, binds, memory_mib, task_root)

    async def _boot_one(self, order: Order, binds: list[Bind], memory_mib: int, task_root: Path | None) -> Container:
        image = await self._image(order.image)
        boot = functools.partial(
            Container.boot,
            self._daemon,
            self._removal,
            order,
            binds=binds,
            memory_mib=memory_mib,
            labels=self._labels,
            task_root=task_root,
        )
        try:
            return await boot(image=image, folder=self._new_folder())
        except DaemonRefused as error:
            if error.status != _NOT_FOUND or order.image not in (None, HOST):
                raise
        log.warning("the image %s is gone and is made again", image)
        self._host_image = None
        return await boot(image=await self._image(order.image), folder=self._new_folder())

    def _new_folder(self) -> Path:
        return self._folder / self._labels.boot_id / secrets.token_hex(8)

    def _binds(self, order: Order) -> list[Bind]:
        folders = interpreter_folders(order.python, order.extra_path, self._home)
        return [*same_place(folders, system_folders()), *mount_binds(order.mounts)]

    async def _image(self, wanted: str | None) -> str:
        """The image's reference, the host image made if need be."""
        if wanted not in (None, HOST):
            return str(wanted)
        if self._host_image is None or (self._host_image.done() and self._host_image.exception() is not None):
            self._host_image = asyncio.create_task(ensure_host_image(self._daemon))
        return await asyncio.shield(self._host_image)

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
    return ShelfKey(order, tuple(sorted(spec.preload)) if spec.bootstrap is None else ())


def home_id(home: Path) -> str:
    """A home's short name in labels."""
    return hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]
