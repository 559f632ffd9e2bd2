"""From a spec to what the new process is told: which walls to raise, which variables to take, what to run.

The dictionary is read by `runtime/worker.py` and `runtime/walls.py`.
"""

from __future__ import annotations

import functools
import glob
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.model import limits
from jupyter_lambda.model.function import PythonEnvironment
from jupyter_lambda.sandbox.mounts import check_mounts, holds_home
from jupyter_lambda.sandbox.opt_folder import OPT, opt_mounts
from jupyter_lambda.sandbox.own_names import HOSTS
from jupyter_lambda.sandbox.process.groups import MIB
from jupyter_lambda.sandbox.process.tier import ENTRY, Tier

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from jupyter_lambda.sandbox.protocol import EnvironmentSpec

MARKER: Final = "JUPYTER_LAMBDA_ENVIRONMENT"  # <home id>/<boot id>/<environment id>: how a sweep finds a process
TMP: Final = "/tmp"  # noqa: S108 - inside its own mount namespace it is private
_SHM: Final = "/dev/shm"  # noqa: S108

# What programs need to read besides the interpreter and the function; `/run/systemd/resolve` is where /etc/resolv.conf points to.
_SYSTEM: Final = (
    "/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/etc", "/opt", "/proc", "/sys",
    "/run/systemd/resolve", "/var/cache/fontconfig", "/nix/store", "/gnu/store",
)  # fmt: skip
_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts")
_ACCELERATORS: Final = ("/dev/nvidia*", "/dev/dri", "/dev/kfd")


def spawn_request(
    spec: EnvironmentSpec,
    tier: Tier,
    *,
    home: Path,
    tmp_folder: Path | None,
    join_files: Iterable[str],
    interpreter_path: Iterable[str],
    fresh: bool,
    marker: str,
    hosts: Path | None = None,
) -> dict[str, Any]:
    """Build the request; `tmp_folder` is the environment's own where it can't have a private `/tmp`, `hosts` a file for `/etc/hosts`.

    Raises:
        SandboxError: The spec asks for what this host can't do (a mount at another path, no network), or for a folder that it may not
            see.
    """
    if tier.namespaces is None:
        _check_without_namespaces(spec)
    check_mounts(spec.mounts, home)
    readable = _readable(spec, home, interpreter_path)
    folder = str(tmp_folder) if tmp_folder is not None else TMP
    variables = {"HOME": folder, "TMPDIR": folder, **spec.variables, MARKER: marker}
    recorded = (*spec.extra_path, *(spec.python.sys_path if spec.python else ()))
    return {
        "op": "spawn",
        "handler": spec.handler,
        "variables": variables,
        "path": [str(spec.task_root)],
        "recorded_path": list(recorded),
        "command": list(spec.bootstrap) if spec.bootstrap else None,
        "fresh": fresh,
        "extensions": list(spec.extensions),
        "walls": {
            "folder": str(spec.task_root),
            "groups": list(join_files),
            "namespaces": tier.namespaces,
            "without_network": spec.network == "none",
            "tmp_bytes": spec.ephemeral_mib * MIB,
            "shm_bytes": spec.memory_mib * MIB,
            "shown": [path for path in readable if path.startswith((TMP + "/", _SHM + "/"))] if tier.namespaces else [],
            "binds": _binds(spec, readable, hosts) if tier.namespaces else [],
            "limits": _limits(spec, tier),
            "files": _files(spec, tier, readable, folder),
            "filter": tier.seccomp,
        },
    }


def _binds(spec: EnvironmentSpec, readable: list[str], hosts: Path | None) -> list[tuple[str, str]]:
    at_opt = opt_mounts(spec.layers, readable) if os.path.isdir(OPT) else ()  # noqa: PTH112 - a plain string op; a mount needs a place
    mounts = (*spec.mounts, *at_opt)
    found = [(mount.source, mount.target) for mount in mounts if mount.source != mount.target]
    return [*found, (str(hosts), str(HOSTS))] if hosts is not None else found


def _limits(spec: EnvironmentSpec, tier: Tier) -> dict[str, int]:
    found = {"descriptors": limits.FILE_DESCRIPTORS}
    if tier.namespaces == "user" and tier.groups is None:
        found["processes"] = limits.PROCESSES  # counts from zero in a user namespace of its own, and per user elsewhere
    elif tier.groups is None:
        found["more_processes"] = limits.PROCESSES
    if tier.namespaces is None:
        found["file_bytes"] = spec.ephemeral_mib * MIB
    return found


def _files(spec: EnvironmentSpec, tier: Tier, readable: list[str], folder: str) -> dict[str, list[str]] | None:
    if not tier.landlock:
        return None
    writable = [folder, _SHM] if tier.namespaces else [folder]
    return {
        "read": [*_SYSTEM, *readable, *(mount.target for mount in spec.mounts)],
        "write": writable,
        "devices": [*_DEVICES, *_accelerators()],
    }


@functools.cache
def _accelerators() -> tuple[str, ...]:
    return tuple(path for pattern in _ACCELERATORS for path in glob.glob(pattern))  # noqa: PTH207 - absolute patterns


def _readable(spec: EnvironmentSpec, home: Path, interpreter_path: Iterable[str]) -> list[str]:
    """Folders of this function and its interpreter, none of which may open the engine's home."""
    wanted = [str(spec.task_root), str(ENTRY.parent), *spec.extra_path, *interpreter_path]
    wanted += [mount.source for mount in spec.mounts]
    python = spec.python or own_python()  # a command may well be a script of ours
    wanted += [python.prefix, python.base_prefix, os.path.dirname(os.path.realpath(python.executable)), *python.sys_path]  # noqa: PTH120
    return [path for path in dict.fromkeys(wanted) if path and not holds_home(path, home)]


@functools.cache
def own_python() -> PythonEnvironment:
    """The interpreter we run on: what a spec without one is forked from, to become another program."""
    return PythonEnvironment(
        executable=sys.executable, prefix=sys.prefix, base_prefix=sys.base_prefix,
        version=".".join(str(part) for part in sys.version_info[:3]),
    )  # fmt: skip


def _check_without_namespaces(spec: EnvironmentSpec) -> None:
    for mount in spec.mounts:
        if mount.source != mount.target:
            raise SandboxError(
                f'mount "{mount.source}:{mount.target}"', "this host allows no mounts, so a folder keeps its own path",
                f"Use --mount {mount.source}, or --sandbox docker.",
            )  # fmt: skip
    if spec.network == "none":
        raise SandboxError(
            "network none", "this host allows no network namespaces", "Leave --network out, or use --sandbox docker."
        )
