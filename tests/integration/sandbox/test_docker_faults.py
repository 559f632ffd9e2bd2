"""When the daemon is slow, silent, full or restarted: what an invocation is told, that the next one works, that nothing is left."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from jupyter_lambda.clock import SystemClock
from jupyter_lambda.errors import SandboxError
from jupyter_lambda.sandbox.docker.daemon import Daemon
from jupyter_lambda.sandbox.docker.sandbox import DockerSandbox
from jupyter_lambda.testing.runtime_bench import RuntimeBench
from tests.contract.conftest import Workshop
from tests.docker_daemon import NEEDS_DOCKER, OwnDaemon, may_have_own
from tests.integration.engine_traffic import deploy
from tests.integration.sandbox.containers import containers_of, docker, inspect
from tests.integration.sandbox.engine_bench import EngineBench
from tests.integration.sandbox.slow_daemon import SlowDaemon
from tests.python_image import import_own_python

pytestmark = [*NEEDS_DOCKER, pytest.mark.slow, pytest.mark.timeout(240)]
SECONDS = 30.0
ECHO = "def handler(event, context): return event"
SLOW = "import time\ndef handler(event, context):\n time.sleep(event)\n return 'done'"


@pytest.fixture
def anyio_backend():
    return "asyncio"


# -- slow and silent --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def slow(docker_daemon, tmp_path):
    """A workshop behind a daemon that can be slowed down; its calls may take a second."""
    proxy = SlowDaemon(docker_daemon.address, tmp_path / "slow.sock")
    home = tmp_path / "home"
    home.mkdir()
    daemon = await Daemon.open(proxy.path, call_seconds=1.0)
    sandbox = DockerSandbox(daemon, home, "boot", SystemClock(), run_folder=home / "run")
    workshop = Workshop(sandbox, tmp_path / "packages", home, "docker")
    workshop.proxy, workshop.real = proxy, docker_daemon
    yield workshop
    proxy.delay = 0.0
    proxy.release()
    await workshop.aclose()
    await sandbox.aclose()
    proxy.stop()
    assert containers_of(docker_daemon.address, home) == []


@pytest.mark.anyio
async def test_a_slow_daemon_makes_a_start_slow_and_no_invocation(slow):
    slow.proxy.delay = 0.3
    environment, bench, answer = await slow.run(ECHO, 1)
    began = SystemClock().monotonic()
    assert answer.value == 1
    for number in range(20):
        assert (await bench.invoke(number)).value == number
    assert SystemClock().monotonic() - began < 2.0  # twenty calls of a daemon would take six
    await environment.kill()


@pytest.mark.anyio
@pytest.mark.parametrize("call", ["/containers/create", "/start"])
async def test_a_start_that_gets_no_answer_is_given_up_and_leaves_no_container(slow, call):
    await slow.run(ECHO, 0)
    slow.proxy.hang = call
    with pytest.raises(SandboxError, match=r"docker daemon: POST .* had no answer within 1 s"):
        await slow.sandbox.start(slow.spec(ECHO), RuntimeBench().channels())
    assert slow.proxy.hung.is_set()
    slow.proxy.release()
    _, _, answer = await slow.run(ECHO, 2)
    assert answer.value == 2
    assert len(containers_of(slow.real.address, slow.home)) == 2  # the first one's, and this


@pytest.mark.anyio
async def test_a_kill_does_not_wait_for_the_daemon(slow):
    environment, bench = await slow.start(SLOW)
    bench.send(60)
    await bench.until_ready()
    environment._container.group._group = (
        None  # as an engine that may not write control groups: the daemon holds the CPU, and lets go
    )
    environment.init_ended()
    slow.proxy.hang = "/"
    began = SystemClock().monotonic()
    await environment.kill()
    assert SystemClock().monotonic() - began < 0.9
    slow.proxy.release()


# -- full -------------------------------------------------------------------------------------------------------------------


def make_bench(daemon, tmp_path, monkeypatch, **settings):
    monkeypatch.setenv("DOCKER_HOST", daemon.host)
    with EngineBench(tmp_path / "home", daemon, settings) as bench:
        yield bench


@pytest.fixture
def small(tmp_path, monkeypatch, tmp_path_factory):
    """A bench on a daemon whose data stands on a small disk."""
    if not may_have_own():
        pytest.skip("a disk for a daemon of our own needs root and dockerd")
    folder = tmp_path_factory.mktemp("small")
    (folder / "data").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "small", folder / "data"], check=True)
    try:
        daemon = OwnDaemon(folder)
        try:
            yield from make_bench(daemon, tmp_path, monkeypatch)
        finally:
            daemon.stop()
    finally:
        subprocess.run(["umount", "--lazy", folder / "data"], check=False, capture_output=True)


def fill(path: Path) -> None:
    """Leave no page free on a file system."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_a_full_disk_of_the_daemon_is_told_and_everything_goes_on_when_there_is_room(small, tmp_path_factory):
    deploy(small.connection, "echo", ECHO)
    assert small.call("echo", 1) == (200, 1)
    data = Path(small.daemon.address).parent / "data"
    filler = data / "filler"
    fill(filler)
    assert small.call("echo", 2) == (200, 2)  # warm
    deploy(small.connection, "cold", ECHO, ephemeral_mib=1024)
    status, body = small.call("cold", 1)
    assert status == 500
    assert "no space left on device" in json.dumps(body)
    filler.unlink()
    assert small.call("cold", 3) == (200, 3)


