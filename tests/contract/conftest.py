"""Fixtures of the sandbox contract: a sandbox with the walls that the run may use, and environments made from a piece of source.

`walls` says which sandbox: "all" and "bare" are the process sandbox, "docker" is containers, where a daemon answers, and "distant" is
containers of a daemon over TCP that is taken for one which sees none of our files: nothing is mounted, and they connect over TCP.
"""

from __future__ import annotations

import itertools
import os
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from jupyter_lambda.clock import SystemClock
from jupyter_lambda.model.function import Mount, PythonEnvironment
from jupyter_lambda.sandbox.docker.built_images import ImageSettings
from jupyter_lambda.sandbox.docker.daemon import Daemon
from jupyter_lambda.sandbox.docker.distant import Distance
from jupyter_lambda.sandbox.docker.endpoint import Endpoint
from jupyter_lambda.sandbox.docker.environment import host_pid
from jupyter_lambda.sandbox.docker.host_image import BUILD
from jupyter_lambda.sandbox.docker.sandbox import DockerSandbox
from jupyter_lambda.sandbox.process import process_table
from jupyter_lambda.sandbox.process.sandbox import open_process_sandbox
from jupyter_lambda.sandbox.process.spawn_request import MARKER
from jupyter_lambda.sandbox.process.tier import EVERYTHING
from jupyter_lambda.sandbox.protocol import EnvironmentSpec
from jupyter_lambda.testing.memory_lender import FixedLender
from jupyter_lambda.testing.runtime_bench import RuntimeBench
from tests.docker_daemon import NEEDS_DOCKER, may_have_own, state_pid
from tests.python_image import PYTHON, import_own_python

WALLS = {"all": EVERYTHING, "bare": frozenset({"landlock", "seccomp"})}


def own_environment() -> PythonEnvironment:
    return PythonEnvironment(
        executable=sys.executable,
        prefix=sys.prefix,
        base_prefix=sys.base_prefix,
        version=".".join(map(str, sys.version_info[:3])),
        sys_path=tuple(entry for entry in sys.path if entry.endswith("-packages") or "lib" in Path(entry).parts),
    )


