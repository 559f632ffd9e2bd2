"""Which walls this host lets us raise: found once, by trying them in a child, when a process sandbox is opened."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from jupyter_lambda.errors import SandboxError

if TYPE_CHECKING:
    from jupyter_lambda.sandbox.process.groups import GroupMaker

ENTRY: Final = Path(__file__).parents[2] / "runtime" / "entry.py"
EVERYTHING: Final = frozenset({"cgroup", "namespaces", "landlock", "seccomp"})
_PROBE_SECONDS: Final = 20.0

Namespaces = Literal["root", "user"]


class Probe(msgspec.Struct, frozen=True):
    """What the probe child found; the namespace members say why not, and are empty where it worked."""

    landlock: int
    root_namespaces: str
    user_namespaces: str


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """The walls in use, besides those that hold everywhere (descriptors, variables, subreaper, no_new_privs)."""

    groups: str | None  # "cgroup v1", "cgroup v2"
    groups_hold_cpu: bool = False
    namespaces: Namespaces | None
    landlock: int  # the kernel's version, 0: none
    seccomp: bool
    as_root: bool


def probe_host() -> Probe:
    """Try namespaces and Landlock in a child of this process; blocks for some 50 ms.

    Raises:
        SandboxError: The child could not be started, or wrote nothing in 20 s.
    """
    read, write = os.pipe()
    with os.fdopen(read, "rb") as answers:
        try:
            child = _start_probe(write)
        finally:
            os.close(write)
        try:
            child.wait(_PROBE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            raise SandboxError(
                "this host", "probing its walls took longer than 20 s", "See whether the machine is overloaded."
            ) from None
        answer = answers.read()
    try:
        return msgspec.json.decode(answer, type=Probe)
    except msgspec.DecodeError as error:
        raise SandboxError(
            "this host", f"probing its walls failed ({error})", f"Run {sys.executable} -I {ENTRY} probe 1."
        ) from error


def _start_probe(write: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", str(ENTRY), "probe", str(write)],
        pass_fds=(write,), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={}, cwd="/",
    )  # fmt: skip


def choose_tier(probe: Probe, groups: GroupMaker | None, allow: frozenset[str]) -> Tier:
    """The walls to use, of those that work and are allowed."""
    return Tier(
        groups=groups.kind if groups else None,
        groups_hold_cpu=groups.holds_cpu if groups else False,
        namespaces=_namespaces(probe, allow),
        landlock=probe.landlock if "landlock" in allow else 0,
        seccomp="seccomp" in allow,
        as_root=os.geteuid() == 0,
    )


def _namespaces(probe: Probe, allow: frozenset[str]) -> Namespaces | None:
    if "namespaces" not in allow:
        return None
    if os.geteuid() == 0 and not probe.root_namespaces:
        return "root"
    return "user" if not probe.user_namespaces else None
