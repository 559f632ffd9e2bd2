"""The environment variables of a worker: Lambda's own, then the function's; nothing of the engine's or the kernel's.

Source: AWS Lambda Developer Guide, "Defined runtime environment variables". Values that name folders name the real ones.
"""

from __future__ import annotations

import os.path
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.model.function import Configuration, PythonEnvironment, Version


@dataclass(frozen=True, slots=True)
class WorkerIdentity:
    """What differs from one environment to the next."""

    log_stream: str
    runtime_api: str
    region: str
    access_key_id: str
    secret_access_key: str
    session_token: str
    initialization_type: str = "on-demand"


def layer_python_path(layers: Path | None, python: PythonEnvironment | None) -> tuple[str, ...]:
    """Where the layers' modules lie, in the order in which Lambda has them on its path."""
    if layers is None or python is None:
        return ()
    return f"{layers}/python/lib/python{python.minor}/site-packages", f"{layers}/python"


def _advanced_logging(configuration: Configuration) -> dict[str, str]:
    """What tells a runtime to write JSON, and from which level on; nothing for plain text."""
    if configuration.logging.get("LogFormat") != "JSON":
        return {}
    return {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": configuration.logging.get("ApplicationLogLevel", "INFO")}


def worker_variables(
    version: Version, task_root: Path, runtime_dir: Path, identity: WorkerIdentity, layers: Path | None = None
) -> dict[str, str]:
    """Return the whole environment of a worker; the sandbox adds only TMPDIR and HOME.

    Args:
        version: What runs.
        task_root: Its package's folder.
        runtime_dir: Our runtime's folder.
        identity: What differs from one environment to the next.
        layers: The folder with its layers, which stands where Lambda has `/opt`.
    """
    opt = str(layers) if layers else "/opt"
    configuration = version.configuration
    python_bin = os.path.dirname(version.python.executable) if version.python else ""  # noqa: PTH120 - a plain string op
    path = ":".join(p for p in (python_bin, "/usr/local/bin", "/usr/bin", "/bin", f"{opt}/bin") if p)
    libraries = ":".join(("/lib64", "/usr/lib64", str(runtime_dir), str(task_root), f"{task_root}/lib", f"{opt}/lib"))
    return {
        **configuration.environment,
        "_HANDLER": configuration.handler,
        "AWS_REGION": identity.region,
        "AWS_DEFAULT_REGION": identity.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{configuration.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": version.function_name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration.memory_mib),
        "AWS_LAMBDA_FUNCTION_VERSION": version.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": identity.initialization_type,
        "AWS_LAMBDA_LOG_GROUP_NAME": configuration.logging.get("LogGroup", f"/aws/lambda/{version.function_name}"),
        **_advanced_logging(configuration),
        "AWS_LAMBDA_LOG_STREAM_NAME": identity.log_stream,
        "AWS_LAMBDA_RUNTIME_API": identity.runtime_api,
        "AWS_ENDPOINT_URL_LAMBDA": f"http://{identity.runtime_api}",  # ours: functions call functions here, not in the cloud
        "AWS_ACCESS_KEY_ID": identity.access_key_id,
        "AWS_SECRET_ACCESS_KEY": identity.secret_access_key,
        "AWS_SESSION_TOKEN": identity.session_token,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "169.254.79.129:2000",
        "LAMBDA_TASK_ROOT": str(task_root),
        "LAMBDA_RUNTIME_DIR": str(runtime_dir),
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "LC_CTYPE": "C.UTF-8",
        "PATH": path,
        "LD_LIBRARY_PATH": libraries,
        "PYTHONPATH": str(runtime_dir),
        "PWD": str(task_root),
        "SHLVL": "0",
    }
