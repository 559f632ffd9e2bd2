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
from jupyter_lambda.sandbox.docker.booting import BOOTS_AT_A_TIME, Booter
from jupyter_lambda.sandbox.docker.built_images import BuiltImages, ImageSettings
from jupyter_lambda.sandbox.docker.container import LABEL, Container, Labels, Order
from jupyter_lambda.sandbox.docker.distant import DistantBooter
from jupyter_lambda.sandbox.docker.enforcement import distant_enforcement, enforcement
from jupyter_lambda.sandbox.docker.environment import DockerEnvironment
from jupyter_lambda.sandbox.docker.guest_image import read_image
from jupyter_lambda.sandbox.docker.host_image import BUILD, HOST
from jupyter_lambda.sandbox.docker.pause_watch import PauseWatch
from jupyter_lambda.sandbox.docker.pool import Pool, ShelfKey
from jupyter_lambda.sandbox.docker.removal import Removal
from jupyter_lambda.sandbox.docker.sdk import Sdk
from jupyter_lambda.sandbox.process.sampler import Sampler
from jupyter_lambda.sandbox.process.spawn_request import own_python

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.model.environment import Enforcement
    from jupyter_lambda.model.host import ImageBuildView
    from jupyter_lambda.sandbox.docker.daemon import Daemon
    from jupyter_lambda.sandbox.docker.distant import Distance
    from jupyter_lambda.sandbox.protocol import Channels, EnvironmentSpec, ImageSpec, MemoryLender

AHEAD_MEMORY_MIB: Final = 1_024  # a waiting container's limit: room for its imports; its function's comes with the function
PROOF_EPHEMERAL_MIB: Final = 16
_SWEEP_SECONDS: Final = (
    2.0,
    3.0,
    5.0,
    10.0,
    10.0,
    60.0,
)  # a removal that the daemon failed in (state "dead") is tried again soon


