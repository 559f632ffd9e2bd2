"""Makes the first call of a deployed function fast: its package extracted, its interpreter warm with what it imports."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from jupyter_lambda.engine.environment_spec import environment_spec
from jupyter_lambda.errors import JupyterLambdaError

if TYPE_CHECKING:
    from jupyter_lambda.engine.interpreter_choice import Interpreters
    from jupyter_lambda.model.function import Version
    from jupyter_lambda.sandbox.protocol import Sandbox
    from jupyter_lambda.store.protocol import Store

log = logging.getLogger(__name__)


async def prepare(version: Version, store: Store, sandbox: Sandbox, interpreters: Interpreters) -> None:
    """Do ahead what a cold start of this version would wait for. What goes wrong here is said by the first invocation."""
    try:
        task_root = await store.extract_blob(version.package_sha256)
        layers = await store.extract_blob(version.layers_package) if version.layers_package else None
        command = await interpreters.command(version.configuration.runtime, task_root, layers)
        await sandbox.prepare(environment_spec(version, sandbox.kind, task_root=task_root, layers=layers, command=command))
    except JupyterLambdaError as error:
        log.info("%s could not be prepared: %s", version.function_name, error)
