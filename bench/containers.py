"""What is measured of the docker sandbox, beside `docker run` of an idle image; nothing where no daemon answers."""

from __future__ import annotations

import subprocess
import sys
import time

import jupyter_lambda as jl
from bench import ours
from bench.measure import Row, repeat, timed
from jupyter_lambda.sandbox.docker_daemon import docker_facts

SUBJECT = f"{ours.SUBJECT}, docker sandbox"
COLD = "cold start, container"
IMAGE = "jupyter-lambda/host"


def measure() -> list[Row]:
    """All rows of containers."""
    docker = docker_facts()
    if not docker.answers:
        print(f"bench: no containers: {docker.note}", file=sys.stderr)
        return []
    with ours.engine("docker") as client:
        echo = jl.deploy(ours.FUNCTIONS / "echo.py", engine=client, memory=ours.MEMORY_MIB)
        frame = jl.deploy(ours.FUNCTIONS / "frame.py", engine=client, memory=ours.MEMORY_MIB, timeout=30)
        event = {"side": 640}
        warm = Row("warm invocation", SUBJECT, repeat(lambda: echo(event), 2_000, warm_up=300), note="one handle, one caller")
        rows = [
            warm,
            cold(client, echo, event, "nothing imported", aim_ms=15.0, pooled=True),
            cold(client, frame, {"n": 10}, "numpy and pandas imported", aim_ms=15.0, pooled=True),
            cold(client, echo, event, "nothing imported", aim_ms=None, pooled=False),
        ]
        return [*rows, docker_run(docker.address)]


def cold(client, function: jl.FunctionHandle, event: object, what: str, *, aim_ms: float | None, pooled: bool) -> Row:
    """Cold starts with a container waiting (the pool gets time to boot one), or with none: two at a time, the second finds it taken."""
    samples = []
    for number in range(13):
        ours.end_environments(client, function.name)
        time.sleep(2.0)  # a container is booted ahead meanwhile
        if pooled:
            elapsed = timed(lambda: function.invoke(event))
        else:
            elapsed = max(result.record.start_ms for result in _all_at_once(function, event))
        if number:
            samples.append(elapsed)
    note = f"{what}; " + ("from the pool, whole call" if pooled else "the pool is empty, environment's start")
    return Row(COLD, f"{SUBJECT}: {note}", tuple(samples), aim_ms=aim_ms)


def _all_at_once(function: jl.FunctionHandle, event: object) -> list[jl.Invocation]:
    import concurrent.futures

    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        return list(threads.map(lambda _: function.invoke(event), range(6)))


def docker_run(address: str) -> Row:
    """What the daemon's own command takes for a container that does nothing."""
    form = "{{.Repository}}:{{.Tag}}"
    docker = ["docker", "--host", f"unix://{address}"]
    reference = subprocess.check_output([*docker, "images", "--format", form, IMAGE], text=True).split()[0]
    folders = [part for path in ("/usr", "/lib", "/lib64") for part in ("--volume", f"{path}:{path}:ro")]
    command = [*docker, "run", "--rm", "--network", "none", "--log-driver", "none", *folders, reference, "/usr/bin/true"]
    return Row(COLD, "docker run of an idle image", repeat(lambda: subprocess.run(command, check=True), 10, warm_up=1))