class DockerSandbox:
    """Makes execution environments of containers.

    Args:
        daemon: One that answered.
        home: The engine's home: never shown to a container, and what tells two engines' containers apart.
        boot_id: This engine's own; what carries another one of the same home is a leftover.
        clock: Time.
        run_folder: Where the sockets are that containers reach the engine by; 0700, ours alone.
        distance: Set for a daemon that does not see this machine; `open` comes first then.
        default_image: What a function runs in that does not choose: `host` or `build`.
        images: How images are built.
    """

    kind = "docker"
    starts_at_a_time: int | None = BOOTS_AT_A_TIME

    def __init__(
        self,
        daemon: Daemon,
        home: Path,
        boot_id: str,
        clock: Clock,
        *,
        run_folder: Path,
        distance: Distance | None = None,
        default_image: str = HOST,
        images: ImageSettings | None = None,
    ) -> None:
        self._daemon = daemon
        self._clock = clock
        self._folder = run_folder / "docker"
        self._labels = Labels(home_id(home), boot_id)
        self._sampler = Sampler(clock, lambda: None)
        self._removal = Removal(daemon, clock)
        self._sdk = Sdk(daemon)
        self._images = BuiltImages(daemon, self._sdk, self._removal, clock, self._labels, images or ImageSettings())
        self._distant = None if distance is None else DistantBooter(daemon, self._removal, self._labels, distance)
        self._booter = Booter(
            daemon, self._removal, home.resolve(), self._folder / boot_id, self._labels, self._images, self._distant
        )
        self.default_image = default_image
        self._pool = Pool(clock, self._boot_ahead)
        self._pauses = PauseWatch(daemon, self._removal, f"{LABEL}.boot={boot_id}", clock)
        self._environments: set[DockerEnvironment] = set()
        self._endings: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.Task[None] | None = None
        self._is_closed = False

    async def open(self) -> None:
        """Find the way by which containers of a distant daemon reach this engine (SandboxError); nothing to do beside one of ours."""
        if self._distant is not None:
            await self._distant.open()

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
        refusal = self._refusal(spec)
        if refusal is not None:
            for descriptor in channels.all:
                os.close(descriptor)
            raise refusal
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

    def _refusal(self, spec: EnvironmentSpec) -> SandboxError | None:
        if self._is_closed:
            return SandboxError("docker sandbox", "it is closed", "Start the engine again.")
        if self._distant is not None and spec.extensions:
            return SandboxError(
                "docker sandbox", "extensions run only where the daemon sees this machine's files: they hand open files to the engine",
                "Leave the layer with extensions out, or use --sandbox process.",
            )  # fmt: skip
        return None

    async def prepare(self, spec: EnvironmentSpec) -> None:
        """Have a container wait for it; what goes wrong is said at `start`."""
        self._pool.expect(self._shelf_key(spec))

    async def ensure_image(self, spec: ImageSpec, tell: Callable[[str], None]) -> str:
        """Have the image at hand that such environments start from; a build tells its lines, and being cancelled ends it.

        Raises:
            SandboxError: There is no such image, or it could not be built.
            RequestError: It is no image that functions run in.
        """
        image = spec.image or self.default_image
        if image == BUILD:
            return (await self._images.ensure((spec.python or own_python()).minor, spec.requirements, tell)).reference
        return "" if image == HOST else (await read_image(self._daemon, image)).id

    def image_builds(self) -> tuple[ImageBuildView, ...]:
        """What is being built now."""
        return self._images.views()

    def borrow_from(self, lender: MemoryLender) -> None:
        """Let containers wait booted from now on, on this lender's books."""
        self._pool.borrow_from(lender)

    def enforcement(self) -> tuple[Enforcement, ...]:
        """What holds each limit on this host."""
        if self._distant is not None:
            return distant_enforcement(self._daemon.version, is_closed=self._distant.has_closed_network)
        return enforcement(self._daemon.version, is_root=os.geteuid() == 0)

    async def prove(self) -> None:
        """Boot a container of the default image on the engine's own Python: it reaches us, and with `host` our files are seen.

        Raises:
            SandboxError: It does not; the text says why.
        """
        order = Order(
            python=own_python(), image=self.default_image, extra_path=(), mounts=(), network="none",
            ephemeral_mib=PROOF_EPHEMERAL_MIB,
        )  # fmt: skip
        container = await self._booter.boot(ShelfKey(order, ()), AHEAD_MEMORY_MIB, None)
        ending = asyncio.create_task(container.aclose(), name="end of the proof")  # nobody needs to wait for it
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    async def sweep(self) -> int:
        """Remove what earlier engines of this home left: containers, sockets; containers again and again.

        A daemon may still be making one that an engine asked for which is dead by now.
        """
        if self._sweeping is None:
            self._sweeping = asyncio.create_task(self._sweep_again(), name="sweep of containers")
        swept = await self._sweep_containers() + await asyncio.to_thread(self._sweep_folders)
        return swept + await self._images.sweep(self._labels.boot_id)

    @property
    def base_image(self) -> str:
        """What images for the engine's own Python are built from."""
        return self._images.recipe(own_python().minor, ()).base

    async def has_base(self) -> bool:
        """Whether an image for the engine's own Python can be built without fetching anything."""
        return await self._images.is_at_hand(own_python().minor)

    async def _sweep_containers(self) -> int:
        old = [container_id for container_id, boot_id in await self._labelled() if boot_id != self._labels.boot_id]
        await asyncio.gather(*(self._removal.remove(container_id) for container_id in old))
        if self._distant is not None:
            await self._distant.sweep()
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
        await asyncio.gather(*self._endings)
        await asyncio.gather(*(environment.aclose() for environment in list(self._environments)))
        await self._pauses.aclose()
        await self._sampler.aclose()
        await self._booter.aclose()
        await self._images.aclose()
        with contextlib.suppress(SandboxError):
            own = [container_id for container_id, boot_id in await self._labelled() if boot_id == self._labels.boot_id]
            await asyncio.gather(*(self._removal.remove(container_id) for container_id in own))
        await self._removal.aclose()
        await self._sdk.aclose()
        if self._distant is not None:
            await self._distant.aclose()
        await asyncio.to_thread(shutil.rmtree, self._folder / self._labels.boot_id, ignore_errors=True)

    # -- containers ---------------------------------------------------------------------------------------------------------

    async def _container(self, spec: EnvironmentSpec) -> Container:
        """A container for this spec: one that waited, or a new one."""
        key = self._shelf_key(spec)
        container = await self._pool.get(key, lambda: self._boot(key, spec.memory_mib, spec.task_root))
        try:
            await container.specialise(spec.task_root, spec.memory_mib)
        except BaseException:
            await container.aclose()
            raise
        return container

    def _shelf_key(self, spec: EnvironmentSpec) -> ShelfKey:
        return shelf_key(spec, self.default_image)

    async def _boot_ahead(self, key: ShelfKey) -> Container:
        return await self._boot(key, AHEAD_MEMORY_MIB, None)

    async def _boot(self, key: ShelfKey, memory_mib: int, task_root: Path | None) -> Container:
        self._pauses.listen()
        container = await self._booter.boot(key, memory_mib, task_root)
        self._pauses.add(container)
        return container

    def _forget(self, environment: DockerEnvironment) -> None:
        self._sampler.remove(environment)
        self._environments.discard(environment)


def shelf_key(spec: EnvironmentSpec, default_image: str = HOST) -> ShelfKey:
    """What a spec's container has to be made from, and to have imported."""
    image = spec.image or default_image
    shown = spec.extra_path
    if image == BUILD:  # has its own packages, and of this machine's folders only what is mounted
        targets = [mount.target for mount in spec.mounts]
        shown = tuple(path for path in shown if any(path == top or path.startswith(f"{top}/") for top in targets))
    order = Order(
        python=spec.python or own_python(),
        image=image,
        requirements=spec.requirements if image == BUILD else (),
        has_package=not spec.is_own_code,
        extra_path=shown,
        mounts=spec.mounts,
        layers=spec.layers,
        network=spec.network or "none",
        ephemeral_mib=spec.ephemeral_mib,
    )
    return ShelfKey(order, tuple(sorted(spec.preload)) if spec.bootstrap is None and (order.is_host or order.is_built) else ())


def home_id(home: Path) -> str:
    """A home's short name in labels."""
    return hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]
