"""The least of host, control groups and affinity (sandbox/budget.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.sandbox.budget import machine_budget

if TYPE_CHECKING:
    from pathlib import Path


def machine(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_without_groups_the_host_counts(tmp_path: Path) -> None:
    budget = machine_budget(tmp_path)

    assert budget.memory_from == "host"
    assert 0 < budget.memory_mib < budget.machine_memory_mib


@pytest.mark.parametrize(
    "files",
    [
        {"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": "1073741824\n", "sys/fs/cgroup/a/b/memory.max": "max\n"},
        {
            "proc/self/cgroup": "4:memory:/a/b\n0::/\n",
            "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "1073741824\n",
            "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "9223372036854771712\n",
        },
    ],
)
def test_a_pod_is_not_its_node(tmp_path: Path, files: dict[str, str]) -> None:
    budget = machine_budget(machine(tmp_path, files))

    assert (budget.machine_memory_mib, budget.memory_from) == (1024, "cgroup")
    assert budget.memory_mib == 1024 - 205


@pytest.mark.parametrize(
    "files",
    [
        {"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.max": "50000 100000\n"},
        {
            "proc/self/cgroup": "1:cpu,cpuacct:/a\n",
            "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
        },
    ],
)
def test_half_a_processor_is_half(tmp_path: Path, files: dict[str, str]) -> None:
    budget = machine_budget(machine(tmp_path, files))

    assert (budget.cpus, budget.cpus_from) == (0.5, "cgroup")
