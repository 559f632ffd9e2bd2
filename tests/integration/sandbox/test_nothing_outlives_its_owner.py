"""Kill -9 of the engine, of the zygote, of both: no process of an environment is left, at once or after the next start's sweep."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from jupyter_lambda.clock import SystemClock
from jupyter_lambda.sandbox.process.sandbox import open_process_sandbox

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the process sandbox needs Linux")

WALLS = ["all", "landlock,seccomp"]
PATIENCE_SECONDS = 10


@pytest.fixture(params=WALLS)
def walls(request):
    return request.param


@pytest.fixture(params=["running", "frozen"])
def state(request):
    return request.param


@pytest.fixture
def owner(tmp_path, walls, state):
    """An owner of three environments, and all processes below it."""
    home = tmp_path / "home"
    home.mkdir()
    command = [sys.executable, str(Path(__file__).with_name("owner.py")), str(home), "first-boot", walls, state]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        pids = json.loads(process.stdout.readline())
        yield process, [psutil.Process(pid) for pid in pids], home
        process.kill()


def all_gone(processes) -> bool:
    return not psutil.wait_procs(processes, timeout=PATIENCE_SECONDS)[1]


def sweep(home, walls) -> int:
    async def open_and_sweep() -> int:
        allow = frozenset(walls.split(",")) if walls != "all" else frozenset({"cgroup", "namespaces", "landlock", "seccomp"})
        sandbox = await open_process_sandbox(home, "second-boot", SystemClock(), run_folder=home / "run", allow=allow)
        try:
            return await sandbox.sweep()
        finally:
            await sandbox.aclose()

    return asyncio.run(open_and_sweep())


def test_kill_9_of_the_owner_leaves_no_process(owner):
    process, below, _ = owner
    assert len(below) == 7
    groups = groups_of(below[1])
    process.send_signal(signal.SIGKILL)
    assert all_gone(below)
    assert not [folder for folder in groups if folder.exists()]


def groups_of(process) -> list[Path]:
    """Folders of the control groups of ours that a process is in."""
    lines = Path(f"/proc/{process.pid}/cgroup").read_text().splitlines()
    named = [line.split(":", 2)[1:] for line in lines if "jupyter-lambda-" in line]
    return [Path(f"/sys/fs/cgroup/{controller}{path}") for controller, path in named]


def test_a_sweep_ends_what_survives_owner_and_zygote(owner, walls):
    process, below, home = owner
    process.send_signal(signal.SIGSTOP)  # it can't clean up any more
    below[0].send_signal(signal.SIGKILL)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert sweep(home, walls) > 0
    assert all_gone(below)
    assert sweep(home, walls) == 0


def test_the_owner_ends_what_a_dead_zygote_leaves(owner):
    _, below, _ = owner
    below[0].send_signal(signal.SIGKILL)
    assert all_gone(below)


def test_a_clean_end_leaves_nothing_in_the_run_folder(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    assert sweep(home, "landlock,seccomp") == 0
    assert not any((home / "run").rglob("*")) or list((home / "run").rglob("*")) == [home / "run" / "tmp"]
