"""Whether an engine can use containers, and the docker sandbox it then uses; nothing of it is loaded by an engine of process workers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from jupyter_lambda.sandbox.docker.prospect import DockerProspect, look_for_docker, open_docker_sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.sandbox.docker.sandbox import DockerSandbox
    from jupyter_lambda.service.plan import Plan

_FOLDER: Final = "environments"


async def prospect(home: Path, state_folder: Path, clock: Clock) -> DockerProspect:
    """Find a daemon and try it; see `look_for_docker`."""
    return await look_for_docker(home, clock, run_folder=state_folder / _FOLDER)


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
    )
