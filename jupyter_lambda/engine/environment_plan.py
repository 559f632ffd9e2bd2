"""What one environment begins with: its packages extracted, its runtime found, its own variables, the first line of its log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from jupyter_lambda.engine.environment_spec import environment_spec
from jupyter_lambda.engine.worker_variables import WorkerIdentity, worker_variables
from jupyter_lambda.sandbox.protocol import EnvironmentSpec
from jupyter_lambda.telemetry import platform_events

if TYPE_CHECKING:
    from jupyter_lambda.engine.interpreter_choice import Interpreters
    from jupyter_lambda.model.function import Version
    from jupyter_lambda.store.protocol import Store
    from jupyter_lambda.telemetry.platform_events import PlatformEvent

ENVIRONMENT_KEY_ID = "ENVIRONMENT"  # what a worker's code signs with; the secret is its environment's own token
RUNTIME_DIR = Path(__file__).resolve().parent.parent / "runtime"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What is an environment's own and not its version's."""

    environment_id: str
    log_stream: str
    token: str
    limit_mib: int
    provisioned: bool
    region: str
    sandbox: str  # the kind that it runs in


class Plan(msgspec.Struct, frozen=True):
    """An environment's spec, and the exact version of its runtime for the log."""

    spec: EnvironmentSpec
    runtime_version: str


async def plan_environment(version: Version, identity: Identity, address: str, store: Store, interpreters: Interpreters) -> Plan:
    """Make what is needed ready and describe it; `address` is where the environment's Runtime API is.

    Raises:
        InvalidRuntime, CorruptBlob, StoreError: Something that the version needs is gone.
    """
    configuration = version.configuration
    task_root = await store.extract_blob(version.package_sha256)
    layers = await store.extract_blob(version.layers_package) if version.layers_package else None
    command = await interpreters.command(configuration.runtime, task_root, layers)
    worker = WorkerIdentity(
        log_stream=identity.log_stream, runtime_api=address, region=identity.region,
        access_key_id=ENVIRONMENT_KEY_ID, secret_access_key=identity.token, session_token=identity.token,
        initialization_type="provisioned-concurrency" if identity.provisioned else "on-demand",
    )  # fmt: skip
    extensions = await asyncio.to_thread(_extensions, layers) if layers else ()
    spec = environment_spec(
        version, identity.sandbox, task_root=task_root, layers=layers, command=command, environment_id=identity.environment_id,
        memory_mib=identity.limit_mib, variables=worker_variables(version, task_root, RUNTIME_DIR, worker, layers), runtime_api=address,
        extensions=extensions,
    )  # fmt: skip
    exact = f"python:{version.python.version}" if version.python is not None else ""
    return Plan(spec, (command.version if command else exact) or configuration.runtime)


def _extensions(layers: Path) -> tuple[str, ...]:
    """The programs of external extensions, as Lambda finds them in `/opt/extensions`."""
    folder = layers / "extensions"
    return tuple(sorted(str(file) for file in folder.iterdir() if file.is_file())) if folder.is_dir() else ()


def init_start(version: Version, identity: Identity, runtime_version: str) -> PlatformEvent:
    """What the log of an environment begins with."""
    arn = f"arn:aws:lambda:{identity.region}::runtime:{version.configuration.runtime}-{identity.sandbox}"
    return platform_events.init_start(
        runtime_version, arn, name=version.function_name, version=version.version, memory_mib=identity.limit_mib,
        instance=identity.environment_id, provisioned=identity.provisioned,
    )  # fmt: skip


def held_line(version: Version, limit_mib: int) -> str:
    """Says that a function gets less memory than it asked for, where the whole budget is less; else empty."""
    wanted = version.configuration.memory_mib
    if limit_mib >= wanted:
        return ""
    return f"[jupyter-lambda] held at {limit_mib:,} MB of the {wanted:,} MB asked for: that is the engine's whole budget\n"
