"""An engine on a daemon that sees none of its machine's files: what it chooses, that functions run, that nothing is left of it."""

from __future__ import annotations

import json
import os
import signal

import pytest

from jupyter_lambda.client.stopping import wait_for_end
from jupyter_lambda.errors import JupyterLambdaError
from jupyter_lambda.sandbox.docker.sandbox import home_id
from tests.docker_daemon import NEEDS_DOCKER, may_have_own
from tests.integration.engine_traffic import deploy
from tests.integration.sandbox.containers import docker, inspect
from tests.integration.sandbox.engine_bench import EngineBench
from tests.integration.sandbox.slow_daemon import SlowDaemon
from tests.python_image import import_own_python

pytestmark = [
    *NEEDS_DOCKER,
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not may_have_own(), reason="the way to this machine's daemon is not ours to judge"),
]
LOOK = """
import os, socket
def handler(event, context):
    found = {"event": event, "uid": os.getuid(), "etc": os.path.exists("/usr/bin/env"), "interfaces": sorted(os.listdir("/sys/class/net"))}
    for name, path in {"own": "/proc/self/environ", "first": "/proc/1/environ", "memory": "/proc/1/mem"}.items():
        try: found[name] = open(path, "rb").read(4096).decode()
        except OSError as error: found[name] = type(error).__name__
    for name, (host, port) in event.items():
        try: socket.create_connection((host, port), timeout=2).close()
        except OSError as error: found[name + " port"] = "closed"
        else: found[name + " port"] = "open"
    return found
"""
ECHO = "def handler(event, context):\n print('seen', event)\n return event"


@pytest.fixture
def blind(docker_daemon, tmp_path, monkeypatch):
    """A daemon as Docker Desktop's is: it knows no folder of ours."""
    proxy = SlowDaemon(docker_daemon.address, tmp_path / "blind.sock", blind=True)
    monkeypatch.setenv("DOCKER_HOST", proxy.host)
    yield proxy
    proxy.stop()


@pytest.fixture
def base(docker_daemon, tmp_path):
    return import_own_python(docker_daemon, tmp_path)


def networks_of(address: str, home) -> list[str]:
    return docker(address, "network", "ls", "-q", "--filter", f"label=jupyter-lambda.home={home_id(home)}").split()


def running(address: str, home) -> list[str]:
    return docker(address, "ps", "-q", "--filter", f"label=jupyter-lambda.home={home_id(home)}").split()


def test_auto_copies_files_and_connects_over_tcp(blind, base, tmp_path):
    with EngineBench(tmp_path / "home", blind, {"docker_base_image": base}, sandbox="auto") as bench:
        status = bench.connection.get("/engine/v1/status")
        assert status["sandbox"] == "docker"
        assert "sees none of this machine's files" in status["sandbox_note"]
        rows = {row["row"]: row for row in status["enforcement"]}
        assert rows["network"]["by"] == "internal network"
        deploy(bench.connection, "look", LOOK, timeout_seconds=30)
        [network] = networks_of(blind.address, bench.home)
        gateway = json.loads(docker(blind.address, "network", "inspect", network))[0]["IPAM"]["Config"][0]["Gateway"]
        engine_port = int(bench.runtime.url.rpartition(":")[2].rstrip("/"))
        code, found = bench.call("look", {"engine": [gateway, engine_port], "outside": ["192.0.2.77", 80]})
        assert code == 200, found
        assert found["uid"] != 0
        assert found["interfaces"] == ["eth0", "lo"]
        assert (found["engine port"], found["outside port"]) == ("closed", "closed")
        assert (found["first"], found["memory"]) == ("PermissionError", "PermissionError")
        for number in range(3):  # the second one finds a container that waits, and gets its package there
            deploy(bench.connection, f"echo{number}", ECHO)
            assert bench.call(f"echo{number}", number) == (200, number)
        for each in bench.containers():
            container = inspect(blind.address, each)
            assert all(mount["Type"] == "volume" for mount in container["Mounts"])
            assert container["HostConfig"]["CapDrop"] == ["ALL"]
            assert container["HostConfig"]["ReadonlyRootfs"]
            named = {each.partition("=")[0] for each in container["Config"]["Env"]}
            assert not any("SECRET" in name or "TOKEN" in name for name in named)
        home = bench.home
    assert networks_of(blind.address, home) == []
    assert docker(blind.address, "volume", "ls", "-q", "--filter", f"label=jupyter-lambda.home={home_id(home)}") == ""


def test_a_killed_engines_network_is_swept_by_the_next_start(blind, base, tmp_path):
    with EngineBench(tmp_path / "home", blind, {"docker_base_image": base}) as bench:
        deploy(bench.connection, "echo", ECHO)
        assert bench.call("echo", 1) == (200, 1)
        before = networks_of(blind.address, bench.home)
        os.kill(bench.runtime.pid, signal.SIGKILL)
        wait_for_end(bench.runtime, 30.0)
        bench.until(lambda: running(blind.address, bench.home) == [])  # each ended with its connection
        bench.connect()
        assert bench.call("echo", 2) == (200, 2)
        bench.until(lambda: len(networks_of(blind.address, bench.home)) == 1)
        assert networks_of(blind.address, bench.home) != before


def test_without_a_base_image_auto_takes_processes_and_docker_says_what_is_missing(blind, tmp_path):
    missing = {"docker_base_image": "nobody/nothing:{minor}"}
    with EngineBench(tmp_path / "home", blind, missing, sandbox="auto") as bench:
        assert bench.connection.get("/engine/v1/status")["sandbox"] == "process"
        deploy(bench.connection, "echo", ECHO)
        assert bench.call("echo", 1) == (200, 1)
    with pytest.raises(JupyterLambdaError, match=r"bind source path does not exist.*docker_base_image"):
        EngineBench(tmp_path / "other", blind, missing)