class Workshop:
    """Makes packages, specs and environments, and closes what it made."""

    def __init__(self, sandbox, folder: Path, home: Path, walls: str, daemon=None) -> None:
        self.sandbox, self.folder, self.home, self.walls = sandbox, folder, home, walls
        self.daemon = daemon
        self._first_pids = {}
        self.rows = {row.row: row for row in sandbox.enforcement()}
        self._numbers = itertools.count(1)
        self._open = []

    def living(self, environment) -> list[int]:
        """All processes of an environment, but for what holds it; its zygote serves no other one."""
        if self.is_contained:
            container = environment._container
            return [] if container is None else sorted(process_table.descendants(self.first_pid(container)))
        ours = process_table.marked(f"{MARKER}=").items()
        marked = {pid for pid, rest in ours if rest.endswith(f"/{environment.environment_id}")}
        return sorted({*process_table.descendants(environment.zygote.pid), *marked})

    @property
    def executable(self) -> str:
        """The interpreter as the function sees it."""
        return PYTHON if self.walls == "distant" else sys.executable

    @property
    def is_contained(self) -> bool:
        return self.walls in ("docker", "distant")

    def first_pid(self, container) -> int:
        """The container's first process; a distant one's is known to its daemon, which is on this machine after all."""
        if container.first_pid < 0:
            self._first_pids.setdefault(container.container_id, state_pid(self.daemon, container.container_id))
            return self._first_pids[container.container_id]
        return container.first_pid

    def host_pid(self, environment) -> int:
        """The runtime process as this machine counts."""
        container = getattr(environment, "_container", None)
        if container is None or container.first_pid > 0:
            return environment.pid
        return host_pid(self.first_pid(container), environment.pid)

    def sockets(self) -> list[Path] | list[int]:
        """Where containers that are being booted will find the engine."""
        if self.walls == "distant":
            return [gateway.port for gateway in self.sandbox._distant._gateways.values() if gateway.port is not None]
        return list((self.home / "run").rglob("control.sock"))

    def inside(self, root: Path) -> str:
        """Where the function sees its package."""
        return "/var/task" if self.is_contained else str(root)

    def package(self, source: str, **files: str) -> Path:
        """A package folder with `function.py` and other files."""
        root = self.folder / f"package-{next(self._numbers)}"
        root.mkdir(parents=True)
        for name, text in {"function": source, **files}.items():
            (root / f"{name}.py").write_text(textwrap.dedent(text))
        return root

    def spec(self, source: str = "", **changes) -> EnvironmentSpec:
        number = next(self._numbers)
        root = changes.pop("task_root", None) or self.package(source)
        variables = {
            "PATH": os.environ["PATH"],
            "LAMBDA_TASK_ROOT": str(root),
            "AWS_LAMBDA_FUNCTION_NAME": "bench",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(changes.get("memory_mib", 128)),
            **changes.pop("variables", {}),
        }
        values = {
            "environment_id": f"environment{number}of{os.getpid()}",  # other runs of this suite may stand beside this one
            "function_name": "bench",
            "version": "$LATEST",
            "task_root": root,
            "handler": "function.handler",
            "memory_mib": 128,
            "ephemeral_mib": 512,
            "variables": variables,
            "runtime_api": "127.0.0.1:1",
            "python": own_environment(),
        }
        if self.walls == "distant" and "extra_path" in changes:  # of this machine's folders it has only what is mounted
            changes["mounts"] = tuple(Mount(path, path) for path in changes["extra_path"])
        return EnvironmentSpec(**{**values, **changes})

    async def start(self, source: str = "", **changes):
        """Start an environment; returns it with its bench, ready or failed."""
        bench = RuntimeBench()
        self._open.append(bench)
        environment = await self.sandbox.start(self.spec(source, **changes), bench.channels())
        self._open.append(environment)
        return environment, bench

    async def run(self, source: str, event=None, **changes):
        """Start an environment and invoke it once; returns environment, bench, answer."""
        environment, bench = await self.start(source, **changes)
        return environment, bench, await bench.invoke(event)

    def with_changes(self, spec: EnvironmentSpec, **changes) -> EnvironmentSpec:
        return msgspec.structs.replace(spec, **changes)

    async def aclose(self) -> None:
        for thing in reversed(self._open):
            await thing.aclose()


def _walls() -> list[object]:
    chosen = os.environ.get("JUPYTER_LAMBDA_TEST_WALLS")
    if chosen:
        return list(chosen.split(","))
    containers = [pytest.param("docker", marks=NEEDS_DOCKER)]
    if may_have_own():
        containers.append(pytest.param("distant", marks=NEEDS_DOCKER))
    return ["all", *containers] if os.geteuid() == 0 else ["all", "bare", *containers]


@pytest.fixture(params=_walls())
def walls(request) -> str:
    return request.param


@pytest.fixture
async def workshop(tmp_path, walls, request):
    home = tmp_path / "home"
    home.mkdir()
    daemon = None
    if walls == "distant":
        daemon = request.getfixturevalue("docker_daemon")
        images = ImageSettings(base=import_own_python(daemon, tmp_path))
        reached = await Daemon.open(Endpoint(daemon.tcp))
        sandbox = DockerSandbox(
            reached, home, "boot", SystemClock(), run_folder=home / "run", distance=Distance(), default_image=BUILD, images=images
        )
        await sandbox.open()
    elif walls == "docker":
        reached = await Daemon.open(request.getfixturevalue("docker_daemon").address)
        sandbox = DockerSandbox(reached, home, "boot", SystemClock(), run_folder=home / "run")
        sandbox.borrow_from(FixedLender(512))
    else:
        sandbox = await open_process_sandbox(home, "boot", SystemClock(), run_folder=home / "run", allow=WALLS[walls])
    workshop = Workshop(sandbox, tmp_path / "packages", home, walls, daemon)
    yield workshop
    await workshop.aclose()
    await sandbox.aclose()
