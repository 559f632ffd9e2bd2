"""What this machine can give to execution environments: the least of what host, control groups and affinity leave, less a reserve.

A pod is not its node: the control group's limit counts where it is lower than the host's memory. Source: cgroups(7), "memory.max",
"memory.limit_in_bytes", "cpu.max", "cpu.cfs_quota_us".
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

MIB: Final = 1024 * 1024
RESERVE_SHARE: Final = 0.2  # for the kernel, the notebook, the engine, the page cache
RESERVE_MIB_MAX: Final = 4_096
BUDGET_MIB_MIN: Final = 256
_NO_LIMIT: Final = 1 << 60  # cgroup v1 writes a huge number where nothing is limited


@dataclass(frozen=True, slots=True)
class Budget:
    """Memory and processors for environments, and where the numbers come from."""

    memory_mib: int
    cpus: float
    machine_memory_mib: int
    memory_from: str  # "host" | "cgroup"
    cpus_from: str  # "host" | "affinity" | "cgroup"


def machine_budget(root: Path = Path("/")) -> Budget:
    """Measure this machine; `root` is where `/proc` and `/sys` are looked for."""
    host_mib = psutil.virtual_memory().total // MIB
    held_mib = _group_memory_mib(root)
    total_mib, memory_from = (held_mib, "cgroup") if held_mib is not None and held_mib < host_mib else (host_mib, "host")
    reserve = min(RESERVE_MIB_MAX, round(total_mib * RESERVE_SHARE))
    cpus, cpus_from = _cpus(root)
    return Budget(max(BUDGET_MIB_MIN, total_mib - reserve), cpus, total_mib, memory_from, cpus_from)


def _cpus(root: Path) -> tuple[float, str]:
    host = float(os.cpu_count() or 1)
    allowed = float(len(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else host
    quota = _group_cpus(root)
    if quota is not None and quota < allowed:
        return quota, "cgroup"
    return allowed, "affinity" if allowed < host else "host"


def _group_memory_mib(root: Path) -> int | None:
    limits = [_number(path) for path in _ancestors(root, "memory", "memory.limit_in_bytes", "memory.max")]
    found = [limit for limit in limits if limit is not None and 0 < limit < _NO_LIMIT]
    return min(found) // MIB if found else None


def _group_cpus(root: Path) -> float | None:
    shares = []
    for path in _ancestors(root, "cpu", "cpu.cfs_quota_us", "cpu.max"):
        text = _text(path).split()
        if path.name == "cpu.max" and len(text) == 2 and text[0].isdigit():
            shares.append(int(text[0]) / int(text[1]))
        elif path.name == "cpu.cfs_quota_us" and text and text[0].isdigit():
            period = _number(path.with_name("cpu.cfs_period_us")) or 100_000
            shares.append(int(text[0]) / period)
    found = [share for share in shares if math.isfinite(share) and share > 0]
    return min(found) if found else None


def _ancestors(root: Path, controller: str, v1_file: str, v2_file: str) -> list[Path]:
    """The limit's file in our own group and each group above it, for cgroup v1 and v2."""
    paths: list[Path] = []
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, controllers, group = line.split(":", 2)
        if number == "0":
            base, name = root / "sys/fs/cgroup", v2_file
        elif controller in controllers.split(","):
            base, name = root / "sys/fs/cgroup" / controller, v1_file
        else:
            continue
        folder = base / group.lstrip("/")
        while folder != base.parent:
            paths.append(folder / name)
            folder = folder.parent
    return paths


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
