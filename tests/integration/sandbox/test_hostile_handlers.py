"""What hostile handlers do in both sandboxes: Lambda's error, an unharmed neighbour, an engine that does not grow, nothing left over."""

from __future__ import annotations

import http.client
import io
import json
import os
import platform
import statistics
import sys
import threading
import zipfile
from hashlib import sha256
from pathlib import Path
from stat import S_IFLNK

import psutil
import pytest

from jupyter_lambda.client.home import run_folder
from jupyter_lambda.client.launch import EngineOptions, Launcher, stop_engine
from jupyter_lambda.clock import SystemClock
from tests.docker_daemon import NEEDS_DOCKER
from tests.integration.engine_traffic import Connection, deploy
from tests.integration.processes import assert_gone, processes_of
from tests.integration.sandbox.containers import containers_of
from tests.integration.sandbox.hostile import TABLE

ENGINE_MAY_GROW_BYTES = 32 * 1024**2
ECHO = "def handler(event, context): return event"
KINDS = ["process", pytest.param("docker", marks=NEEDS_DOCKER)]
pytestmark = [
    pytest.mark.slow, pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux"),
]  # fmt: skip


class Ground:
    """An engine with one innocent function, and what to compare with afterwards."""

    def __init__(self, kind: str, home: Path, docker_address: str) -> None:
        self.kind, self.home, self._docker_address = kind, home, docker_address
        self.runtime = Launcher().ensure(EngineOptions(home=home, sandbox=kind, settings={"environment_idle_seconds": "60"}))
        self.connection = Connection(self.runtime, 60.0)
        deploy(self.connection, "neighbour", ECHO, memory_mib=1769)
        self.rows = {row["row"]: row for row in self.connection.get("/engine/v1/status")["enforcement"]}
        for _ in range(20):
            self.call("neighbour", {})

    def call(self, name: str, event: object) -> tuple[int, object]:
        status, body = self.connection.call("POST", f"/2015-03-31/functions/{name}/invocations", json.dumps(event).encode())
        return status, json.loads(body)

    def event(self) -> dict[str, object]:
        runtime_file = self.connection.get("/engine/v1/status")["runtime_file"]
        return {
            "home": str(self.home), "url": self.runtime.url, "engine": self.runtime.pid, "runtime_file": runtime_file,
            "run": str(run_folder(self.home).runtime_file.parent),
            "secrets": [f"{Path.home()}/.aws/credentials", f"{Path.home()}/.profile"],
        }  # fmt: skip

    def engine_bytes(self) -> int:
        """What the engine holds once it has put away what earlier rows logged: a reader sees all that was recorded before it asked."""
        self.connection.get("/engine/v1/functions/neighbour/metrics")
        return psutil.Process(self.runtime.pid).memory_info().rss

    def close(self) -> None:
        self.connection.close()
        stop_engine(self.home)
        assert_gone(processes_of(self.home), 2.0)
        if self.kind == "docker":
            assert containers_of(self._docker_address, self.home) == []


