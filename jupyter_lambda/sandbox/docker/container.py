"""One container: made, booted, and removed; what runs in it is its environment's business.

    create ─▶ start ─▶ its first process says hello over the mounted socket ─▶ it imports ─▶ ready for one worker at a time

The wait for hello ends early when the container ends, so that a broken image is told at once. Whatever fails, the container is removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import msgspec

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.model import limits
from jupyter_lambda.model.function import Mount, PythonEnvironment
from jupyter_lambda.sandbox.docker.binds import RUNTIME, Bind
from jupyter_lambda.sandbox.docker.container_group import ContainerGroup, find_group, group_limits
from jupyter_lambda.sandbox.docker.control_socket import IN_CONTAINER, ControlSocket, Hello
from jupyter_lambda.sandbox.docker.daemon import DaemonGone
from jupyter_lambda.sandbox.docker.guest_image import guest_entry
from jupyter_lambda.sandbox.docker.holder import Holder
from jupyter_lambda.sandbox.docker.host_image import BUILD, HOST, container_user
from jupyter_lambda.sandbox.docker.image_recipe import RUNTIME_INSIDE
from jupyter_lambda.sandbox.docker.runtime_relay import RuntimeRelay
from jupyter_lambda.sandbox.docker.staging import fill_staging, make_staging
from jupyter_lambda.sandbox.own_names import OWN_NAMES
from jupyter_lambda.sandbox.process.groups import MIB
from jupyter_lambda.sandbox.process.zygote import PRELOADING_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable
    from pathlib import Path

    from jupyter_lambda.sandbox.docker.daemon import Daemon
    from jupyter_lambda.sandbox.docker.guest_image import ImageConfiguration
    from jupyter_lambda.sandbox.docker.removal import Removal

TASK_ROOT: Final = "/var/task"  # where Lambda has it
RUNTIME_PORT: Final = 9001  # as in the images that AWS publishes: AWS_LAMBDA_RUNTIME_API is 127.0.0.1:9001
LABEL: Final = "jupyter-lambda"
BOOT_SECONDS: Final = 30.0
_ENDING_SECONDS: Final = 10.0
T = TypeVar("T")


class Relay(Protocol):
    """Leads connections to the Runtime API's address inside a container to the engine."""

    async def open(self) -> None:
        """Begin."""
        ...

    async def aclose(self) -> None:
        """End; safe to call twice."""
        ...


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a container is made from that can't be changed later: two specs with equal orders can use each other's container."""

    python: PythonEnvironment
    image: str | None
    requirements: tuple[str, ...] = ()  # that a built image has; else they are in `extra_path`
    has_package: bool = True  # False: the image brings the code
    extra_path: tuple[str, ...]
    mounts: tuple[Mount, ...]
    layers: str = ""  # the folder with the function's layers
    network: str
    ephemeral_mib: int

    @property
    def is_host(self) -> bool:
        """Whether it is filled with this machine's own directories."""
        return self.image in (None, HOST)

    @property
    def is_built(self) -> bool:
        """Whether it starts from an image that is built for it."""
        return self.image == BUILD

    @property
    def program(self) -> list[str]:
        """What begins the command line of its first process."""
        if self.is_host:
            return [self.python.executable, "-I", str(RUNTIME / "entry.py")]
        if self.is_built:
            return [self.python.executable, "-I", f"{RUNTIME_INSIDE}/entry.py"]
        return guest_entry()


class Labels(msgspec.Struct, frozen=True):
    """Whose a container is."""

    home_id: str
    boot_id: str

    def as_dict(self) -> dict[str, str]:
        """As the daemon keeps them."""
        return {f"{LABEL}.home": self.home_id, f"{LABEL}.boot": self.boot_id}


