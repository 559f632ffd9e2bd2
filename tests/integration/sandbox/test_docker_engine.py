"""An engine on containers: what the daemon sees of its walls, and what happens when container, image, daemon or engine go."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from jupyter_lambda.client.launch import Launcher, stop_engine
from jupyter_lambda.client.stopping import wait_for_end
from jupyter_lambda.clock import SystemClock, pause
from jupyter_lambda.errors import JupyterLambdaError
from tests.docker_daemon import NEEDS_DOCKER, OwnDaemon, may_have_own
from tests.integration.engine_traffic import Acknowledged, Traffic, deploy, missing, package
from tests.integration.sandbox.containers import boots_of, docker, import_python_image, inspect, nameless_images_of
from tests.integration.sandbox.engine_bench import SECONDS, EngineBench

pytestmark = [*NEEDS_DOCKER, pytest.mark.slow, pytest.mark.timeout(240)]
ECHO = "import os\ndef handler(event, context): return event"
SLOW = "import time\ndef handler(event, context):\n time.sleep(event)\n return 'done'"


def make_bench(daemon, tmp_path, monkeypatch, sandbox="docker"):
    monkeypatch.setenv("DOCKER_HOST", daemon.host)
    with EngineBench(tmp_path / "home", daemon, sandbox=sandbox) as bench:
        yield bench


@pytest.fixture
def bench(docker_daemon, tmp_path, monkeypatch):
    yield from make_bench(docker_daemon, tmp_path, monkeypatch)


@pytest.fixture(params=["process", "docker"])
def either(request, docker_daemon, tmp_path, monkeypatch):
    """An engine of each kind."""
    yield from make_bench(docker_daemon, tmp_path, monkeypatch, request.param)


@pytest.fixture
def mortal(tmp_path, monkeypatch, tmp_path_factory):
    """A bench on a daemon that the test may kill."""
    if not may_have_own():
        pytest.skip("killing a daemon needs one of our own: root and dockerd")
    daemon = OwnDaemon(tmp_path_factory.mktemp("mortal"))
    try:
        yield from make_bench(daemon, tmp_path, monkeypatch)
    finally:
        daemon.stop()


# -- walls ------------------------------------------------------------------------------------------------------------------


def test_the_daemon_confirms_every_wall(bench):
    deploy(bench.connection, "echo", ECHO, memory_mib=256)
    assert bench.call("echo", 1) == (200, 1)
    [container] = [inspect(bench.daemon.address, each) for each in bench.containers()][:1]
    host = container["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["Privileged"]
    assert host["ReadonlyRootfs"]
    assert host["NetworkMode"] == "none"
    assert "no-new-privileges" in host["SecurityOpt"]
    assert host["PidsLimit"] == 1025
    assert not container["Config"]["User"].startswith("0")
    assert all(not mount["RW"] for mount in container["Mounts"])
    assert str(bench.home) not in {mount["Source"] for mount in container["Mounts"]}


def test_inside_there_are_no_rights_no_network_and_no_foreign_files(bench):
    source = """
import os
def handler(event, context):
    status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
    folders = {}
    for folder in ("/root", "/home", "/", "/run/jupyter-lambda"):
        try: folders[folder] = sorted(os.listdir(folder))
        except OSError as error: folders[folder] = type(error).__name__
    return {"caps": status["CapEff"].strip(), "bounding": status["CapBnd"].strip(), "privs": status["NoNewPrivs"].strip(),
            "seccomp": status["Seccomp"].strip(), "uid": os.getuid(), "folders": folders,
            "interfaces": sorted(os.listdir("/sys/class/net")), "processes": sorted(p for p in os.listdir("/proc") if p.isdigit())}
"""
    deploy(bench.connection, "look", source)
    status, found = bench.call("look", {})
    assert status == 200
    assert int(found["caps"], 16) == int(found["bounding"], 16) == 0
    assert found["privs"] == "1"
    assert found["seccomp"] == "2"
    assert found["uid"] != 0
    assert found["interfaces"] == ["lo"]
    assert len(found["processes"]) == 2
    shown = {mount["Destination"] for each in bench.containers() for mount in inspect(bench.daemon.address, each)["Mounts"]}
    for folder in ("/root", "/home"):
        names = found["folders"][folder]
        if isinstance(names, list):  # only the way to what is mounted
            assert all(any(place.startswith(f"{folder}/{name}") for place in shown) for name in names)
    assert found["folders"]["/run/jupyter-lambda"] == ["control.sock"]


def test_a_workers_own_connection_to_the_control_socket_is_refused(bench):
    source = """
