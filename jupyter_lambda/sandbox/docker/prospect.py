"""Whether containers can be had here: asked before an engine decides what it uses, and by booting one rather than by belief."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import msgspec

from jupyter_lambda.errors import JupyterLambdaError, SandboxError
from jupyter_lambda.sandbox.docker.daemon import Daemon
from jupyter_lambda.sandbox.docker.sandbox import DockerSandbox
from jupyter_lambda.sandbox.docker_daemon import docker_facts

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.clock import Clock


class DockerProspect(msgspec.Struct, frozen=True):
    """What came of looking."""

    usable: bool
    version: str = ""
    why: str = ""  # why not: a clause without a full stop
    deed: str = ""  # what to do about it: a sentence


async def open_docker_sandbox(home: Path, boot_id: str, clock: Clock, *, run_folder: Path) -> DockerSandbox:
    """A sandbox on this machine's daemon.

    Args:
        home: The engine's home.
        boot_id: This engine's own.
        clock: Time.
        run_folder: Where the sockets are that containers reach the engine by; 0700, ours alone.

    Raises:
        SandboxError: No daemon answers, or none whose API is known here; says what to do.
    """
    facts = await asyncio.to_thread(docker_facts)
    if not facts.answers:
        raise SandboxError("docker sandbox", "no Docker daemon answers here", facts.note)
    daemon = await Daemon.open(facts.address)
    return DockerSandbox(daemon, home, boot_id, clock, run_folder=run_folder)


async def look_for_docker(home: Path, clock: Clock, *, run_folder: Path) -> DockerProspect:
    """Find a daemon and boot a container on this engine's own interpreter; half a second where it works.

    The container has to connect to a socket of a random name in a folder of ours. A daemon that sees another machine's files (in a
    virtual machine, over the network, beside the container that we are in) has no such socket, and one with another kernel can't
    connect to it: neither could run the host image.
    """
    sandbox: DockerSandbox | None = None
    try:
        sandbox = await open_docker_sandbox(home, f"proof-{secrets.token_hex(4)}", clock, run_folder=run_folder)
        await sandbox.prove()
    except JupyterLambdaError as error:
        return DockerProspect(usable=False, why=error.what, deed=error.suggestion)
    finally:
        if sandbox is not None:
            await sandbox.aclose()
    return DockerProspect(usable=True, version=sandbox.version)