def create_body(
    order: Order, image: str, binds: Iterable[Bind], memory_mib: int, labels: Labels, entry: list[str] | None = None
) -> dict[str, Any]:
    """The body of `POST /containers/create`: every wall of the sandbox in one place.

    `entry` is the first process's command where it is not the one that the binds bring.
    """
    uid, gid = container_user()
    if entry is None:
        entry = [*order.program, "container", IN_CONTAINER, str(RUNTIME_PORT)]
    return {
        "Image": image,
        "Entrypoint": entry,
        "Cmd": [],
        "User": f"{uid}:{gid}",
        "WorkingDir": "/",
        "StopSignal": "SIGKILL",  # a first process hears no other: who stops the daemon or a container need not wait for it
        "Env": [f"{name}={value}" for name, value in PRELOADING_VARIABLES.items()],
        "Labels": labels.as_dict(),
        "HostConfig": {
            **group_limits(memory_mib, order.ephemeral_mib),
            "PidsLimit": limits.PROCESSES + 1,  # the first process is ours
            "Ulimits": [_ulimit("nofile", limits.FILE_DESCRIPTORS), _ulimit("core", 0)],
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "ReadonlyRootfs": True,
            "NetworkMode": order.network,
            "ExtraHosts": [f"{name}:127.0.0.1" for name in OWN_NAMES],
            "IpcMode": "private",
            "ShmSize": limits.MEMORY_MIB_MAX * MIB,  # what it holds is the function's memory, and bounded as that
            "Tmpfs": {"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={order.ephemeral_mib}m"},  # noqa: S108 - the container's
            "Mounts": [bind.as_mount() for bind in binds],
            "AutoRemove": True,  # when the engine is killed its containers end with their connection, and go
            "LogConfig": {"Type": "none"},
        },
    }


def _ulimit(name: str, value: int) -> dict[str, Any]:
    return {"Name": name, "Soft": value, "Hard": value}