import socket
def handler(event, context):
    for kind in (socket.SOCK_SEQPACKET, socket.SOCK_STREAM):
        with socket.socket(socket.AF_UNIX, kind) as s:
            try: s.connect("/run/jupyter-lambda/control.sock")
            except OSError as error: continue
            return "connected"
    return "refused"
"""
    deploy(bench.connection, "knock", source)
    assert bench.call("knock", {}) == (200, "refused")


def test_status_states_the_walls_and_says_how_to_switch(bench):
    status = bench.connection.get("/engine/v1/status")
    assert status["sandbox"] == "docker"
    assert "Docker" in status["sandbox_note"]
    assert all(row["held"] for row in status["enforcement"])


# -- one engine, both sandboxes ---------------------------------------------------------------------------------------------

WHERE = "import os\ndef handler(event, context): return len([p for p in os.listdir('/proc') if p.isdigit()]) == 2"


def test_each_function_runs_in_the_sandbox_that_it_asks_for(either):
    own = either.options.sandbox
    other = {"process": "docker", "docker": "process"}[own]
    for name, sandbox in (("own", {}), ("in_process", {"sandbox": "process"}), ("in_docker", {"sandbox": "docker"})):
        deploy(either.connection, name, WHERE, **sandbox)
    expected = {"own": own == "docker", "in_process": False, "in_docker": True}
    assert {name: either.call(name, {}) for name in expected} == {name: (200, inside) for name, inside in expected.items()}
    status = either.connection.get("/engine/v1/status")
    assert status["sandbox"] == own
    assert [each["kind"] for each in status["sandboxes"]] == [own, other]
    held = {each["kind"]: {row["row"]: row["by"] for row in each["enforcement"]} for each in status["sandboxes"]}
    for name, kind in (("own", own), ("in_process", "process"), ("in_docker", "docker")):
        detail = either.connection.get(f"/engine/v1/functions/{name}")
        assert (detail["sandbox"], {row["row"]: row["by"] for row in detail["enforcement"]}) == (kind, held[kind])
        assert {e["sandbox"] for e in either.environments() if e["function_name"] == name} == {kind}
    assert "Docker" in held["docker"]["memory"]
    assert "Docker" not in held["process"]["memory"]


def test_a_killed_engines_other_sandbox_is_swept_by_the_next_one(either):
    for name, sandbox in (("in_process", "process"), ("in_docker", "docker")):
        deploy(either.connection, name, SLOW, sandbox=sandbox, timeout_seconds=60)
        assert either.call(name, 0) == (200, "done")
    pids = {e["pid"] for e in either.environments()}
    home_label = inspect(either.daemon.address, either.containers()[0])["Config"]["Labels"]["jupyter-lambda.home"]
    image = docker(either.daemon.address, "images", "-q", "jupyter-lambda/host").split()[0]
    os.kill(either.runtime.pid, signal.SIGKILL)
    wait_for_end(either.runtime, SECONDS)
    left = leftover(either, image, home_label)
    either.connect()
    either.until(lambda: left not in either.containers())
    either.until(lambda: not any(psutil.pid_exists(pid) for pid in pids))


def test_without_a_daemon_the_deployment_says_so_and_names_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    bench = EngineBench(tmp_path / "home", None, sandbox="process")
    try:
        body, sha256 = package(ECHO)
        bench.connection.call("PUT", f"/engine/v1/blobs/{sha256}", body)
        request = {
            "package_sha256": sha256, "content_digest": sha256, "handler": "cell.handler", "runtime": "python3.11",
            "options": {"sandbox": "docker"},
        }  # fmt: skip
        status, answer = bench.connection.call("POST", "/engine/v1/functions/f/deploy", request)
        assert status == 500
        error = json.loads(answer)
        assert error["kind"] == "SandboxError"
        assert "no Docker daemon answers here" in error["what"]
        assert "the engine's own is the process sandbox" in error["suggestion"]
        assert bench.connection.get("/engine/v1/functions/f") is None
    finally:
        bench.connection.close()
        stop_engine(bench.home)


# -- what waits ----------------------------------------------------------------------------------------------------------


def test_what_waits_is_on_the_engines_books_and_goes_when_a_function_needs_the_memory(bench):
    stop_engine(bench.home)
    bench.options = replace(bench.options, settings={**bench.options.settings, "budget_mib": "400"})
    bench.connect()
    deploy(bench.connection, "echo", ECHO)
    assert bench.call("echo", 1) == (200, 1)
    bench.until(lambda: len(bench.containers()) == 2)  # one that works, one that waits
    bench.until(lambda: bench.connection.get("/engine/v1/status")["budget_used_mib"] >= 20)
    deploy(bench.connection, "large", SLOW, memory_mib=390, timeout_seconds=30)
    answer = bench.call_aside("large", 3)
    bench.until_busy("large")
    bench.until(lambda: len(bench.containers()) == 1)
    assert answer() == (200, "done")


def test_a_burst_of_events_boots_a_few_containers_only(bench):
    stop_engine(bench.home)
    bench.options = replace(bench.options, settings={**bench.options.settings, "concurrency": "200"})
    bench.connect()
    deploy(bench.connection, "echo", ECHO)
    for number in range(80):
        target = "/2015-03-31/functions/echo/invocations"
        assert bench.connection.call("POST", target, b"%d" % number, {"X-Amz-Invocation-Type": "Event"}.items())[0] == 202
    bench.until(lambda: bench.connection.get("/engine/v1/status")["queued_events"] == 0)
    bench.until(lambda: all(e["state"] in ("idle", "frozen") for e in bench.environments()))
    assert len(bench.environments()) <= 12
    assert len(bench.connection.get("/engine/v1/invocations?limit=1000")["invocations"]) == 80


def test_provisioned_environments_are_initialised_ahead_in_containers_and_the_first_call_has_no_init(bench):
    deploy(bench.connection, "echo", ECHO)
    target = "/2019-09-30/functions/echo/provisioned-concurrency?Qualifier=1"
    status, _ = bench.connection.call("PUT", target, {"ProvisionedConcurrentExecutions": 2})
    assert status == 202
    bench.until(lambda: bench.connection.get(target)["Status"] == "READY")
    ready = [e["environment_id"] for e in bench.environments() if e["version"] == "1"]
    assert len(ready) == 2
    called = "/2015-03-31/functions/echo/invocations?Qualifier=1"
    assert bench.connection.call("POST", called, b"1") == (200, b"1")
    [record] = bench.connection.get("/engine/v1/invocations?limit=10")["invocations"]
    assert record["environment_id"] in ready
    assert (record.get("cold", False), record.get("init_ms", 0.0)) == (False, 0.0)


# -- images of other people -------------------------------------------------------------------------------------------------


def test_an_image_with_amazons_runtime_client_runs_in_its_own_world(bench, tmp_path):
    reference = import_python_image(bench.daemon, tmp_path)
    source = (
        "import os, sys\ndef handler(event, context):\n print('from the image')\n"
        " return [event, sys.prefix, os.environ['FROM_IMAGE'], os.path.exists('/usr/bin/env'), context.function_name]"
    )
    deploy(bench.connection, "guest", source, image=reference, memory_mib=256)
    status, answer = bench.call("guest", {"a": 1})
    assert (status, answer) == (200, [{"a": 1}, "/opt/python", "yes", False, "guest"])
    assert bench.call("guest", 2)[1][0] == 2


def test_an_image_that_is_not_there_says_how_to_get_it(bench):
    deploy(bench.connection, "guest", ECHO, image="nobody/nothing:1")
    status, body = bench.call("guest", 1)
    assert status == 500
    assert "docker pull nobody/nothing:1" in json.dumps(body)


# -- what goes --------------------------------------------------------------------------------------------------------------


def test_a_container_removed_by_hand_ends_its_invocation_and_the_next_one_works(bench):
    deploy(bench.connection, "slow", SLOW, timeout_seconds=60)
    answer = bench.call_aside("slow", 50)
    for container in bench.until_busy("slow"):
        docker(bench.daemon.address, "rm", "-f", container)
    status, body = answer()
    assert (status, body["errorType"]) == (200, "Runtime.ExitError")
    assert bench.call("slow", 0) == (200, "done")


def test_a_container_paused_by_hand_is_ended_at_once_and_says_why(bench):
    deploy(bench.connection, "slow", SLOW, timeout_seconds=60)
    answer = bench.call_aside("slow", 50)
    began = SystemClock().monotonic()
    for container in bench.until_busy("slow"):  # the one that works, and those that wait or are being booted
        pause_by_hand(bench, container)
    error = answer()[1]
    assert error["errorType"] == "Runtime.ExitError"
    assert "paused from outside" in error["errorMessage"]
    assert bench.call("slow", 0) == (200, "done")
    [idle] = [e["environment_id"] for e in bench.environments() if e["state"] in ("idle", "frozen")]
    for container in bench.containers():
        pause_by_hand(bench, container)
    bench.until(lambda: idle not in [e["environment_id"] for e in bench.environments() if e["ended"] is None])
    assert bench.call("slow", 0) == (200, "done")
    assert SystemClock().monotonic() - began < 20  # a boot that nobody ends is given up after 30 s


def pause_by_hand(bench, container):
    with suppress(subprocess.CalledProcessError):  # it is made, and not started yet
        docker(bench.daemon.address, "pause", container)


def test_a_deleted_image_is_made_again(bench):
    deploy(bench.connection, "echo", ECHO)
    assert bench.call("echo", 1) == (200, 1)
    tags = docker(bench.daemon.address, "images", "--format", "{{.Repository}}:{{.Tag}}", "jupyter-lambda/host")
    for reference in tags.split():
        docker(bench.daemon.address, "rmi", "-f", reference)
    deploy(bench.connection, "other", ECHO, ephemeral_mib=1024)
    assert bench.call("other", 2) == (200, 2)


def test_a_killed_engines_containers_go_and_the_next_start_finds_none(bench):
    deploy(bench.connection, "slow", SLOW, timeout_seconds=60)
    answer = bench.call_aside("slow", 50)
    bench.until_busy("slow")
    os.kill(bench.runtime.pid, signal.SIGKILL)
    wait_for_end(bench.runtime, SECONDS)
    bench.until(lambda: bench.containers() == [])
    del answer
    bench.connect()
    assert bench.call("slow", 0) == (200, "done")


def test_a_leftover_of_an_earlier_boot_is_swept_and_anothers_is_not(bench, tmp_path):
    image = docker(bench.daemon.address, "images", "-q", "jupyter-lambda/host").split()[0]
    home_label = inspect(bench.daemon.address, make_ready(bench))["Config"]["Labels"]["jupyter-lambda.home"]
    ours = leftover(bench, image, home_label)
    theirs = leftover(bench, image, "another-home")
    stop_engine(bench.home)
    bench.connect()
    left = docker(bench.daemon.address, "ps", "-aq", "--no-trunc").split()
    assert ours not in left
    assert theirs in left
    docker(bench.daemon.address, "rm", "-f", theirs)


def make_ready(bench):
    deploy(bench.connection, "echo", ECHO)
    assert bench.call("echo", 1) == (200, 1)
    return bench.containers()[0]


def leftover(bench, image, home_label):
    labels = ["--label", f"jupyter-lambda.home={home_label}", "--label", "jupyter-lambda.boot=earlier"]
    return docker(bench.daemon.address, "create", "--network", "none", *labels, image, "/bin/true")


# -- the daemon goes --------------------------------------------------------------------------------------------------------


def test_without_its_daemon_warm_functions_go_on_and_cold_ones_say_what_is_missing(mortal):
    deploy(mortal.connection, "echo", ECHO)
    assert mortal.call("echo", 1) == (200, 1)
    mortal.daemon.kill()
    assert mortal.call("echo", 2) == (200, 2)
    deploy(mortal.connection, "cold", ECHO, ephemeral_mib=1024)
    status, body = mortal.call("cold", 1)
    assert status == 500
    assert "docker daemon" in json.dumps(body)
    mortal.daemon.start()
    mortal.until(lambda: mortal.call("cold", 1) == (200, 1))
    mortal.until(lambda: mortal.call("echo", 1) == (200, 1))


def test_an_engine_that_wants_docker_does_not_start_without_it(mortal):
    stop_engine(mortal.home)
    mortal.daemon.kill()
    with pytest.raises(JupyterLambdaError, match="--sandbox process"):
        Launcher().ensure(mortal.options)
    mortal.daemon.start()
    mortal.connect()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("victim", ["engine", "daemon"])
def test_twenty_kills_under_load_lose_nothing(mortal, victim):
    chance = random.Random(int(os.environ.get("JUPYTER_LAMBDA_TEST_SEED") or 10))
    kept = Acknowledged()
    for name in ("echo", "quiet"):
        deploy(mortal.connection, name, timeout_seconds=30)
    for _ in range(20):
        mortal.until(lambda: mortal.call("echo", 1) == (200, 1))  # a container is up: the kill meets running invocations
        traffic = Traffic(mortal.runtime, kept)
        traffic.start()
        pause(chance.uniform(0.05, 0.6))
        if victim == "daemon":
            mortal.daemon.kill()
            mortal.daemon.start()
            traffic.stop()
            mortal.connection.close()  # it was idle for longer than the server keeps one; the next call opens it again
        else:
            os.kill(mortal.runtime.pid, signal.SIGKILL)
            wait_for_end(mortal.runtime, SECONDS)
            traffic.stop()
            mortal.connect()
        assert missing(mortal.connection, kept) == []
        mortal.until(lambda: len(boots_of(mortal.daemon.address, mortal.home)) <= 1)  # of the present engine, or none
    assert len(kept.records) > 50
    assert nameless_images_of(mortal.daemon.address, mortal.home) == ""
    assert docker(mortal.daemon.address, "network", "ls", "-q", "--filter", "label=jupyter-lambda.home") == ""
    assert docker(mortal.daemon.address, "volume", "ls", "-q") == ""
    stop_engine(mortal.home)
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    assert [mount for mount in mounts if mount.startswith(f"{mortal.home}/")] == []
