"""What is measured of the docker sandbox, beside the process sandbox, `docker run` and the runtime interface emulator in a container."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import jupyter_lambda as jl
from bench import ours, peers
from bench.measure import Row, repeat, timed
from jupyter_lambda.sandbox.docker.container_group import find_group

SUBJECT = f"{ours.SUBJECT}, docker sandbox"
WARM = "warm invocation, both sandboxes in turn"
COLD = "cold start, container"
MEMORY = "a waiting container's own memory"
IMAGE = "jupyter-lambda/host"
MIB = 1024 * 1024
WARM_ABOVE_PROCESS_MS = 0.15
COLD_ABOVE_RUN = 1.5
POOL_MS = 15.0


def measure(address: str, cold_starts: int = 12, warm_calls: int = 2_000) -> list[Row]:
    """All rows of containers.

    Args:
        address: The daemon's socket.
        cold_starts: Samples of each kind of cold start.
        warm_calls: Samples of warm calls in each sandbox.
    """
    with ours.engine("docker") as client, ours.engine("process") as other:
        echo = jl.deploy(ours.FUNCTIONS / "echo.py", engine=client, memory=ours.MEMORY_MIB)
        frame = jl.deploy(ours.FUNCTIONS / "frame.py", engine=client, memory=ours.MEMORY_MIB, timeout=30)
        process = jl.deploy(ours.FUNCTIONS / "echo.py", engine=other, memory=ours.MEMORY_MIB)
        event = {"side": 640}
        docker = _docker(address)
        rows = [
            *warm(echo, process, event, warm_calls),
            pooled(client, echo, event, "nothing imported", cold_starts),
            pooled(client, frame, {"n": 10}, "numpy and pandas imported", cold_starts),
            *memory(client, docker, echo, frame),
        ]
        run = docker_run(docker, cold_starts)
        rows += [unpooled(client, echo, event, cold_starts, COLD_ABOVE_RUN * run.percentile(50)), run]
        return [*rows, *emulator(docker)]


def warm(echo: jl.FunctionHandle, process: jl.FunctionHandle, event: object, calls: int) -> list[Row]:
    """Calls of both sandboxes in blocks, one after the other, so that what the machine does meanwhile meets both."""
    samples: dict[str, list[float]] = {"docker": [], "process": []}
    for number in range(9):
        for kind, function in (("docker", echo), ("process", process)):
            times = [timed(lambda f=function: f(event)) for _ in range(calls // 8)]
            if number:  # the first block warms up
                samples[kind] += times
    ours_process = Row(WARM, f"{ours.SUBJECT}, process sandbox", tuple(samples["process"]))
    aim = ours_process.percentile(50) + WARM_ABOVE_PROCESS_MS
    return [ours_process, Row(WARM, SUBJECT, tuple(samples["docker"]), aim_ms=aim, note="one handle, one caller")]


def pooled(client, function: jl.FunctionHandle, event: object, what: str, samples: int) -> Row:
    """Whole calls with a container waiting: the pool gets time to boot one."""
    times, starts = [], []
    for number in range(samples + 1):
        ours.end_environments(client, function.name)
        time.sleep(2.0)  # a container is booted ahead meanwhile
        begin = time.perf_counter()
        record = function.invoke(event).record
        if number:
            times.append((time.perf_counter() - begin) * 1_000)
            starts.append(record.start_ms)
    start = Row(COLD, "", tuple(starts)).percentile(50)
    note = f"whole call; making the environment is {start:.3g} ms of it"
    return Row(COLD, f"{SUBJECT}: from the pool, {what}", tuple(times), aim_ms=POOL_MS, note=note)


def unpooled(client, function: jl.FunctionHandle, event: object, samples: int, aim_ms: float) -> Row:
    """Whole calls of which nobody knew: each time another size of `/tmp`, for which no container waits."""
    times = []
    for number in range(samples + 1):
        ours.end_environments(client, function.name)
        function.configure(ephemeral_mib=600 + number)
        time.sleep(1.5)  # whatever is booted ahead for the last one is through
        elapsed = timed(lambda: function.invoke(event))
        if number:
            times.append(elapsed)
    return Row(
        COLD, f"{SUBJECT}: without the pool", tuple(times), aim_ms=aim_ms, note=f"whole call; aim: {COLD_ABOVE_RUN} × docker run"
    )


def memory(client, docker: list[str], *functions: jl.FunctionHandle) -> list[Row]:
    """What waiting containers hold in their control group: those of the daemon in which no worker lives."""
    for function in functions:  # each has one waiting now
        ours.end_environments(client, function.name)
    time.sleep(3.0)
    found = []
    for container in subprocess.check_output([*docker, "ps", "--quiet"], text=True).split():
        pid = int(subprocess.check_output([*docker, "inspect", "--format", "{{.State.Pid}}", container], text=True))
        group = find_group(pid)
        if group is not None:
            held = group.memory()
            found.append((held.anonymous + held.shared) / MIB)
            group.remove()
    found.sort()
    if len(found) < len(functions):
        print(f"bench: {len(found)} containers wait where {len(functions)} were expected", file=sys.stderr)
        return []
    bare, loaded = [each for each in found if each < 25], [each for each in found if each >= 25]
    rows = [(bare, "nothing imported"), (loaded, "numpy and pandas imported")]
    return [Row(MEMORY, f"{SUBJECT}: {what}", tuple(values), unit="MB") for values, what in rows if values]


def _docker(address: str) -> list[str]:
    return ["docker", "--host", f"unix://{address}"]


def _run_command(docker: list[str], network: str, *options: str) -> list[str]:
    """`docker run` of the host image, with this machine's folders in it."""
    form = "{{.Repository}}:{{.Tag}}"
    reference = subprocess.check_output([*docker, "images", "--format", form, IMAGE], text=True).split()[0]
    shown = {"/usr", "/lib", "/lib64", os.path.realpath(sys.base_prefix), sys.prefix, str(ours.FUNCTIONS)}
    folders = [part for path in sorted(shown) if Path(path).is_dir() for part in ("--volume", f"{path}:{path}:ro")]
    return [*docker, "run", "--rm", "--network", network, "--log-driver", "none", *folders, *options, reference]


