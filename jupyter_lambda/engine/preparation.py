"""Makes the first call of a deployed function fast: its package extracted, its interpreter warm with what it imports."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from jupyter_lambda.errors import JupyterLambdaError
from jupyter_lambda.sandbox.protocol import EnvironmentSpec

if TYPE_CHECKING:
    from jupyter_lambda.model.function import Version
    from jupyter_lambda.sandbox.protocol import Sandbox
    from jupyter_lambda.store.protocol import Store

log = logging.getLogger(__name__)


async def prepare(version: Version, store: Store, sandbox: Sandbox) -> None:
    """Do ahead what a cold start of this version would wait for. What goes wrong here is said by the first invocation."""
    try:
        task_root = await store.extract_blob(version.package_sha256)
        await sandbox.prepare(
            EnvironmentSpec(
                environment_id="",
                function_name=version.function_name,
                version=version.version,
                task_root=task_root,
                handler=version.configuration.handler,
                memory_mib=version.configuration.memory_mib,
                ephemeral_mib=version.configuration.ephemeral_mib,
                variables={},
                runtime_api="",
                python=version.python,
                preload=version.preload,
                extra_path=(version.requirements_folder,) if version.requirements_folder else (),
            )
        )
    except JupyterLambdaError as error:
        log.info("%s could not be prepared: %s", version.function_name, error)
