"""The Docker daemon of a test run: one of its own where we are root and `dockerd` is installed, else this machine's.

A daemon of our own has its own socket, data and containers, so tests may kill it, and no other test or engine meets it.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from jupyter_lambda.clock import SystemClock, pause
from jupyter_lambda.sandbox.docker_daemon import docker_facts

START_SECONDS = 60.0


def may_have_own() -> bool:
    """Whether a run can start a daemon."""
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("dockerd") is not None


def why_none() -> str:
    """Why no Docker test can run here; empty if they can."""
    if may_have_own():
        return ""
    facts = docker_facts()
    return "" if facts.answers else f"no Docker daemon, and none can be started (that needs root and dockerd). {facts.note}"


NEEDS_DOCKER = [pytest.mark.needs_docker, pytest.mark.skipif(bool(why_none()), reason=why_none() or "there is one")]


class Daemon:
    """A daemon; one that is not ours can't be killed or restarted."""

    def __init__(self, address: str) -> None:
        self.address = address

    @property
    def host(self) -> str:
        """As $DOCKER_HOST has it."""
        return f"unix://{self.address}"

    def stop(self) -> None:
        """Not ours to stop."""


class OwnDaemon(Daemon):
    """A daemon that this run started."""

    def __init__(self, folder: Path, bridge: str = "none", *more: str) -> None:
        super().__init__(str(folder / "docker.sock"))
        self._folder = folder
        self._options = (f"--bridge={bridge}", *more)
        self.tcp = f"tcp://127.0.0.1:{_free_port()}"
        self._process: subprocess.Popen[bytes] | None = None
        self._containerd = self._open_containerd()
        self.start()

    def _open_containerd(self) -> subprocess.Popen[bytes]:
        """A service of its own, as packages install it: it lives on when dockerd is killed."""
        folder = self._folder / "containerd"
        folder.mkdir()
        (folder / "config.toml").write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
        command = [
            "containerd", "--config", f"{folder}/config.toml", "--root", f"{folder}/data", "--state", f"{folder}/run",
            "--address", f"{folder}/containerd.sock",
        ]  # fmt: skip
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def start(self) -> None:
        """Start it and wait until it answers."""
        folder = self._folder
        (folder / "docker.pid").unlink(missing_ok=True)  # of one that was killed
        command = [
            "dockerd", f"--data-root={folder}/data", f"--exec-root={folder}/run", f"--pidfile={folder}/docker.pid",
            f"--host={self.host}", f"--host={self.tcp}", "--tls=false", f"--containerd={folder}/containerd/containerd.sock",
            *self._options, "--iptables=false", "--ip6tables=false", "--exec-opt=native.cgroupdriver=cgroupfs",
        ]  # fmt: skip
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        clock = SystemClock()
        deadline = clock.monotonic() + START_SECONDS
        while not self.answers():
            assert self._process.poll() is None, (folder / "log").read_text()[-2_000:]
            assert clock.monotonic() < deadline, "dockerd did not answer"
            pause(0.05)

    def answers(self) -> bool:
        """Whether it serves now."""
        command = ["docker", "--host", self.host, "version", "--format", "{{.Server.Version}}"]
        return subprocess.run(command, check=False, capture_output=True, timeout=30).returncode == 0

    def kill(self) -> None:
        """SIGKILL, as a crash is; its containers run on without it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Stop and start it as an administrator does: it ends its containers first."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        self.start()

    def stop(self) -> None:
        """End it as an administrator does, and what it left after a crash."""
        if self._process is not None:
            if self._process.poll() is None:  # networks' bridges outlive their daemon
                subprocess.run(["docker", "--host", self.host, "network", "prune", "--force"], check=False, capture_output=True)
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._process = None
        self._containerd.terminate()
        self._containerd.wait(30)
        for shim in _shims_of(self._folder):  # of containers that a daemon which was killed did not bury
            shim.kill()
        for mount in sorted(_mounts_below(self._folder), reverse=True):
            with suppress(subprocess.CalledProcessError):
                subprocess.run(["umount", "--lazy", mount], check=True, capture_output=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def state_pid(daemon: Daemon, container: str) -> int:
    """A container's first process as the daemon counts."""
    command = ["docker", "--host", daemon.host, "inspect", "--format", "{{.State.Pid}}", container]
    return int(subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout)


def _shims_of(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        command = " ".join(process.info["cmdline"] or ())
        if command.partition(" ")[0].endswith("containerd-shim-runc-v2") and f" {folder}/" in command:
            found.append(process)
    return found


def _mounts_below(folder: Path) -> list[str]:
    places = [line.split(" ")[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [place for place in places if place.startswith(f"{folder}/")]


def open_daemon(folder: Path) -> Daemon:
    """The daemon that tests use."""
    return OwnDaemon(folder) if may_have_own() else Daemon(docker_facts().address)
