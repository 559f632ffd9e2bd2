"""Makes the first call of a deployed function fast: its image built, its package extracted, its interpreter warm with what it imports.

What goes wrong here is said by the first invocation, which tries again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from jupyter_lambda.engine.environment_spec import environment_spec
from jupyter_lambda.errors import JupyterLambdaError
from jupyter_lambda.model.function import sandbox_kind
from jupyter_lambda.sandbox.protocol import ImageSpec

if TYPE_CHECKING:
    from jupyter_lambda.engine.interpreter_choice import Interpreters
    from jupyter_lambda.model.function import Version
    from jupyter_lambda.sandbox.protocol import Sandbox
    from jupyter_lambda.store.protocol import Store

log = logging.getLogger(__name__)


class Preparations:
    """What is being done ahead, and how far it is."""

    def __init__(self, store: Store, sandbox: Sandbox, interpreters: Interpreters) -> None:
        self._store, self._sandbox, self._interpreters = store, sandbox, interpreters
        self._told: dict[str, str] = {}  # function → the last line of its image's build

    def building(self, function_name: str) -> str:
        """What the build of a function's image said last; empty when none is being built for it."""
        return self._told.get(function_name, "")

    async def have_image(self, version: Version) -> None:
        """Build the image that a version runs in, if it runs in one that is built and is not there."""
        try:
            await self._have_image(version)
        except JupyterLambdaError as error:
            log.info("there is no image for %s: %s", version.function_name, error)

    async def prepare(self, version: Version) -> None:
        """Do all ahead that a cold start of this version would wait for."""
        try:
            await self._have_image(version)
            task_root = await self._store.extract_blob(version.package_sha256)
            layers = await self._store.extract_blob(version.layers_package) if version.layers_package else None
            command = await self._interpreters.command(version.configuration.runtime, task_root, layers)
            spec = environment_spec(version, self._sandbox.kind, task_root=task_root, layers=layers, command=command)
            await self._sandbox.prepare(spec)
        except JupyterLambdaError as error:
            log.info("%s could not be prepared: %s", version.function_name, error)

    async def _have_image(self, version: Version) -> None:
        name, configuration = version.function_name, version.configuration
        spec = ImageSpec(
            python=version.python, image=version.image_id or configuration.image, requirements=configuration.requirements,
            sandbox=sandbox_kind(configuration, self._sandbox.kind),
        )  # fmt: skip

        def tell(line: str) -> None:
            self._told[name] = line

        try:
            await self._sandbox.ensure_image(spec, tell)
        finally:
            self._told.pop(name, None)
