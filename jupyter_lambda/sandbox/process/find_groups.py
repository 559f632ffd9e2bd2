"""Looks for control groups that we may make our own below, version 1 or 2."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from jupyter_lambda.sandbox.process.groups_v1 import CONTROLLERS, GroupsV1
from jupyter_lambda.sandbox.process.groups_v2 import GroupsV2, delegated_folder

if TYPE_CHECKING:
    from jupyter_lambda.sandbox.process.groups import GroupMaker

_LIMIT_FILES = {"memory": "memory.limit_in_bytes", "cpu": "cpu.cfs_quota_us"}
_UNLIMITED = 1 << 60


class Hierarchy(NamedTuple):
    """A version 1 hierarchy as this process sees it."""

    top: Path  # where it is mounted
    root: str  # which of its groups that mount shows


def find_groups(home_id: str, boot_id: str) -> GroupMaker | None:
    """A maker of groups that really works here (one was made and removed), or None."""
    for candidate in (_version_1, _version_2):
        with contextlib.suppress(OSError):
            maker = candidate(home_id, boot_id)
            if maker is not None:
                return maker
    return None


def _version_1(home_id: str, boot_id: str) -> GroupMaker | None:
    hierarchies = mounted_hierarchies()
    own = own_groups()
    if not all(name in hierarchies and name in own for name in CONTROLLERS):
        return None
    tops = {name: _parent(name, hierarchies[name], own[name]) for name in CONTROLLERS}
    if not all(os.access(top, os.W_OK) for top in tops.values()):
        return None
    return GroupsV1(tops, home_id, boot_id)


def _version_2(home_id: str, boot_id: str) -> GroupMaker | None:
    folder = delegated_folder()
    if folder is None:
        return None
    maker: GroupMaker = GroupsV2(folder, home_id, boot_id)
    return maker


def _parent(controller: str, hierarchy: Hierarchy, own: str) -> Path:
    """The hierarchy's top; but the nearest group of our own with a limit, so that our workers stay inside it."""
    below = os.path.relpath(own, hierarchy.root)
    here = hierarchy.top if below.startswith("..") else (hierarchy.top / below)
    limit_file = _LIMIT_FILES.get(controller)
    while limit_file and here != hierarchy.top:
        with contextlib.suppress(OSError, ValueError):
            if 0 < int((here / limit_file).read_text()) < _UNLIMITED:
                return here
        here = here.parent
    return hierarchy.top


def mounted_hierarchies() -> dict[str, Hierarchy]:
    """Version 1 controllers by name, from this process's mounts."""
    found: dict[str, Hierarchy] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind == "cgroup":
            _, _, _, root, top, *_ = before.split(" ")
            for name in options.split(","):
                found.setdefault(name, Hierarchy(Path(top), root))
    return found


def own_groups() -> dict[str, str]:
    """This process's group in each version 1 hierarchy, and under "" in version 2."""
    found: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for name in controllers.split(","):
            found[name] = path
    return found
