"""What a container's first process is told: which program to run as the worker, with what variables and limits.

Read by `runtime/worker.py` and `runtime/walls.py`. The container is the wall; what is left to raise inside are limits per process.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jupyter_lambda.model import limits
from jupyter_lambda.sandbox.docker.container import RUNTIME_PORT, TASK_ROOT
from jupyter_lambda.sandbox.docker.image_recipe import RUNTIME_INSIDE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lambda.sandbox.docker.container import Order
    from jupyter_lambda.sandbox.protocol import EnvironmentSpec

# Variables that name folders of the machine: an image's own are right inside it.
_OF_THE_SIDE = frozenset({"PATH", "LD_LIBRARY_PATH"})
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
        "extensions": [_in_container(path, str(spec.task_root)) for path in spec.extensions],
        "walls": {"folder": TASK_ROOT, "container": True, "limits": {"descriptors": limits.FILE_DESCRIPTORS}},
    }


def built_job(job: dict[str, Any], order: Order, image_variables: Mapping[str, str]) -> dict[str, Any]:
    """The same job in an image that was built: its interpreter's folders for those of the kernel's."""
    given = {name: value for name, value in job["variables"].items() if name not in _OF_THE_SIDE}
    folders = {"LAMBDA_RUNTIME_DIR": RUNTIME_INSIDE, "PYTHONPATH": RUNTIME_INSIDE}
    variables = {**image_variables, **given, **folders}
    return {**job, "recorded_path": [*order.extra_path, *order.python.sys_path], "variables": variables}


def container_variables(spec: EnvironmentSpec) -> dict[str, str]:
    """The worker's environment, the package's folder named as it is inside, and the Runtime API's address likewise."""
    task_root, address = str(spec.task_root), f"127.0.0.1:{RUNTIME_PORT}"
    outside = re.compile(re.escape(spec.runtime_api) + r"(?!\d)")
    variables = {name: outside.sub(address, _in_container(value, task_root)) for name, value in spec.variables.items()}
    return {"HOME": _TMP, "TMPDIR": _TMP, **variables, "AWS_LAMBDA_RUNTIME_API": address}


def _in_container(text: str, task_root: str) -> str:
    return text.replace(task_root, TASK_ROOT) if task_root in text else text
