"""`jl.function` and `jl.functions`: handles of what is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lambda.client.connection import engine as default_engine
from jupyter_lambda.client.handle import FunctionHandle
from jupyter_lambda.client.listing import Listing
from jupyter_lambda.client.views.functions import FunctionList

if TYPE_CHECKING:
    from jupyter_lambda.client.engine_client import EngineClient


def function(name: str, qualifier: str | int | None = None, *, engine: EngineClient | None = None) -> FunctionHandle:
    """The handle of a deployed function.

    Args:
        name: Its name, or its ARN.
        qualifier: A version or an alias; None for `$LATEST`.
        engine: The engine; None for the usual one.

    Raises:
        FunctionNotFound: There is none; proposes the nearest name.
    """
    handle = FunctionHandle(name, engine or default_engine(), None if qualifier is None else str(qualifier))
    handle.engine.function(handle.name)
    return handle


def functions(*, engine: EngineClient | None = None) -> Listing[FunctionHandle]:
    """Handles of all functions, by position and by name; shows itself as a table."""
    client = engine or default_engine()
    details = sorted(client.functions(), key=lambda detail: detail.function.name)
    handles = [FunctionHandle(detail.function.name, client) for detail in details]
    return Listing(handles, FunctionList(details), lambda handle: handle.name)
