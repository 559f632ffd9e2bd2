"""Version 2 groups over a folder that stands in for the kernel's: which files are written, what is read."""

from __future__ import annotations

import pytest

from jupyter_lambda.sandbox.process.groups import GroupLimits, GroupMemory
from jupyter_lambda.sandbox.process.groups_v2 import GroupsV2, GroupV2

LIMITS = GroupLimits(memory_bytes=1 << 30, cpus=0.5, processes=1024)


@pytest.fixture
def delegated(tmp_path):
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids io\n")
    (tmp_path / "cgroup.procs").write_text("")
    return tmp_path


def as_the_kernel_makes_it(folder):
    folder.mkdir(parents=True)
    (folder / "memory.current").write_text("1000\n")
    (folder / "memory.stat").write_text("anon 700\nfile 100\nshmem 50\n")
    (folder / "memory.events").write_text("low 0\noom 1\noom_kill 2\n")
    (folder / "cgroup.procs").write_text("11\n12\n")
    (folder / "cgroup.events").write_text("populated 1\nfrozen 1\n")
    return folder


def test_controllers_are_handed_down_to_the_groups(delegated):
    maker = GroupsV2(delegated, "home", "boot")
    for parent in (delegated, delegated / "jupyter-lambda-home", delegated / "jupyter-lambda-home" / "boot"):
        assert (parent / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"
    assert maker.holds_cpu
    assert not maker.reusable


def test_without_the_cpu_controller_no_share_is_held(tmp_path):
    (tmp_path / "cgroup.controllers").write_text("memory pids\n")
    (tmp_path / "cgroup.procs").write_text("")
    assert not GroupsV2(tmp_path, "home", "boot").holds_cpu


def test_reads_what_is_held(tmp_path):
    group = GroupV2(as_the_kernel_makes_it(tmp_path / "group"))
    assert (group.usage(), group.memory(), group.kernel_kills()) == (1000, GroupMemory(700, 50), 2)
    assert group.pids() == [11, 12]


def test_writes_limits_shares_and_ends(tmp_path):
    folder = as_the_kernel_makes_it(tmp_path / "group")
    group = GroupV2(folder, cpu_quota_us=50_000)
    group.hold_cpu(held=True)
    assert (folder / "cpu.max").read_text() == "50000 100000"
    group.hold_cpu(held=False)
    assert (folder / "cpu.max").read_text() == "max 100000"
    assert group.freeze()
    group.thaw()
    assert (folder / "cgroup.freeze").read_text() == "0"
    assert group.kill() == 2
    assert (folder / "cgroup.kill").read_text() == "1"
