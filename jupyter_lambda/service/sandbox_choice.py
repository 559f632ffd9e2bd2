"""Which sandbox an engine uses, and the sentence that says why."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_lambda.errors import SandboxError


@dataclass(frozen=True, slots=True)
class SandboxChoice:
    """A kind of sandbox, with the reason shown beside it."""

    kind: str
    note: str


def choose_sandbox(requested: str) -> SandboxChoice:
    """Decide between `auto`, `process` and `docker`.

    Raises:
        SandboxError: The requested one is not here.
    """
    if requested == "docker":
        raise SandboxError(
            "sandbox docker",
            "this version of jupyter-lambda has no container sandbox",
            "Start the engine with --sandbox process (JUPYTER_LAMBDA_SANDBOX=process).",
        )
    why = "as asked for" if requested == "process" else "the only one in this version"
    return SandboxChoice("process", f"Process sandbox, {why}: it isolates mistakes, not hostile code.")
