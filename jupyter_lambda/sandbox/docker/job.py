"""What a container's first process is told: which program to run as the worker, with what variables and limits.

Read by `runtime/worker.py` and `runtime/walls.py`. The container is the wall; what is left to raise inside are limits per process.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jupyter_lambda.model import limits
from jupyter_lambda.sandbox.docker.container import RUNTIME_PORT, TASK_ROOT

if TYPE_CHECKING:
    from jupyter_lambda.sandbox.protocol import EnvironmentSpec

_TMP = "/tmp"  # noqa: S108 - the container's own


def worker_job(spec: EnvironmentSpec, *, fresh: bool) -> dict[str, Any]:
    """Build the request that makes a container's worker; `fresh`: in an interpreter of its own instead of a fork."""
    recorded = (*spec.extra_path, *(spec.python.sys_path if spec.python else ()))
    return {
        "op": "spawn",
        "handler": spec.handler,
        "variables": container_variables(spec),
        "path": [TASK_ROOT],
        "recorded_path": list(recorded),
        "command": [_in_container(part, str(spec.task_root)) for part in spec.bootstrap] if spec.bootstrap else None,
        "fresh": fresh,
        "walls": {"folder": TASK_ROOT, "container": True, "limits": {"descriptors": limits.FILE_DESCRIPTORS}},
    }


def container_variables(spec: EnvironmentSpec) -> dict[str, str]:
    """The worker's environment, the package's folder named as it is inside, and the Runtime API's address likewise."""
    task_root, address = str(spec.task_root), f"127.0.0.1:{RUNTIME_PORT}"
    outside = re.compile(re.escape(spec.runtime_api) + r"(?!\d)")
    variables = {name: outside.sub(address, _in_container(value, task_root)) for name, value in spec.variables.items()}
    return {"HOME": _TMP, "TMPDIR": _TMP, **variables, "AWS_LAMBDA_RUNTIME_API": address}


def _in_container(text: str, task_root: str) -> str:
    return text.replace(task_root, TASK_ROOT) if task_root in text else text
