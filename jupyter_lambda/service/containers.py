"""Whether an engine can use containers, and the docker sandbox it then uses; nothing of it is loaded by an engine of process workers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.sandbox.docker.built_images import ImageSettings
from jupyter_lambda.sandbox.docker.prospect import DockerProspect, look_for_docker

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.sandbox.docker.sandbox import DockerSandbox
    from jupyter_lambda.service.plan import Plan
    from jupyter_lambda.service.settings import Settings

_FOLDER: Final = "environments"


async def find_containers(
    home: Path, state_folder: Path, clock: Clock, settings: Settings
) -> tuple[DockerProspect, DockerSandbox | None]:
    """Find a daemon and try it; see `look_for_docker`."""
    boot_id = os.urandom(8).hex()  # tells this engine's containers from those that an earlier one left
    return await look_for_docker(
        home, boot_id, clock, run_folder=state_folder / _FOLDER, image=settings.docker_image, images=_images(settings),
        address=settings.docker_gateway or "",
    )  # fmt: skip


async def open_containers(plan: Plan) -> DockerSandbox:
    """The docker sandbox of an engine that did not look for one when it started.

    Raises:
        SandboxError: It can't be had; says why and what to do.
    """
    prospect, sandbox = await find_containers(plan.run.home, plan.location.folder, plan.clock, plan.arguments.settings)
    if sandbox is None:
        raise SandboxError("sandbox docker", prospect.why, prospect.deed)
    return sandbox


def _images(settings: Settings) -> ImageSettings:
    wheels = settings.wheel_folder
    return ImageSettings(base=settings.docker_base_image, wheel_folder=str(wheels.resolve()) if wheels else None)