# -- restarted --------------------------------------------------------------------------------------------------------------


def test_a_restart_of_the_daemon_ends_what_runs_and_nothing_else(tmp_path, monkeypatch, tmp_path_factory):
    if not may_have_own():
        pytest.skip("restarting a daemon needs one of our own: root and dockerd")
    daemon = OwnDaemon(tmp_path_factory.mktemp("restarted"))
    try:
        for bench in make_bench(daemon, tmp_path, monkeypatch):
            deploy(bench.connection, "slow", SLOW, timeout_seconds=60)
            answer = bench.call_aside("slow", 50)
            bench.until_busy("slow")
            daemon.restart()
            status, body = answer()
            assert (status, body["errorType"]) == (200, "Runtime.ExitError")
            bench.connection.close()  # it was idle for longer than the server keeps one; the next call opens it again
            assert bench.call("slow", 0) == (200, "done")
            assert docker(daemon.address, "ps", "-q", "--filter", "status=exited") == ""
    finally:
        daemon.stop()


# -- trusting -----------------------------------------------------------------------------------------------------------------


def test_a_daemon_that_filters_no_system_call_is_not_relied_on(tmp_path, monkeypatch, tmp_path_factory):
    """As podman's own filter, which lets everybody make user namespaces."""
    if not may_have_own():
        pytest.skip("a daemon with other defaults needs root and dockerd")
    profile = tmp_path / "everything.json"
    profile.write_text('{"defaultAction": "SCMP_ACT_ALLOW"}')
    daemon = OwnDaemon(tmp_path_factory.mktemp("trusting"), "none", f"--seccomp-profile={profile}")
    try:
        for bench in make_bench(daemon, tmp_path, monkeypatch):
            deploy(bench.connection, "unshare", UNSHARE)
            assert bench.call("unshare", None) == (200, "EPERM")
    finally:
        daemon.stop()


UNSHARE = """
import ctypes, errno
def handler(event, context):
    libc = ctypes.CDLL(None, use_errno=True)
    return errno.errorcode[ctypes.get_errno()] if libc.unshare(0x10000000) else "allowed"
"""


# -- the network ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def bridge(tmp_path_factory):
    """A daemon with a default network, and that network's address of this machine."""
    if not may_have_own():
        pytest.skip("a bridge for a daemon of our own needs root and dockerd")
    name, address = f"jl{os.getpid() % 100_000}", f"10.213.{os.getpid() % 250}.1"
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    try:
        subprocess.run(["ip", "addr", "add", f"{address}/24", "dev", name], check=True)
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        daemon = OwnDaemon(tmp_path_factory.mktemp("bridged"), bridge=name)
        try:
            yield daemon, address
        finally:
            daemon.stop()
    finally:
        subprocess.run(["ip", "link", "del", name], check=True)


CONNECT = """
import socket
def handler(event, context):
    found = {}
    for name, (host, port) in event.items():
        try:
            with socket.create_connection((host, port), timeout=5) as s: found[name] = s.recv(5).decode()
        except OSError as error: found[name] = type(error).__name__
    return found
"""


def test_a_container_with_a_network_reaches_others_and_not_the_engine(bridge, tmp_path, monkeypatch):
    daemon, address = bridge
    for bench in make_bench(daemon, tmp_path, monkeypatch):
        reach(bench, address)


def test_an_address_that_was_set_leads_there_over_tcp(bridge, tmp_path, monkeypatch):
    daemon, address = bridge
    settings = {"docker_gateway": address, "docker_base_image": import_own_python(daemon, tmp_path)}
    for bench in make_bench(daemon, tmp_path, monkeypatch, **settings):
        rows = {row["row"]: row for row in bench.connection.get("/engine/v1/status")["enforcement"]}
        assert not rows["network"]["held"]
        deploy(bench.connection, "echo", ECHO)
        assert bench.call("echo", [1]) == (200, [1])
        [mount, *_] = inspect(daemon.address, bench.containers()[0])["Mounts"]
        assert mount["Type"] == "volume"


def reach(bench, address):
    with socket.create_server((address, 0)) as server:

        def greet():
            peer, _ = server.accept()
            peer.sendall(b"hello")
            peer.close()

        threading.Thread(target=greet, daemon=True).start()
        engine_port = int(bench.runtime.url.rpartition(":")[2].rstrip("/"))
        event = {
            "server": [address, server.getsockname()[1]],
            "engine": [address, engine_port],
            "loopback": ["127.0.0.1", engine_port],
        }
        deploy(bench.connection, "bridge", CONNECT, network="bridge", timeout_seconds=30)
        deploy(bench.connection, "none", CONNECT, timeout_seconds=30)
        status, found = bench.call("bridge", event)
        assert status == 200, found
        assert found == {"server": "hello", "engine": "ConnectionRefusedError", "loopback": "ConnectionRefusedError"}
        _, found = bench.call("none", event)
        assert found == {"server": "OSError", "engine": "OSError", "loopback": "ConnectionRefusedError"}