def docker_run(docker: list[str], samples: int) -> Row:
    """What the daemon's own command takes for a container that does nothing."""
    command = [*_run_command(docker, "none"), "/usr/bin/true"]
    return Row(COLD, "docker run of an idle image", repeat(lambda: subprocess.run(command, check=True), samples, warm_up=1))


def emulator(docker: list[str]) -> list[Row]:
    """AWS's emulator and runtime client in a container of the same image: warm, and from `docker run` to the first answer."""
    binary = peers.emulator_binary()
    if binary is None:
        return []
    event = json.dumps({"side": 640}).encode()

    def command(front: int, api: int) -> list[str]:
        tool = ("--volume", f"{binary}:{binary}:ro", "--workdir", str(ours.FUNCTIONS), "--env", "AWS_LAMBDA_FUNCTION_TIMEOUT=60")
        path = ("--env", f"PYTHONPATH={sysconfig.get_path('purelib')}")
        return [
            *_run_command(docker, "host", *tool, *path), str(binary), "--log-level", "error",
            "--runtime-interface-emulator-address", f"127.0.0.1:{front}", "--runtime-api-address", f"127.0.0.1:{api}",
            sys.executable, "-m", "awslambdaric", "echo.handler",
        ]  # fmt: skip

    def first_answer() -> None:
        with peers.running(command) as call:
            assert call(event) == event

    with peers.running(command) as call:
        warm_calls = repeat(lambda: call(event), 2_000, warm_up=300)
    subject = f"{peers.EMULATOR} in docker"
    return [
        Row(WARM, subject, warm_calls, note="with awslambdaric, raw socket client, the host's network"),
        Row(COLD, subject, repeat(first_answer, 5, warm_up=1), note="docker run to the first answer"),
    ]
