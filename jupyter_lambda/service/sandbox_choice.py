"""Which sandbox an engine uses, and the sentence that says why and how to switch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_lambda.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.sandbox.docker.prospect import DockerProspect

_LIMITS = "Process workers isolate mistakes, not hostile code."


@dataclass(frozen=True, slots=True)
class SandboxChoice:
    """A kind of sandbox, with the reason shown beside it."""

    kind: str
    note: str


def choose_sandbox(requested: str, docker: Callable[[], DockerProspect]) -> SandboxChoice:
    """Decide between `auto`, `process` and `docker`.

    Args:
        requested: What the user asked for.
        docker: Looks whether containers can be had; asked only where the answer matters.

    Raises:
        SandboxError: The requested one is not to be had here.
    """
    if requested == "process":
        return SandboxChoice("process", f"The process sandbox, as asked for. {_LIMITS}")
    prospect = docker()
    if requested == "docker":
        return _as_asked(prospect)
    if prospect.usable:
        return SandboxChoice(
            "docker",
            f"The docker sandbox: Docker {prospect.version} answers and sees this machine's files. For starts in milliseconds, and"
            " walls against mistakes only: `jupyter lambda engine stop` and `jupyter lambda engine start --sandbox process`.",
        )
    return SandboxChoice(
        "process",
        f"The process sandbox: {prospect.why}. {prospect.deed} {_LIMITS} Once containers can be had,"
        " `jupyter lambda engine stop` and `jupyter lambda engine start --sandbox docker` switch.",
    )


def _as_asked(prospect: DockerProspect) -> SandboxChoice:
    if not prospect.usable:
        raise SandboxError(
            "sandbox docker", prospect.why, f"{prospect.deed} Or start the engine with --sandbox process (JUPYTER_LAMBDA_SANDBOX)."
        )
    return SandboxChoice("docker", f"The docker sandbox, as asked for, on Docker {prospect.version}.")

