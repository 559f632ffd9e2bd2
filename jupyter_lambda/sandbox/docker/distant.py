"""Containers of a daemon that does not see this machine's files or sockets: in a virtual machine (Docker Desktop), or far away.

Nothing can be mounted there. What a container needs (our runtime, the package, `--mount` folders) is copied into volumes of its
own, which belong to root inside, so that its user can't write; its interpreter has to be in its image; and it connects to the engine
over TCP (`gateway.py`, `tunnel.py`). The secret goes to its standard input: no file, no variable, no inspection of the container has it.

    create ─▶ files put in ─▶ standard input attached ─▶ start, secret written ─▶ it connects ─▶ hello ─▶ as in `container.py`

Without a network a container could not connect. So there is one of ours per engine, an internal one: no way out, nobody else in it who
can be reached, only this machine's end of it. Behind a virtual machine an internal network does not lead here; then it is the daemon's
usual one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.sandbox.docker.binds import RUNTIME
from jupyter_lambda.sandbox.docker.container import LABEL, RUNTIME_PORT, TASK_ROOT, Container, create_body, give_up, hello_or_end
from jupyter_lambda.sandbox.docker.container_group import ContainerGroup
from jupyter_lambda.sandbox.docker.control_socket import Hello
from jupyter_lambda.sandbox.docker.gateway import Gateway, Way, find_way
from jupyter_lambda.sandbox.docker.guest_image import read_image
from jupyter_lambda.sandbox.docker.tunnel import ReportedGroup, Tunnel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_lambda.sandbox.docker.built_images import BuiltImage
    from jupyter_lambda.sandbox.docker.container import Labels, Order
    from jupyter_lambda.sandbox.docker.daemon import Daemon
    from jupyter_lambda.sandbox.docker.gateway import Expected
    from jupyter_lambda.sandbox.docker.removal import Removal

OURS: Final = "/run/jupyter-lambda"
_USUAL_NETWORK: Final = "bridge"
_LETTERS_KEPT: Final = 8


class Distance(msgspec.Struct, frozen=True, kw_only=True):
    """What a user sets for a daemon that is not beside this engine.

    Attributes:
        address: What its containers call this machine; empty: found.
    """

    address: str = ""


class DistantContainer(Container):
    """A container behind a TCP connection."""

    def __init__(
        self, daemon: Daemon, removal: Removal, container_id: str, order: Order, tunnel: Tunnel, *, has_package: bool
    ) -> None:
        super().__init__(daemon, removal, container_id, order, Hello(tunnel.control, None, -1, -1), None)
        self.group = ContainerGroup(daemon, container_id, ReportedGroup(tunnel))
        self._daemon = daemon
        self._tunnel = tunnel
        self._has_package = has_package

    def runtime_relay(self, address: str) -> _TunnelRelay:
        """From the Runtime API's address inside to `address`; the tunnel carries it."""
        return _TunnelRelay(self._tunnel, address)

    async def specialise(self, task_root: Path, memory_mib: int) -> None:
        """Make it a function's: its package, where it waited without one, and its limits (SandboxError)."""
        await super().specialise(task_root, memory_mib)
        if not self._has_package:
            await put_folder(self._daemon, self.container_id, str(task_root), TASK_ROOT)
            self._has_package = True

    async def aclose(self, *, by_force: bool = False) -> None:
        """End and remove it. Safe to call twice."""
        await super().aclose(by_force=by_force)
        await self._tunnel.aclose()


class _TunnelRelay:
    def __init__(self, tunnel: Tunnel, address: str) -> None:
        self._tunnel, self._address = tunnel, address

    async def open(self) -> None:
        """Lead connections there from now on."""
        self._tunnel.serve_runtime_api(self._address)

    async def aclose(self) -> None:
        """They end with the tunnel."""


