"""Images that are built: from a base image and pip's lines, once, and with nothing left over however a build ends."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from jupyter_lambda.clock import SystemClock
from jupyter_lambda.errors import ImageBuildFailed
from jupyter_lambda.model.function import PythonEnvironment
from jupyter_lambda.sandbox.docker.built_images import ImageSettings
from jupyter_lambda.sandbox.docker.daemon import Daemon
from jupyter_lambda.sandbox.docker.distant import Distance
from jupyter_lambda.sandbox.docker.endpoint import Endpoint
from jupyter_lambda.sandbox.docker.prospect import look_for_docker
from jupyter_lambda.sandbox.docker.sandbox import DockerSandbox, home_id
from jupyter_lambda.sandbox.protocol import EnvironmentSpec, ImageSpec
from jupyter_lambda.testing.runtime_bench import RuntimeBench
from tests.docker_daemon import NEEDS_DOCKER, OwnDaemon, may_have_own
from tests.integration.sandbox.containers import containers_of, docker, import_base_image
from tests.wheels import endless_source, two_wheels, wheel

pytestmark = [*NEEDS_DOCKER, pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(120)]
MIB, SMALL_DISK_MIB = 1024 * 1024, 256
MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHON = PythonEnvironment(executable="/nowhere/python3", prefix="/nowhere", base_prefix="/nowhere", version=f"{MINOR}.0")


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def base(docker_daemon, tmp_path_factory):
    return import_base_image(docker_daemon, tmp_path_factory.mktemp("base"))


@pytest.fixture
def wheels(tmp_path):
    return two_wheels(tmp_path / "wheels")


@pytest.fixture
async def shop(docker_daemon, tmp_path, base, wheels):
    """Makes sandboxes of one home that build from `base` and `wheels`; each call's is another engine's."""
    opened = []
    home = tmp_path / "home"
    home.mkdir()

    async def open_sandbox(boot="boot", **settings):
        daemon = await Daemon.open(docker_daemon.address)
        images = ImageSettings(**{"base": base, "wheel_folder": str(wheels), **settings})
        opened.append(
            DockerSandbox(daemon, home, boot, SystemClock(), run_folder=home / "run", default_image="build", images=images)
        )
        return opened[-1]

    yield SimpleNamespace(open=open_sandbox, home=home, address=docker_daemon.address)
    for sandbox in opened:
        await sandbox.aclose()
    await until(lambda: containers_of(docker_daemon.address, home) == [])  # the daemon may be busy removing the last one


def images_built(address):
    return set(docker(address, "images", "-q", "--no-trunc", "jupyter-lambda/build").split())


def dangling(address):
    return docker(address, "images", "-q", "--filter", "dangling=true")


async def build(sandbox, *lines):
    told = []
    return await sandbox.ensure_image(ImageSpec(python=PYTHON, requirements=lines), told.append), told


async def run(sandbox, tmp_path, source, event=None, **changes):
    package = tmp_path / "package"
    package.mkdir(exist_ok=True)
    (package / "function.py").write_text(source)
    bench = RuntimeBench()
    spec = EnvironmentSpec(
        environment_id="e", function_name="f", version="1", task_root=package, handler="function.handler", memory_mib=256,
        ephemeral_mib=512, variables={"LAMBDA_TASK_ROOT": str(package), "MINE": "1", "PATH": "/nowhere"}, runtime_api="127.0.0.1:1",
        python=PYTHON, **changes,
    )  # fmt: skip
    environment = await sandbox.start(spec, bench.channels())
    try:
        return (await bench.invoke(event)).value
    finally:
        await environment.aclose()
        await bench.aclose()


async def test_a_function_runs_on_the_images_python_with_its_requirements(shop, tmp_path):
    sandbox = await shop.open()
    source = (
        "import getpass, os, sys, jlt_first\n"
        "def handler(event, context): return [event, jlt_first.N, jlt_first.__file__, sys.prefix, os.environ['MINE'],"
        " os.environ['PATH'], getpass.getuser(), os.getcwd(), os.listdir('/opt/jupyter-lambda')]"
    )
    answer = await run(sandbox, tmp_path, source, {"a": 1}, requirements=("jlt-first",), preload=("jlt_second",))
    packages = f"/opt/python/lib/python{MINOR}/site-packages/jlt_first.py"
    path = "/opt/python/bin:/usr/bin:/bin"
    assert answer == [{"a": 1}, 2, packages, "/opt/python", "1", path, "worker", "/var/task", ["runtime"]]


async def test_equal_requirements_share_an_image_and_other_ones_get_their_own(shop):
    sandbox = await shop.open()
    first, told = await build(sandbox, "jlt-first")
    assert any("Successfully installed jlt-first-1.0" in line for line in told), told
    assert first in told[-1]
    before = images_built(shop.address)
    assert await build(sandbox, "jlt-first") == (first, [])
    assert await build(await shop.open("later"), "jlt-first") == (first, [])
    assert images_built(shop.address) == before
    second, told = await build(sandbox, "jlt-second")
    assert second != first
    assert told != []
    assert dangling(shop.address) == ""


async def test_a_changed_base_image_is_another_image(shop, base):
    moving = "jupyter-lambda-test/base:moving"
    docker(shop.address, "tag", base, moving)
    sandbox = await shop.open(base=moving)
    first, _ = await build(sandbox)
    docker(shop.address, "rmi", moving)
    assert await build(sandbox) == (first, [])  # its base image is not needed any more
    container = docker(shop.address, "create", "--network", "none", base, "/bin/true")
    docker(shop.address, "commit", "--change", "LABEL changed=yes", container, moving)
    docker(shop.address, "rm", container)
    second, told = await build(sandbox)
    assert second != first
    assert told != []


async def test_a_deleted_image_is_built_again(shop, tmp_path):
    sandbox = await shop.open()
    source = "import jlt_second\ndef handler(event, context): return jlt_second.N"
    assert await run(sandbox, tmp_path, source, requirements=("jlt-second",)) == 1
    reference, _ = await build(sandbox, "jlt-second")
    docker(shop.address, "rmi", "-f", reference)
    assert await run(sandbox, tmp_path, source, requirements=("jlt-second",)) == 1
    assert docker(shop.address, "images", "-q", reference)


async def test_files_that_requirements_name_go_along_and_their_content_counts(shop, tmp_path):
    sandbox = await shop.open()
    path = wheel(tmp_path / "own", "jlt_own", source="N = 7\n")
    source = "import jlt_own\ndef handler(event, context): return jlt_own.N"
    assert await run(sandbox, tmp_path, source, requirements=(str(path),)) == 7
    wheel(tmp_path / "own", "jlt_own", source="N = 8\n")
    assert await run(sandbox, tmp_path, source, requirements=(str(path),)) == 8


async def test_a_failing_requirement_says_what_pip_said_and_what_to_do(shop, wheels):
    sandbox = await shop.open()
    with pytest.raises(ImageBuildFailed) as failure:
        await build(sandbox, "jlt-first==9")
    assert "No matching distribution found for jlt-first==9" in failure.value.what
    assert str(wheels) in failure.value.suggestion
    await until(lambda: containers_of(shop.address, shop.home) == [])
    assert dangling(shop.address) == ""
    assert sandbox.image_builds() == ()


async def test_what_an_earlier_engine_left_without_a_name_is_swept_and_anothers_is_not(shop, base):
    sandbox = await shop.open("present")
    left = {
        owner: nameless(shop.address, base, home, boot)
        for owner, home, boot in (
            ("ours", home_id(shop.home), "earlier"),
            ("present", home_id(shop.home), "present"),
            ("theirs", "x", "y"),
        )
    }
    assert await sandbox.sweep() >= 1
    there = docker(shop.address, "images", "-q", "--no-trunc", "--filter", "dangling=true").split()
    assert {owner for owner, image in left.items() if image in there} == {"present", "theirs"}
    docker(shop.address, "rmi", left["present"], left["theirs"])


def nameless(address, base, home, boot):
    """An image as a daemon keeps it when it is killed between making it and giving it its name."""
    container = docker(address, "create", "--network", "none", base, "/bin/true")
    labels = ["--change", f"LABEL jupyter-lambda.home={home} jupyter-lambda.boot={boot}"]
    image = docker(address, "commit", *labels, container)
    docker(address, "rm", container)
    return image


async def test_a_base_image_of_another_python_is_told(shop):
    sandbox = await shop.open()
    python = PythonEnvironment(executable="", prefix="", base_prefix="", version="3.9.1")
    with pytest.raises(ImageBuildFailed, match=rf"has Python {MINOR}, and the function needs 3\.9.*docker_base_image"):
        await sandbox.ensure_image(ImageSpec(python=python), print)


async def test_a_base_image_that_is_not_to_be_had_is_told(shop):
    sandbox = await shop.open(base="127.0.0.1:1/nobody/nothing:{minor}")
    with pytest.raises(
        ImageBuildFailed, match=rf"127\.0\.0\.1:1/nobody/nothing:{MINOR} is not there and can't be pulled.*docker load"
    ):
        await build(sandbox)
    assert not await sandbox.has_base()


async def test_builds_of_the_same_image_are_one_and_it_ends_with_the_last_who_waits(shop, wheels):
    sandbox = await shop.open()
    endless_source(wheels, "jlt_slow")
    told, later = asyncio.Queue(), []
    spec = ImageSpec(python=PYTHON, requirements=("jlt-slow",))
    first = asyncio.ensure_future(sandbox.ensure_image(spec, told.put_nowait))
    while "Processing" not in await told.get():
        pass
    second = asyncio.ensure_future(sandbox.ensure_image(spec, later.append))
    await until(lambda: later)
    [view] = sandbox.image_builds()
    assert view.requirements == ("jlt-slow",)
    assert view.last_line
    assert len(containers_of(shop.address, shop.home)) == 1
    first.cancel()
    await asyncio.wait({first})
    assert [each.image for each in sandbox.image_builds()] == [view.image]
    second.cancel()
    await asyncio.wait({second})
    assert sandbox.image_builds() == ()
    await until(lambda: containers_of(shop.address, shop.home) == [])
    assert dangling(shop.address) == ""


async def until(fact):
    async with asyncio.timeout(30):
        while not fact():  # noqa: ASYNC110 - the daemon tells nobody
            await asyncio.sleep(0.01)


async def test_a_full_disk_of_the_daemon_is_told_and_the_next_build_works(tmp_path_factory, tmp_path, wheels):
    if not may_have_own():
        pytest.skip("filling a daemon's disk needs one of our own: root and dockerd")
    folder = tmp_path_factory.mktemp("full")
    with daemon_on_small_disk(folder) as own:
        base = import_base_image(own, tmp_path)
        images = ImageSettings(base=base, wheel_folder=str(wheels))
        sandbox = DockerSandbox(
            await Daemon.open(own.address), tmp_path, "boot", SystemClock(), run_folder=tmp_path / "run", default_image="build",
            images=images,
        )  # fmt: skip
        wheel(wheels, "jlt_large", source=f"N = '{os.urandom(4 * MIB).hex()}'\n")
        filler = folder / "data" / "filler"
        free = shutil.disk_usage(folder / "data").free
        filler.write_bytes(b"x" * (free - 6 * MIB))
        with pytest.raises(ImageBuildFailed, match="disk is full"):
            await build(sandbox, "jlt-large")
        await until(lambda: containers_of(own.address, tmp_path) == [])
        filler.unlink()
        assert (await build(sandbox, "jlt-large"))[0]
        await sandbox.aclose()
        assert dangling(own.address) == ""


@contextlib.contextmanager
def daemon_on_small_disk(folder):
    (folder / "data").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_MIB}m", "tmpfs", str(folder / "data")], check=True)
    daemon = OwnDaemon(folder)  # which takes the mount down when it stops
    try:
        yield daemon
    finally:
        daemon.stop()


async def test_the_users_index_is_used_and_its_password_is_nowhere_in_the_image(shop, wheels, monkeypatch):
    with index_of(wheels) as (port, asked):
        monkeypatch.setenv("PIP_INDEX_URL", f"http://user:secret-word@127.0.0.1:{port}/simple")
        reference, told = await build(await shop.open(wheel_folder=None), "jlt-first")
    assert any("Successfully installed jlt-first-1.0" in line for line in told)
    assert "Basic dXNlcjpzZWNyZXQtd29yZA==" in asked
    assert "secret-word" not in docker(shop.address, "inspect", reference) + docker(
        shop.address, "history", "--no-trunc", reference
    )
    assert all("secret-word" not in line for line in told)


@contextlib.contextmanager
def index_of(folder):
    """A package index of the folder's wheels, and the credentials that it was shown."""
    asked = []

    class Index(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.headers.get("Authorization"))
            name = self.path.strip("/").rpartition("/")[2]
            file = folder / name
            links = "".join(
                f'<a href="/files/{each.name}">{each.name}</a>' for each in folder.glob(f"{name.replace('-', '_')}-*")
            )
            body = file.read_bytes() if file.is_file() else links.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream" if file.is_file() else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def test_where_the_host_image_can_not_be_shown_a_built_one_is_taken(docker_daemon, base, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", docker_daemon.host)
    inside_the_interpreter = Path(sys.prefix) / "jlt-home"  # a container that shows the interpreter would show the home

    async def look(**options):
        found, sandbox = await look_for_docker(
            inside_the_interpreter, "boot", SystemClock(), run_folder=tmp_path / "run", **options
        )
        if sandbox is not None:
            await sandbox.aclose()
        return found

    nothing = ImageSettings(base="nobody/nothing:{minor}")
    found = await look(images=ImageSettings(base=base))
    assert (found.usable, found.image, found.distance) == (True, "build", None)
    found = await look(images=nothing)
    assert not found.usable
    assert "more than an interpreter" in found.why  # of the one that would be taken first
    found = await look(image="build", images=nothing)
    assert (found.usable, found.why) == (False, f"the daemon has no base image nobody/nothing:{MINOR} to build on")
    assert (await look(image="host", images=ImageSettings(base=base))).usable is False


async def test_a_daemon_that_sees_none_of_our_files_runs_built_images(docker_daemon, base, wheels, tmp_path):
    if not may_have_own():
        pytest.skip("a daemon over TCP needs one of our own: root and dockerd")
    sandbox = DockerSandbox(
        await Daemon.open(Endpoint(docker_daemon.tcp)), tmp_path, "boot", SystemClock(), run_folder=tmp_path / "run",
        distance=Distance(), default_image="build", images=ImageSettings(base=base, wheel_folder=str(wheels)),
    )  # fmt: skip
    await sandbox.open()
    try:
        source = "import jlt_first, sys\ndef handler(event, context): return [event, jlt_first.N, sys.prefix]"
        assert await run(sandbox, tmp_path, source, 1, requirements=("jlt-first",)) == [1, 2, "/opt/python"]
    finally:
        await sandbox.aclose()
    await until(lambda: containers_of(docker_daemon.address, tmp_path) == [])
