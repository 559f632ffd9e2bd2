"""InvokeAsync, deprecated by AWS in favour of Invoke with the type Event, and still answered."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.engine.invocations import InvokeRequest

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Context, Handler, Values


async def invoke_async(context: Context, values: Values) -> dict[str, Any]:
    """Queue an event; kept when it is answered."""
    reference = context.reference(values)
    await context.engine.accept_event(
        InvokeRequest(
            function_name=reference.name, qualifier=reference.qualifier, payload=values.get("InvokeArgs") or b"{}",
            request_id=str(uuid.uuid4()), invocation_type="Event",
        )
    )  # fmt: skip
    return {"Status": 202}


TABLE: Final[dict[str, Handler]] = {"InvokeAsync": invoke_async}