class DistantBooter:
    """Boots containers on one daemon that sees nothing of this machine; `open` comes first."""

    def __init__(self, daemon: Daemon, removal: Removal, labels: Labels, distance: Distance) -> None:
        self._daemon, self._removal, self._labels, self._distance = daemon, removal, labels, distance
        self._gateways: dict[str, Gateway] = {}
        self._ways: dict[str, Way] = {}
        self._network_id = ""
        self._finding = asyncio.Lock()

    @property
    def has_closed_network(self) -> bool:
        """Whether a container without network really has none but the way to the engine."""
        return bool(self._network_id)

    async def open(self) -> None:
        """Find the way for containers without network: it decides what can be promised (SandboxError)."""
        await self._way("none")

    async def boot(self, order: Order, memory_mib: int, task_root: Path | None, name: str, built: BuiltImage | None) -> Container:
        """Boot a container on an image that was built, or else on the one that the order names, which has to have a `python3`.

        Raises:
            SandboxError: It could not be made, or ended before it was up.
            RequestError: The image says nothing about how it is run.
        """
        if order.is_host:
            raise SandboxError(
                "docker sandbox", "this Docker daemon does not see this machine's files, so it has no interpreter for its containers",
                "Start the engine with --set docker_image=build, deploy with --image, or use --sandbox process.",
            )  # fmt: skip
        image = built.reference if built is not None else str(order.image)
        configuration = None if built is not None else await read_image(self._daemon, image)
        way = await self._way(order.network)
        gateway = self._gateways.setdefault(way.listen, Gateway(way.listen))
        expected = await gateway.expect(way.host)
        try:
            container = await self._boot(order, image, way, expected, memory_mib, task_root, name)
        finally:
            gateway.forget(expected)
        container.image = configuration
        container.variables = built.variables if built else {}
        return container

    async def sweep(self) -> None:
        """Remove networks of earlier engines of this home; one that is still used is for the next time (SandboxError)."""
        labels = [f"{LABEL}.home={self._labels.home_id}"]
        for each in await self._daemon.call("GET", "/networks", query={"filters": {"label": labels}}) or ():
            if (each.get("Labels") or {}).get(f"{LABEL}.boot") != self._labels.boot_id:
                with contextlib.suppress(SandboxError):
                    await self._daemon.call("DELETE", f"/networks/{each['Id']}", missing_ok=True)

    async def aclose(self) -> None:
        """Close the doors and remove the network; containers are gone by now. Safe to call twice."""
        await asyncio.gather(*(gateway.aclose() for gateway in self._gateways.values()))
        await self._remove_network()

    # -- booting ------------------------------------------------------------------------------------------------------------

    async def _boot(
        self, order: Order, image: str, way: Way, expected: Expected, memory_mib: int, task_root: Path | None, name: str
    ) -> Container:
        folders = _folders(order, task_root)
        body = distant_body(order, image, way, expected.address, [target for _, target in folders], memory_mib, self._labels)
        creating = asyncio.ensure_future(self._daemon.call("POST", "/containers/create", query={"name": name}, body=body))
        tunnel = None
        try:
            container_id = str((await asyncio.shield(creating))["Id"])
            for source, target in folders:
                if source is not None:
                    await put_folder(self._daemon, container_id, source, target)
            async with self._daemon.stdin(container_id) as stdin:
                stdin.write(expected.handed_in)
                await stdin.drain()
                await self._daemon.call("POST", f"/containers/{container_id}/start")
                tunnel = Tunnel(*await hello_or_end(self._daemon, container_id, expected.came))
            await tunnel.hello()
        except BaseException:
            if tunnel is not None:
                await tunnel.aclose()
                tunnel.control.close()
            await asyncio.shield(give_up(creating, self._removal, name, None))
            raise
        is_whole = task_root is not None or not order.has_package
        return DistantContainer(self._daemon, self._removal, container_id, order, tunnel, has_package=is_whole)

    # -- the network --------------------------------------------------------------------------------------------------------

    async def _way(self, network: str) -> Way:
        async with self._finding:
            if network not in self._ways:
                self._ways[network] = await (self._closed_way() if network == "none" else self._open_way(network))
            return self._ways[network]

    async def _open_way(self, network: str) -> Way:
        return await find_way(self._daemon, network, self._distance.address)

    async def _closed_way(self) -> Way:
        """Through a network of ours if its end is this machine's; else through the usual one."""
        if self._distance.address:
            return await self._open_way(_USUAL_NETWORK)
        name = f"jupyter-lambda-{self._labels.home_id}-{self._labels.boot_id[:_LETTERS_KEPT]}"
        body = {
            "Name": name, "Driver": "bridge", "Internal": True, "Labels": self._labels.as_dict(),
            "Options": {"com.docker.network.bridge.enable_icc": "false"},
        }  # fmt: skip
        self._network_id = str((await self._daemon.call("POST", "/networks/create", body=body))["Id"])
        way = await find_way(self._daemon, name, "")
        if way.host == way.listen:
            return way
        await self._remove_network()
        return await self._open_way(_USUAL_NETWORK)

    async def _remove_network(self) -> None:
        network, self._network_id = self._network_id, ""
        if network:
            with contextlib.suppress(SandboxError):  # the daemon is away: the next start's sweep
                await self._daemon.call("DELETE", f"/networks/{network}", missing_ok=True)


