"""From a version to what its sandbox is told: one place, so that what is prepared ahead is what is started later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lambda.engine.worker_variables import layer_python_path
from jupyter_lambda.model.function import Mount, sandbox_kind
from jupyter_lambda.sandbox.protocol import EnvironmentSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jupyter_lambda.model.function import Version
    from jupyter_lambda.sandbox.languages import RuntimeCommand


def environment_spec(
    version: Version,
    own_sandbox: str,
    *,
    task_root: Path,
    layers: Path | None,
    command: RuntimeCommand | None,
    environment_id: str = "",
    memory_mib: int = 0,
    variables: Mapping[str, str] | None = None,
    runtime_api: str = "",
    extensions: tuple[str, ...] = (),
) -> EnvironmentSpec:
    """Describe an environment of a version.

    Args:
        version: What it runs.
        own_sandbox: The engine's kind, for functions that did not choose.
        task_root: The package, extracted.
        layers: The folder with its layers, None without any.
        command: The program that is its runtime, None for our own.
        environment_id: Empty for one that is only prepared for.
        memory_mib: What it is held at; 0: what the function asks for.
        variables: The worker's whole environment.
        runtime_api: Where its Runtime API will be.
        extensions: Programs of its layers that run beside the runtime.
    """
    configuration = version.configuration
    requirements = (version.requirements_folder,) if version.requirements_folder else ()
    shown = [*(command.folders if command else ()), *([str(layers)] if layers else [])]
    return EnvironmentSpec(
        environment_id=environment_id,
        function_name=version.function_name,
        version=version.version,
        task_root=task_root,
        handler=configuration.handler,
        memory_mib=memory_mib or configuration.memory_mib,
        ephemeral_mib=configuration.ephemeral_mib,
        variables=variables or {},
        runtime_api=runtime_api,
        python=version.python,
        preload=version.preload,
        extra_path=(*layer_python_path(layers, version.python), *requirements),
        mounts=(*configuration.mounts, *(Mount(folder, folder) for folder in shown)),
        network=configuration.network,
        image=version.image_id or configuration.image,
        image_config=configuration.kept.get("ImageConfig", {}),
        is_own_code=bool(version.image_id),
        requirements=configuration.requirements,
        bootstrap=command.arguments if command else None,
        layers=str(layers) if layers else "",
        extensions=extensions,
        sandbox=sandbox_kind(configuration, own_sandbox),
    )
