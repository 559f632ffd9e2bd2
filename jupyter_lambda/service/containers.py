"""Whether an engine can use containers, and the docker sandbox it then uses; nothing of it is loaded by an engine of process workers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from jupyter_lambda.sandbox.docker.built_images import ImageSettings
from jupyter_lambda.sandbox.docker.prospect import DockerProspect, look_for_docker, open_docker_sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.sandbox.docker.sandbox import DockerSandbox
    from jupyter_lambda.service.plan import Plan
    from jupyter_lambda.service.settings import Settings

_FOLDER: Final = "environments"


async def prospect(home: Path, state_folder: Path, clock: Clock, settings: Settings) -> DockerProspect:
    """Find a daemon and try it; see `look_for_docker`."""
    return await look_for_docker(
        home, clock, run_folder=state_folder / _FOLDER, image=settings.docker_image, images=_images(settings)
    )


async def open_containers(plan: Plan) -> DockerSandbox:
    """The sandbox of an engine that chose containers.

    Raises:
        SandboxError: The daemon went since.
    """
    return await open_docker_sandbox(
        plan.run.home,
        os.urandom(8).hex(),  # tells this engine's containers from those that an earlier one left
        plan.clock,
        run_folder=plan.location.folder / _FOLDER,
        default_image=plan.arguments.settings.docker_image or plan.sandbox.image,
        images=_images(plan.arguments.settings),
    )


def _images(settings: Settings) -> ImageSettings:
    wheels = settings.wheel_folder
    return ImageSettings(base=settings.docker_base_image, wheel_folder=str(wheels.resolve()) if wheels else None)