class Container:
    """A booted container; a process id of 0 or less in its `hello` stands for one that this host does not see."""

    def __init__(
        self, daemon: Daemon, removal: Removal, container_id: str, order: Order, hello: Hello, staging: Path | None
    ) -> None:
        self.image: ImageConfiguration | None = None  # of somebody's own image: how what is in it is run
        self.variables: dict[str, str] = {}  # of a built image
        self.end_note = ""  # why it was ended, where that was neither its environment's nor its own doing
        self._removal = removal
        self.container_id = container_id
        self.order = order
        self._listener = hello.listener
        self.tmp = hello.tmp
        self.first_pid = hello.pid
        self.holder = Holder(hello.control, hello.pid if hello.pid > 0 else None)
        self.group = ContainerGroup(daemon, container_id, find_group(hello.pid))
        self._staging = staging
        self._gone = asyncio.Event()
        self._pidfd = _open_pidfd(hello.pid)
        if self._pidfd >= 0:
            asyncio.get_running_loop().add_reader(self._pidfd, self._on_gone)

    @classmethod
    async def boot(
        cls,
        daemon: Daemon,
        removal: Removal,
        order: Order,
        image: str,
        binds: Iterable[Bind],
        *,
        memory_mib: int,
        labels: Labels,
        folder: Path,
        task_root: Path | None,
    ) -> Container:
        """Make and start a container, and wait until its first process has said hello.

        `folder` is made for its socket; `task_root` is its package, None for one that is given a package later.

        Raises:
            SandboxError: It could not be made, or ended before it was up.
        """
        staging = make_staging(folder.with_suffix(".task")) if task_root is None and order.has_package else None
        control = ControlSocket(folder)
        name = f"jupyter-lambda-{labels.home_id}-{folder.name}"
        package = [Bind(str(staging or task_root), TASK_ROOT)] if order.has_package else []
        all_binds = [*binds, *package, Bind(str(control.path), IN_CONTAINER)]
        body = create_body(order, image, all_binds, memory_mib, labels)
        creating = asyncio.ensure_future(daemon.call("POST", "/containers/create", query={"name": name}, body=body))
        try:
            container_id = str((await asyncio.shield(creating))["Id"])
            await daemon.call("POST", f"/containers/{container_id}/start")
            hello = await hello_or_end(daemon, container_id, control.hello())
        except BaseException:
            control.close()
            await asyncio.shield(give_up(creating, removal, name, staging))
            raise
        return cls(daemon, removal, container_id, order, hello, staging)

    async def specialise(self, task_root: Path, memory_mib: int) -> None:
        """Make it a function's: its package, where it waited without one, and its limits.

        Raises:
            SandboxError: The package can't be shown, or the daemon refused.
        """
        await self.group.take_limits(memory_mib, self.order.ephemeral_mib)
        if self._staging is not None:
            try:
                await asyncio.to_thread(fill_staging, self._staging, task_root)
            except OSError as error:
                raise SandboxError(
                    "docker sandbox", f"the package can't be put into its container ({error})", "Is the disk full?"
                ) from error

    def runtime_relay(self, address: str) -> Relay:
        """What serves the Runtime API's address inside from `address`, once it is opened."""
        assert self._listener is not None  # noqa: S101 - every container that mounted our socket showed one
        return RuntimeRelay(self._listener, address)

    @property
    def is_gone(self) -> bool:
        """Whether its first process has left us."""
        return self.holder.is_gone

    def tmp_bytes(self) -> int:
        """What `/tmp` holds."""
        if self.tmp < 0:
            return 0
        figures = os.fstatvfs(self.tmp)
        return (figures.f_blocks - figures.f_bfree) * figures.f_frsize

    async def until_gone(self) -> None:
        """Wait until every process of the container has ended."""
        if self._pidfd < 0:
            await self._removal.remove(self.container_id)
            return
        await self._gone.wait()

    async def aclose(self, *, by_force: bool = False) -> None:
        """End and remove it. Safe to call twice, also at a time.

        Args:
            by_force: Its first process does not obey (somebody paused the container): do not wait for it to end by itself.
        """
        if by_force:
            await self._removal.remove(self.container_id)
        await self.holder.aclose()
        if self._listener is not None:
            self._listener.close()
        if self.tmp >= 0:
            os.close(self.tmp)
            self.tmp = -1
        await self._removal.remove(self.container_id)
        if self._pidfd >= 0:
            await self._until_ended()
        if (
            self._pidfd >= 0
        ):  # nobody else has closed it meanwhile: whoever paused it, its environment and the engine's end may all come
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
            self._gone.set()
        self.group.close()
        await asyncio.to_thread(_remove_folder, self._staging)

    async def _until_ended(self) -> None:
        """A daemon that was too busy to remove it, or away, has not ended it: its first process ends with our connection."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ENDING_SECONDS):
                await self._gone.wait()

    def _on_gone(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        self._gone.set()


async def give_up(creating: asyncio.Future[Any], removal: Removal, name: str, staging: Path | None) -> None:
    """Remove what was made so far; a request that is under way is answered first, or it would make a container after this."""
    await asyncio.wait({creating})
    if not creating.cancelled():
        creating.exception()  # it was told where it was awaited
    await removal.remove(name)
    await asyncio.to_thread(_remove_folder, staging)


def _remove_folder(folder: Path | None) -> None:
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


async def hello_or_end(daemon: Daemon, container_id: str, coming: Awaitable[T]) -> T:
    """Wait for what a container says first; when it has ended or time is up, it says nothing any more (SandboxError)."""
    hello = asyncio.ensure_future(coming)
    ended = asyncio.ensure_future(daemon.call("POST", f"/containers/{container_id}/wait", seconds=None, missing_ok=True))
    try:
        await asyncio.wait({hello, ended}, timeout=BOOT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if hello.done():
            return hello.result()
        if ended.done():
            answer = ended.result() or {}
            raise SandboxError(
                "docker sandbox", f"the container ended with status {answer.get('StatusCode', 'unknown')} before it could reach the engine",
                "Its image may hold another system than the interpreter was built for, or the daemon does not see this machine's files.",
            )  # fmt: skip
        raise DaemonGone(f"no container was up after {BOOT_SECONDS:g} s")
    finally:
        for task in (hello, ended):
            task.cancel()
        await asyncio.gather(hello, ended, return_exceptions=True)


def _open_pidfd(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except OSError:
        return -1  # a daemon in another pid namespace: it is asked instead