def _folders(order: Order, task_root: Path | None) -> list[tuple[str | None, str]]:
    """What is copied into which volume; None: later."""
    mounts = [(mount.source, mount.target) for mount in order.mounts]
    for source, _ in mounts:
        if not Path(source).is_dir():
            raise SandboxError(
                f'mount "{source}"',
                "there is no such folder here to copy",
                "Deploy again with a folder (not a single file) that exists.",
            )
    package = [(None if task_root is None else str(task_root), TASK_ROOT)] if order.has_package else []
    return [(str(RUNTIME), OURS), *package, *mounts]


def distant_body(
    order: Order, image: str, way: Way, address: str, volumes: Iterable[str], memory_mib: int, labels: Labels
) -> dict[str, Any]:
    """The body of `POST /containers/create`: the walls of `create_body`, with volumes for binds and a network with one way."""
    python = order.python.executable if order.is_built else "python3"
    entry = [python, "-I", f"{OURS}/entry.py", "container", f"tcp:{address}", str(RUNTIME_PORT)]
    body = create_body(order, image, (), memory_mib, labels, entry)
    body["Env"] = [each for each in body["Env"] if not each.startswith("PATH=")]  # the image knows where its Python is
    host = body["HostConfig"]
    volume = {"NoCopy": True, "Labels": labels.as_dict()}
    host["Mounts"] = [{"Type": "volume", "Target": target, "VolumeOptions": volume} for target in volumes]
    host["NetworkMode"] = way.network
    host["ExtraHosts"] += way.extra_hosts
    return {**body, "OpenStdin": True, "StdinOnce": True, "AttachStdin": True}


async def put_folder(daemon: Daemon, container_id: str, source: str, target: str) -> None:
    """Copy a folder's content, or a file, into a container's volume; it is root's there, and everybody may read it.

    Raises:
        SandboxError: It can't be read, the disk is full, or the daemon refused.
    """
    with tempfile.TemporaryFile() as file:
        try:
            await asyncio.to_thread(_pack, source, file)
        except OSError as error:
            raise SandboxError(
                "docker sandbox", f"{source} can't be copied into a container ({error})", "Is it readable, and is there room in $TMPDIR?"
            ) from error  # fmt: skip
        await daemon.call("PUT", f"/containers/{container_id}/archive", query={"path": target}, body=file)


def _pack(source: str, file: Any) -> None:
    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if entry.name.endswith("__pycache__"):
            return None  # another Python's, as like as not
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
        return entry

    with tarfile.open(fileobj=file, mode="w") as tar:
        if os.path.isdir(source):  # noqa: PTH112 - text all along
            tar.add(source, ".", filter=plain)
        else:
            tar.add(source, Path(source).name, filter=plain)
