"""Whether containers can be had here: asked before an engine decides what it uses, and by booting one rather than by belief."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from jupyter_lambda.errors import JupyterLambdaError, SandboxError
from jupyter_lambda.sandbox.docker.daemon import Daemon
from jupyter_lambda.sandbox.docker.distant import Distance
from jupyter_lambda.sandbox.docker.host_image import BUILD, HOST
from jupyter_lambda.sandbox.docker.sandbox import DockerSandbox
from jupyter_lambda.sandbox.docker_daemon import find_daemon

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.sandbox.docker.built_images import ImageSettings


class DockerProspect(msgspec.Struct, frozen=True):
    """What came of looking."""

    usable: bool
    version: str = ""
    image: str = HOST  # what containers start from, unless a function chooses
    distance: Distance | None = None  # set where the daemon does not see this machine's files
    why: str = ""  # why not: a clause without a full stop
    deed: str = ""  # what to do about it: a sentence


async def open_docker_sandbox(
    home: Path,
    boot_id: str,
    clock: Clock,
    *,
    run_folder: Path,
    default_image: str = HOST,
    images: ImageSettings | None = None,
    distance: Distance | None = None,
) -> DockerSandbox:
    """A sandbox on the daemon that the environment names, else on this machine's.

    Args:
        home: The engine's home.
        boot_id: This engine's own.
        clock: Time.
        run_folder: Where the sockets are that containers reach the engine by; 0700, ours alone.
        default_image: What a function runs in that does not choose: `host` or `build`.
        images: How images are built.
        distance: Set for a daemon that does not see this machine's files: nothing is mounted, and containers connect over TCP.

    Raises:
        SandboxError: No daemon answers, or none whose API is known here; says what to do.
    """
    facts, endpoint = await asyncio.to_thread(find_daemon)
    if endpoint is None:
        raise SandboxError("docker sandbox", "no Docker daemon answers here", facts.note)
    daemon = await Daemon.open(endpoint)
    sandbox = DockerSandbox(
        daemon, home, boot_id, clock, run_folder=run_folder, default_image=default_image, images=images, distance=distance
    )
    try:
        await sandbox.open()
    except BaseException:
        await sandbox.aclose()
        raise
    return sandbox


async def look_for_docker(
    home: Path,
    boot_id: str,
    clock: Clock,
    *,
    run_folder: Path,
    image: str | None = None,
    images: ImageSettings | None = None,
    address: str = "",
) -> tuple[DockerProspect, DockerSandbox | None]:
    """Find a daemon and boot a container on this engine's own Python; some 0.4 s where it works.

    Without an `image` it is the `host` image, and where that does not work, one that is built, if its base image is there: at this
    moment nobody waits for gigabytes.

    The container has to connect to a socket of a random name in a folder of ours. A daemon that sees another machine's files (in a
    virtual machine, over the network, beside the container that we are in) has no such socket, and one with another kernel can't
    connect to it: neither could run the host image. For those, a container of a built image that nothing is mounted into is tried, which
    connects over TCP; with an `address` it is that and nothing else.

    Returns:
        What came of it, and the sandbox that was tried where it is usable.
    """
    refused: list[JupyterLambdaError] = []
    _, endpoint = await asyncio.to_thread(find_daemon)
    attempts = _attempts(image, address, is_here=endpoint is None or endpoint.is_here)
    for kind, distance in attempts if endpoint is not None else attempts[:1]:
        try:
            sandbox = await _open_proved(home, boot_id, clock, run_folder, kind, images, distance)
        except JupyterLambdaError as error:
            refused.append(error)
        else:
            return DockerProspect(usable=True, version=sandbox.version, image=kind, distance=distance), sandbox
    deeds = dict.fromkeys(each.suggestion for each in (refused[0], refused[-1]) if each.suggestion)
    return DockerProspect(usable=False, why=refused[0].what, deed=" Or: ".join(deeds)), None


def _attempts(image: str | None, address: str, *, is_here: bool) -> list[tuple[str, Distance | None]]:
    """What is tried, in this order."""
    far = Distance(address=address)
    if address or not is_here:
        return [(image or BUILD, far)]
    beside: list[tuple[str, Distance | None]] = [(kind, None) for kind in ([image] if image else [HOST, BUILD])]
    return beside if image == HOST else [*beside, (BUILD, far)]


async def _open_proved(
    home: Path,
    boot_id: str,
    clock: Clock,
    run_folder: Path,
    kind: str,
    images: ImageSettings | None,
    distance: Distance | None,
) -> DockerSandbox:
    """A sandbox in which a container of one kind booted (JupyterLambdaError: it did not work)."""
    sandbox = await open_docker_sandbox(
        home, boot_id, clock, run_folder=run_folder, default_image=kind, images=images, distance=distance
    )
    try:
        await _prove(sandbox, kind)
    except BaseException:
        await sandbox.aclose()
        raise
    return sandbox


async def _prove(sandbox: DockerSandbox, kind: str) -> None:
    if kind == BUILD and not await sandbox.has_base():
        base = sandbox.base_image
        raise SandboxError(
            "docker sandbox", f"the daemon has no base image {base} to build on",
            f"Run `docker pull {base}`, or start the engine with --set docker_base_image=REF.",
        )  # fmt: skip
    await sandbox.prove()
