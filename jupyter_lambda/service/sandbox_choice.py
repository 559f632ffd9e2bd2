"""Which sandbox an engine uses, and the sentence that says why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_lambda.errors import SandboxError

if TYPE_CHECKING:
    from jupyter_lambda.sandbox.docker.prospect import DockerProspect


@dataclass(frozen=True, slots=True)
class SandboxChoice:
    """A kind of sandbox, with the reason shown beside it."""

    kind: str
    note: str
    image: str = "host"  # what containers start from, unless a function chooses


def choose_sandbox(requested: str, prospect: DockerProspect | None = None) -> SandboxChoice:
    """Decide between `auto`, `process` and `docker`.

    Args:
        requested: What the user asked for.
        prospect: Whether containers can be had; None where the answer does not matter, and nobody looked.

    Raises:
        SandboxError: The requested one is not to be had here.
    """
    if requested == "process":
        return _process("as asked for")
    if prospect is None:
        raise SandboxError(f"sandbox {requested}", "nobody looked for a daemon", "")
    if prospect.usable:
        why = (
            "as asked for" if requested == "docker" else "since it works here; --sandbox process starts faster and isolates less"
        )
        built = " Its containers start from images that are built." if prospect.image == "build" else ""
        far = " The daemon sees none of this machine's files: they are copied, and containers connect over TCP."
        note = f"Docker sandbox (Docker {prospect.version}), {why}.{built}{far if prospect.distance is not None else ''}"
        return SandboxChoice("docker", note, prospect.image)
    if requested == "docker":
        raise SandboxError(
            "sandbox docker",
            prospect.why,
            f"{prospect.deed} Or start the engine with --sandbox process (JUPYTER_LAMBDA_SANDBOX).",
        )
    return _process(f"since {prospect.why} (`jupyter lambda doctor` says more, --sandbox docker asks for containers)")


def _process(why: str) -> SandboxChoice:
    return SandboxChoice("process", f"Process sandbox, {why}: it isolates mistakes, not hostile code.")
