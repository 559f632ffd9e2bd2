"""Boots containers: image, binds, first process, imports; a few at a time."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import secrets
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.errors import InvalidRuntime, SandboxError
from jupyter_lambda.sandbox.docker.binds import Bind, interpreter_folders, mount_binds, one_to_a_place, same_place
from jupyter_lambda.sandbox.docker.container import Container, Labels, Order
from jupyter_lambda.sandbox.docker.daemon import DaemonRefused
from jupyter_lambda.sandbox.docker.guest_image import guest_binds, read_image
from jupyter_lambda.sandbox.docker.host_image import ensure_host_image, system_folders
from jupyter_lambda.sandbox.mounts import check_mounts
from jupyter_lambda.sandbox.opt_folder import opt_mounts
from jupyter_lambda.sandbox.process.spawn_request import own_python
from jupyter_lambda.sandbox.process.zygote import Unfit

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from jupyter_lambda.model.function import PythonEnvironment
    from jupyter_lambda.sandbox.docker.built_images import BuiltImage, BuiltImages
    from jupyter_lambda.sandbox.docker.daemon import Daemon
    from jupyter_lambda.sandbox.docker.distant import DistantBooter
    from jupyter_lambda.sandbox.docker.pool import ShelfKey
    from jupyter_lambda.sandbox.docker.removal import Removal

log = logging.getLogger(__name__)
# The daemon starts containers one after another, more or less: with more at a time each only takes longer, and others wait too.
BOOTS_AT_A_TIME: Final = 4
_LAST_BOOTS_SECONDS: Final = 10.0
_NOT_FOUND: Final = 404


class Booter:
    """Boots containers on one daemon.

    Args:
        daemon: The daemon.
        removal: Removes what did not come up.
        home: The engine's home, which no container sees; resolved.
        folder: Where containers' sockets and waiting packages are.
        labels: Whose the containers are.
        images: Finds and builds images.
        distant: Boots them instead where the daemon sees nothing of this machine.
    """

    def __init__(
        self,
        daemon: Daemon,
        removal: Removal,
        home: Path,
        folder: Path,
        labels: Labels,
        images: BuiltImages,
        distant: DistantBooter | None = None,
    ) -> None:
        self._distant = distant
        self._home = home
        self._folder = folder
        self._daemon = daemon
        self._images = images
        self._start = functools.partial(Container.boot, daemon, removal, labels=labels)
        self._places = asyncio.Semaphore(BOOTS_AT_A_TIME)
        self._unfit: dict[PythonEnvironment, set[str]] = {}
        self._host_image: asyncio.Task[str] | None = None
        self._is_closed = False

    async def boot(self, key: ShelfKey, memory_mib: int, task_root: Path | None) -> Container:
        """Boot a container that has imported the key's modules; what can't be imported there is left out from then on.

        Args:
            key: What it is made from.
            memory_mib: Its limit for now.
            task_root: Its package; None for one that is given a package later.

        Raises:
            SandboxError: It could not be made.
            InvalidRuntime: The interpreter is gone, or is another minor version now.
        """
        order, built = await self._settle(key.order)
        if self._distant is None:
            _check_interpreter(order)
        binds = await asyncio.to_thread(self._binds, order)
        unfit = self._unfit.setdefault(order.python, set())
        while True:
            wanted = sorted(set(key.modules) - unfit)
            container = await self._make(order, binds, memory_mib, task_root, built)
            try:
                await _preload(container, order, wanted, is_ours=self._distant is None)
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

    async def aclose(self) -> None:
        """Boot no more; wait for boots under way, which see that nobody wants them. Safe to call twice."""
        if self._is_closed:
            return
        self._is_closed = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_BOOTS_SECONDS):
                for _ in range(BOOTS_AT_A_TIME):
                    await self._places.acquire()
        if self._host_image is not None:
            self._host_image.cancel()
            await asyncio.gather(self._host_image, return_exceptions=True)

    async def _settle(self, order: Order) -> tuple[Order, BuiltImage | None]:
        """An order whose image is built runs on that image's interpreter."""
        if not order.is_built:
            return order, None
        built = await self._images.ensure(order.python.minor, order.requirements)
        return msgspec.structs.replace(order, python=built.python), built

    async def _make(
        self, order: Order, binds: list[Bind], memory_mib: int, task_root: Path | None, built: BuiltImage | None
    ) -> Container:
        async with self._places:
            if self._is_closed:
                raise SandboxError("docker sandbox", "it is closed", "Start the engine again.")
            if self._distant is not None:
                name = f"jupyter-lambda-{secrets.token_hex(8)}"
                return await self._distant.boot(order, memory_mib, task_root, name, built)
            start = functools.partial(self._start, order, binds=binds, memory_mib=memory_mib, task_root=task_root)
            if order.is_host:
                return await self._from_host_image(start)
            if built is not None:
                container = await start(image=built.reference, folder=self._new_folder())
                container.variables = built.variables
                return container
            configuration = await read_image(self._daemon, str(order.image))
            container = await start(image=str(order.image), folder=self._new_folder())
            container.image = configuration
            return container

    async def _from_host_image(self, start: functools.partial[Coroutine[Any, Any, Container]]) -> Container:
        """Start from the host image; it is made again if somebody has deleted it."""
        image = await self._image()
        try:
            return await start(image=image, folder=self._new_folder())
        except DaemonRefused as error:
            if error.status != _NOT_FOUND:
                raise
        log.warning("the image %s is gone and is made again", image)
        self._host_image = None
        return await start(image=await self._image(), folder=self._new_folder())

    async def _image(self) -> str:
        if self._host_image is None or (self._host_image.done() and self._host_image.exception() is not None):
            self._host_image = asyncio.create_task(ensure_host_image(self._daemon))
        return await asyncio.shield(self._host_image)

    def _new_folder(self) -> Path:
        return self._folder / secrets.token_hex(8)

    def _binds(self, order: Order) -> list[Bind]:
        check_mounts(order.mounts, self._home)
        if self._distant is not None:
            return []
        if order.is_built:
            return mount_binds(order.mounts)
        if not order.is_host:
            return guest_binds(order.mounts)
        folders = interpreter_folders(order.python, order.extra_path, self._home)
        mounts = (*order.mounts, *opt_mounts(order.layers, [*folders, *(mount.target for mount in order.mounts)]))
        return one_to_a_place([*same_place(folders, system_folders()), *mount_binds(mounts)])


def _check_interpreter(order: Order) -> None:
    if order.is_host and not os.access(order.python.executable, os.X_OK):
        raise InvalidRuntime(
            f"interpreter {order.python.executable}", "it is gone or can't be run any more",
            "Deploy the function again from a kernel that exists, or restore the environment.",
        )  # fmt: skip


async def _preload(container: Container, order: Order, modules: list[str], *, is_ours: bool) -> None:
    if order.is_host or order.is_built:
        await container.holder.preload(order.python, (*order.extra_path, *order.python.sys_path), modules)
    elif is_ours:  # the holder runs on our own interpreter, and the worker on whatever the image has
        await container.holder.preload(own_python(), (), ())
    else:  # on the image's, whichever that is
        await container.holder.preload(msgspec.structs.replace(own_python(), version=""), (), ())
