"""The Lambda API as an environment's own code may use it: call functions, and look at them; nothing that changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn
from uvicorn.server import ServerState

from jupyter_lambda.api.aws.lambda_api import LambdaApi
from jupyter_lambda.api.front_door import ControlDoor, Doors

if TYPE_CHECKING:
    from jupyter_lambda.api.access import Access
    from jupyter_lambda.engine.engine import Engine


def environment_doors(engine: Engine, access: Access) -> Doors:
    """Doors for connections from inside one environment, whose credentials `access` knows."""
    app = LambdaApi(engine, access, may_be_asked)
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, ws="none", server_header=False)
    config.load()
    state = ServerState()
    return Doors(engine, access, lambda: ControlDoor(config=config, server_state=state, app_state={}))


def may_be_asked(operation: str) -> bool:
    """Whether an environment's code may call an operation: those that invoke, and those that read."""
    return operation.startswith(("Invoke", "Get", "List"))
