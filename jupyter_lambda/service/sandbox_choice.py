"""Which sandbox an engine uses, and the sentence that says why and how to switch."""

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
    limits = "Process workers isolate mistakes, not hostile code."
    if requested == "process":
        return SandboxChoice("process", f"The process sandbox, as asked for. {limits}")
    return SandboxChoice(
        "process",
        f"The process sandbox: this version has no container sandbox to prefer. {limits} Once there is one, `engine stop` and"
        " `engine start --sandbox docker` switch.",
    )
