"""What a container is made from that nothing is mounted into, and what it is refused (sandbox/docker/distant.py)."""

from __future__ import annotations

import io
import os
import tarfile

import msgspec
import pytest

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.model.function import Mount, PythonEnvironment
from jupyter_lambda.sandbox.docker.container import Labels, Order
from jupyter_lambda.sandbox.docker.daemon import Daemon, DaemonVersion
from jupyter_lambda.sandbox.docker.distant import Distance, _folders, _pack, distant_body
from jupyter_lambda.sandbox.docker.endpoint import Endpoint
from jupyter_lambda.sandbox.docker.enforcement import distant_enforcement
from jupyter_lambda.sandbox.docker.gateway import DESKTOP_NAME, Way
from jupyter_lambda.sandbox.docker.prospect import _attempts
from jupyter_lambda.sandbox.docker.sandbox import DockerSandbox
from jupyter_lambda.sandbox.own_names import OWN_NAMES
from jupyter_lambda.sandbox.protocol import Channels, EnvironmentSpec
from jupyter_lambda.testing.clock import ManualClock

PYTHON = PythonEnvironment(executable="/usr/local/bin/python3", prefix="/usr/local", base_prefix="/usr/local", version="3.11.7")
ORDER = Order(python=PYTHON, image="build", extra_path=(), mounts=(), network="none", ephemeral_mib=512)
DESKTOP = Way("bridge", "127.0.0.1", DESKTOP_NAME, (f"{DESKTOP_NAME}:host-gateway",))


@pytest.fixture
def anyio_backend():
    return "asyncio"


def test_every_wall_stands_and_nothing_is_mounted():
    body = distant_body(ORDER, "image", DESKTOP, f"{DESKTOP_NAME}:4711", ["/var/task"], 128, Labels("h", "b"))
    host = body["HostConfig"]
    assert (host["CapDrop"], host["SecurityOpt"], host["ReadonlyRootfs"]) == (["ALL"], ["no-new-privileges"], True)
    assert {mount["Type"] for mount in host["Mounts"]} == {"volume"}
    assert host["Mounts"][0]["VolumeOptions"]["Labels"] == {"jupyter-lambda.home": "h", "jupyter-lambda.boot": "b"}
    own = [f"{name}:127.0.0.1" for name in OWN_NAMES]
    assert (host["NetworkMode"], host["ExtraHosts"]) == ("bridge", [*own, "host.docker.internal:host-gateway"])
    assert body["Entrypoint"][-3:] == ["container", "tcp:host.docker.internal:4711", "9001"]
    assert body["Entrypoint"][0] == PYTHON.executable
    assert not any(each.startswith("PATH=") for each in body["Env"])
    assert (body["OpenStdin"], body["StdinOnce"]) == (True, True)


def test_somebodys_image_needs_a_python_of_its_own():
    order = msgspec.structs.replace(ORDER, image="theirs:1")
    assert distant_body(order, "theirs:1", DESKTOP, "h:1", [], 128, Labels("h", "b"))["Entrypoint"][0] == "python3"


def test_a_copy_belongs_to_root_and_everybody_reads_it(tmp_path):
    (tmp_path / "sub" / "__pycache__").mkdir(parents=True)
    (tmp_path / "sub" / "run").write_text("x")
    (tmp_path / "sub" / "run").chmod(0o700)
    (tmp_path / "private").write_text("x")
    (tmp_path / "private").chmod(0o600)
    (tmp_path / "link").symlink_to("private")
    file = io.BytesIO()
    _pack(str(tmp_path), file)
    file.seek(0)
    with tarfile.open(fileobj=file) as tar:
        found = {member.name.removeprefix("./"): member for member in tar.getmembers()}
    assert {name: found[name].mode for name in ("sub", "sub/run", "private")} == {
        "sub": 0o755,
        "sub/run": 0o755,
        "private": 0o644,
    }
    assert found["link"].issym()
    assert "sub/__pycache__" not in found
    assert {(member.uid, member.gid) for member in found.values()} == {(0, 0)}


def test_a_folder_that_is_gone_or_a_single_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for source in ("gone", "file"):
        order = msgspec.structs.replace(ORDER, mounts=(Mount(str(tmp_path / source), "/models"),))
        with pytest.raises(SandboxError, match="no such folder here to copy"):
            _folders(order, tmp_path)
    own_code = msgspec.structs.replace(ORDER, has_package=False)
    assert [target for _, target in _folders(own_code, tmp_path)] == ["/run/jupyter-lambda"]


def test_what_can_not_be_held_is_said():
    rows = {row.row: row for row in distant_enforcement("28.1", is_closed=False)}
    assert not rows["network"].held
    assert all(row.held for name, row in rows.items() if name != "network")
    assert distant_enforcement("28.1", is_closed=True)[5].held


@pytest.mark.parametrize(
    ("image", "address", "is_here", "kinds"),
    [
        (None, "", True, ["host", "build", "far build"]),
        ("host", "", True, ["host"]),
        ("build", "", True, ["build", "far build"]),
        (None, "192.0.2.1", True, ["far build"]),
        (None, "", False, ["far build"]),
        ("host", "", False, ["far host"]),
    ],
)
def test_what_is_tried_in_which_order(image, address, is_here, kinds):
    attempts = _attempts(image, address, is_here=is_here)
    assert [("far " if distance else "") + kind for kind, distance in attempts] == kinds
    assert all(distance is None or distance.address == address for _, distance in attempts)


@pytest.mark.anyio
async def test_extensions_are_refused_since_they_hand_over_open_files(tmp_path):
    daemon = Daemon(Endpoint("tcp://192.0.2.1:1"), DaemonVersion("28.1", "1.49"))
    sandbox = DockerSandbox(daemon, tmp_path, "boot", ManualClock(), run_folder=tmp_path, distance=Distance())
    spec = EnvironmentSpec(
        environment_id="e", function_name="f", version="1", task_root=tmp_path, handler="m.h", memory_mib=128, ephemeral_mib=512,
        variables={}, runtime_api="127.0.0.1:1", extensions=("/opt/extensions/one",),
    )  # fmt: skip
    read, write = os.pipe()
    with pytest.raises(SandboxError, match="extensions run only where"):
        await sandbox.start(spec, Channels(-1, write))
    assert os.read(read, 1) == b""  # closed
    os.close(read)
