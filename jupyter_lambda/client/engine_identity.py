"""Which engine a page speaks to, in words that hold no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lambda.client.home import home_id

if TYPE_CHECKING:
    from jupyter_lambda.model.runtime_file import RuntimeFile


def engine_id(runtime: RuntimeFile) -> str:
    """A name for this life of the engine: numbers of its stream mean nothing in another."""
    return f"{runtime.pid}-{runtime.started_ticks or round(runtime.started, 2)}"


def engine_identity(runtime: RuntimeFile) -> dict[str, Any]:
    """What a page may know of the runtime file."""
    return {
        "id": engine_id(runtime),
        "pid": runtime.pid,
        "version": runtime.version,
        "protocol": runtime.protocol,
        "sandbox": runtime.sandbox,
        "home": runtime.home,
        "home_id": home_id(runtime.home),
        "started": runtime.started,
    }