@pytest.fixture(scope="module", params=KINDS)
def ground(request, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        address = ""
        if request.param == "docker":
            daemon = request.getfixturevalue("docker_daemon")
            patch.setenv("DOCKER_HOST", daemon.host)
            address = daemon.address
        ground = Ground(request.param, tmp_path_factory.mktemp("hostile") / "home", address)
        yield ground
        ground.close()


class Neighbour:
    """Calls the innocent function again and again while something else happens."""

    def __init__(self, ground: Ground) -> None:
        self._connection, self._clock = Connection(ground.runtime, 60.0), SystemClock()
        self._stopped = threading.Event()
        self.mistakes: list[object] = []
        self.times_ms: list[float] = []
        self._thread = threading.Thread(target=self._repeat, daemon=True)
        self._thread.start()

    def _repeat(self) -> None:
        number = 0
        while not self._stopped.wait(0.01):
            number += 1
            began = self._clock.monotonic()
            try:
                answer = self._connection.call("POST", "/2015-03-31/functions/neighbour/invocations", str(number).encode())
            except (OSError, http.client.HTTPException) as error:
                self.mistakes.append(error)
                return
            self.times_ms.append((self._clock.monotonic() - began) * 1000)
            if answer != (200, str(number).encode()):
                self.mistakes.append(answer)

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(60)
        self._connection.close()

    def words(self) -> str:
        times = sorted(self.times_ms) or [0.0]
        return f"neighbour: {len(times)} calls, p50 {statistics.median(times):.2f} ms, p99 {times[int(len(times) * 0.99)]:.2f} ms"


def deploy_with_links(connection, name, row):
    """A package that a zip tool made: with symbolic links, which our own capture never writes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("cell.py", row.source)
        for link, target in row.links.items():
            entry = zipfile.ZipInfo(link)
            entry.external_attr = (S_IFLNK | 0o777) << 16
            archive.writestr(entry, target)
    data = buffer.getvalue()
    digest = sha256(data).hexdigest()
    status, body = connection.call("PUT", f"/engine/v1/blobs/{digest}", data)
    assert status in (200, 201), (status, body)
    python = {
        "executable": sys.executable, "prefix": sys.prefix, "base_prefix": sys.base_prefix, "version": platform.python_version(),
    }  # fmt: skip
    request = {
        "package_sha256": digest, "content_digest": digest, "handler": "cell.handler", "python": python,
        "options": {"memory_mib": row.memory, "timeout_seconds": row.timeout}, "runtime": f"python3.{sys.version_info.minor}",
    }  # fmt: skip
    return connection.call("POST", f"/engine/v1/functions/{name}/deploy", request)


@pytest.mark.parametrize("row", TABLE, ids=[row.name.replace(" ", "-") for row in TABLE])
def test_a_hostile_handler_gets_lambdas_answer_and_harms_nobody(ground, row):
    name = f"hostile-{TABLE.index(row)}"
    if row.links:
        status, body = deploy_with_links(ground.connection, name, row)
        assert status == 200, body
    else:
        deploy(ground.connection, name, row.source, memory_mib=row.memory, timeout_seconds=row.timeout)
    before = ground.engine_bytes()
    neighbour = Neighbour(ground)
    try:
        status, answer = ground.call(name, ground.event())
    finally:
        neighbour.stop()
    print(f"{ground.kind}: {row.name}: {status} {str(answer)[:120]}; {neighbour.words()}")
    assert neighbour.mistakes == []
    check(row, ground, status, answer)
    assert ground.engine_bytes() - before < ENGINE_MAY_GROW_BYTES
    ground.connection.call("DELETE", f"/engine/v1/functions/{name}")
    assert ground.call("neighbour", [1]) == (200, [1])


def check(row, ground, status, answer):
    """The documented answer; where the host can't hold the row, what the statement allows."""
    if callable(row.answer):
        held = not row.open_where or ground.rows[row.open_where]["held"]
        expected = row.answer if held or row.otherwise is None else row.otherwise
        if row.links and status == 502:  # the store refuses to unpack what leads out of the package
            assert "unzip" in answer["message"]
            return
        assert status == 200, answer
        assert not (isinstance(answer, dict) and "errorType" in answer), answer
        assert expected(answer), answer
    else:
        kinds = (row.answer,) if isinstance(row.answer, str) else row.answer
        assert status == 200, answer
        assert answer["errorType"] in kinds, answer


def test_two_hostile_functions_do_not_find_each_other(ground):
    """The files, variables and memory of one environment from another one, by everything that `/proc` and `/tmp` offer."""
    hide = (
        "import os, tempfile\ndef handler(e, c):\n open(os.path.join(tempfile.gettempdir(), 'hidden'), 'w').write('s')\n"
        " return os.getpid()"
    )
    seek = (
        "import os\ndef handler(e, c):\n found = []\n for folder, _, names in os.walk('/tmp'):\n"
        "  found += [n for n in names if n == 'hidden']\n"
        " for p in os.listdir('/proc'):\n  if p.isdigit() and int(p) != os.getpid():\n   try: found += os.listdir(f'/proc/{p}/root/tmp')\n"
        "   except OSError: pass\n return found"
    )
    deploy(ground.connection, "hides", hide, environment={"SECRET": "x"})
    deploy(ground.connection, "seeks", seek, timeout_seconds=60, memory_mib=1769)  # `/tmp` may hold this checkout
    assert isinstance(ground.call("hides", {})[1], int)
    status, found = ground.call("seeks", {})
    assert (status, found) == (200, [])
    for name in ("hides", "seeks"):
        ground.connection.call("DELETE", f"/engine/v1/functions/{name}")
    assert os.path.lexists(ground.home)
