"""What a container is made from: every wall, every bind, the image's layer, the API version (sandbox/docker)."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import msgspec
import pytest

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.model.function import Mount, PythonEnvironment
from jupyter_lambda.sandbox.docker.binds import Bind, interpreter_folders, mount_binds, one_to_a_place, outermost, same_place
from jupyter_lambda.sandbox.docker.container import Labels, Order, create_body
from jupyter_lambda.sandbox.docker.container_group import group_limits
from jupyter_lambda.sandbox.docker.daemon import DaemonVersion, negotiate
from jupyter_lambda.sandbox.docker.enforcement import enforcement
from jupyter_lambda.sandbox.docker.host_image import container_user, host_image_tar, system_folders
from jupyter_lambda.sandbox.docker.job import container_variables, worker_job
from jupyter_lambda.sandbox.docker.staging import fill_staging, make_staging
from jupyter_lambda.sandbox.protocol import EnvironmentSpec

MIB = 1024**2


def python(folder: Path, **changes) -> PythonEnvironment:
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "bin" / "python").touch()
    values = {
        "executable": str(folder / "bin" / "python"),
        "prefix": str(folder),
        "base_prefix": str(folder),
        "version": "3.11.7",
    }
    return PythonEnvironment(**{**values, **changes})


def order(folder: Path, **changes) -> Order:
    values = {"python": python(folder), "image": None, "extra_path": (), "mounts": (), "network": "none", "ephemeral_mib": 512}
    return Order(**{**values, **changes})


# -- walls ------------------------------------------------------------------------------------------------------------------


def test_every_wall_is_raised(tmp_path):
    body = create_body(order(tmp_path), "image", [Bind("/usr", "/usr")], 128, Labels("home", "boot"))
    host = body["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["ReadonlyRootfs"] is True
    assert host["NetworkMode"] == "none"
    assert host["PidsLimit"] == 1025
    assert {"Name": "nofile", "Soft": 1024, "Hard": 1024} in host["Ulimits"]
    assert host["Memory"] == host["MemorySwap"] == (128 + 512 + 16) * MIB
    assert "size=512m" in host["Tmpfs"]["/tmp"]
    assert "nosuid,nodev" in host["Tmpfs"]["/tmp"]
    assert host["IpcMode"] == "private"
    assert host["LogConfig"] == {"Type": "none"}
    assert all(mount["ReadOnly"] for mount in host["Mounts"])
    assert not body["User"].startswith("0:")
    assert body["Labels"] == {"jupyter-lambda.home": "home", "jupyter-lambda.boot": "boot"}


def test_nothing_gives_privileges(tmp_path):
    host = create_body(order(tmp_path, network="bridge"), "image", [], 128, Labels("h", "b"))["HostConfig"]
    assert host["NetworkMode"] == "bridge"
    assert not host.keys() & {"Privileged", "CapAdd", "PidMode", "UsernsMode", "Devices", "CgroupParent"}


def test_memory_has_room_for_tmp():
    assert group_limits(256, 1024) == {"Memory": 1296 * MIB, "MemorySwap": 1296 * MIB}


def test_every_limit_is_held_and_says_by_what():
    rows = {row.row: row for row in enforcement("28.1", is_root=True)}
    assert rows.keys() == {"memory", "cpu", "processes", "tmp", "files", "network", "kill", "descriptors", "variables"}
    assert all(row.held and row.by for row in rows.values())
    assert "9 ms" in {row.row: row for row in enforcement("28.1", is_root=False)}["cpu"].note


# -- binds ------------------------------------------------------------------------------------------------------------------


def test_only_the_outermost_folders_are_bound(tmp_path):
    for name in ("a/b", "a-c", "d"):
        (tmp_path / name).mkdir(parents=True)
    wanted = [str(tmp_path / name) for name in ("a/b", "a", "a-c", "d", "gone")]
    assert outermost(wanted) == [str(tmp_path / name) for name in ("a", "a-c", "d")]


def test_the_interpreter_its_packages_and_the_runtime_are_seen(tmp_path):
    extra, project = tmp_path / "extra", tmp_path / "project"
    extra.mkdir()
    project.mkdir()
    packages = tmp_path / "python" / "lib" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "editable.pth").write_text(f"import something\n{project}\n")
    environment = python(tmp_path / "python", sys_path=(str(packages),))
    found = interpreter_folders(environment, [str(extra)], tmp_path / "home")
    assert {str(tmp_path / "python"), str(extra), str(project)} <= set(found)
    assert any(path.endswith("/runtime") for path in found)


def test_a_path_that_would_show_the_engines_home_is_left_out(tmp_path):
    home = tmp_path / "jupyter" / "lambda"
    home.mkdir(parents=True)
    environment = python(tmp_path / "python", sys_path=(str(tmp_path), str(home), str(tmp_path / "jupyter"), "/"))
    found = interpreter_folders(environment, [], home)
    assert not {str(tmp_path), str(home), str(tmp_path / "jupyter"), "/"} & set(found)


def test_an_interpreter_that_can_only_be_shown_with_the_home_is_refused(tmp_path):
    environment = python(tmp_path)
    with pytest.raises(SandboxError, match="more than an interpreter"):
        interpreter_folders(environment, [], tmp_path / "home")


def test_links_are_bound_where_they_lead(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert same_place([str(tmp_path / "link")], []) == [Bind(str(tmp_path / "real"), str(tmp_path / "link"))]


def test_what_the_system_shows_is_not_bound_twice(tmp_path):
    (tmp_path / "usr" / "lib").mkdir(parents=True)
    system = [str(tmp_path / "usr")]
    assert same_place([str(tmp_path / "usr" / "lib")], system) == [Bind(system[0], system[0])]


def test_a_place_is_given_once_and_a_functions_own_mount_is_the_one(tmp_path):
    shown = [Bind("/usr", "/usr"), Bind("/project", "/project")]
    mounted = mount_binds([Mount(str(tmp_path), "/project")])
    assert one_to_a_place([*shown, *mounted]) == [Bind("/usr", "/usr"), Bind(str(tmp_path), "/project")]


def test_a_path_that_would_show_the_users_home_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "users" / "ada"))
    project = tmp_path / "users" / "ada" / "project"
    project.mkdir(parents=True)
    shown = interpreter_folders(python(tmp_path / "python"), [str(project), str(project.parent)], Path("/engine"))
    assert str(project) in shown
    assert str(project.parent) not in shown


# -- the image --------------------------------------------------------------------------------------------------------------


def test_the_image_is_small_the_same_each_time_and_without_anybodys_files():
    assert host_image_tar() == host_image_tar()
    with tarfile.open(fileobj=io.BytesIO(host_image_tar())) as tar:
        members = {member.name: member for member in tar.getmembers()}
        passwd = tar.extractfile("etc/passwd").read().decode()
    assert members["tmp"].mode == 0o1777
    assert sum(member.size for member in members.values()) < 1_000
    assert f":{container_user()[0]}:" in passwd
    for path in ("/bin", "/lib"):
        assert members[path[1:]].issym() == Path(path).is_symlink()


def test_the_containers_user_is_never_root():
    assert container_user()[0] != 0
    assert "/etc" not in system_folders()
    assert all(os.path.exists(path) for path in system_folders())  # noqa: PTH110 - a plain check


# -- the API version --------------------------------------------------------------------------------------------------------

VERSIONS = {
    "20.10": '{"Platform": {"Name": ""}, "Version": "20.10.24+dfsg1", "ApiVersion": "1.41", "MinAPIVersion": "1.12"}',
    "29": '{"Version": "29.0.0", "ApiVersion": "1.52", "MinAPIVersion": "1.44", "Os": "linux"}',
    "podman": '{"Version": "5.4.0", "ApiVersion": "1.41", "MinAPIVersion": "1.24", "Components": [{"Name": "Podman Engine"}]}',
    "later": '{"Version": "35.0", "ApiVersion": "1.70", "MinAPIVersion": "1.50"}',
}


@pytest.mark.parametrize(("daemon", "api"), [("20.10", "1.41"), ("29", "1.52"), ("podman", "1.41"), ("later", "1.52")])
def test_the_newest_version_that_both_know_is_spoken(daemon, api):
    assert negotiate(msgspec.json.decode(VERSIONS[daemon], type=DaemonVersion)) == api


@pytest.mark.parametrize(
    ("newest", "oldest", "deed"), [("1.38", "1.12", "Update Docker"), ("1.90", "1.80", "Update jupyter-lambda")]
)
def test_a_daemon_out_of_reach_says_who_has_to_be_updated(newest, oldest, deed):
    with pytest.raises(SandboxError, match=deed):
        negotiate(DaemonVersion("x", newest, oldest))


# -- what the worker is told ------------------------------------------------------------------------------------------------


def spec(tmp_path: Path, **changes) -> EnvironmentSpec:
    values = {
        "environment_id": "e", "function_name": "f", "version": "1", "task_root": tmp_path / "pkg", "handler": "m.h", "memory_mib": 128,
        "ephemeral_mib": 512, "runtime_api": "127.0.0.1:4711",
        "variables": {"LAMBDA_TASK_ROOT": str(tmp_path / "pkg"), "LD_LIBRARY_PATH": f"/lib:{tmp_path / 'pkg'}/lib", "MINE": "x",
                      "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:4711"},
    }  # fmt: skip
    return EnvironmentSpec(**{**values, **changes})


def test_paths_and_addresses_are_those_of_the_inside(tmp_path):
    variables = container_variables(spec(tmp_path))
    assert variables["LAMBDA_TASK_ROOT"] == "/var/task"
    assert variables["LD_LIBRARY_PATH"] == "/lib:/var/task/lib"
    assert variables["AWS_LAMBDA_RUNTIME_API"] == "127.0.0.1:9001"
    assert variables["AWS_ENDPOINT_URL_LAMBDA"] == "http://127.0.0.1:9001"
    assert (variables["MINE"], variables["HOME"], variables["TMPDIR"]) == ("x", "/tmp", "/tmp")


def test_a_bootstrap_of_the_package_is_run_from_where_it_is_inside(tmp_path):
    job = worker_job(spec(tmp_path, bootstrap=(f"{tmp_path / 'pkg'}/bootstrap", "x")), fresh=False)
    assert job["command"] == ["/var/task/bootstrap", "x"]


def test_a_waiting_container_gets_a_package_by_links(tmp_path):
    package = tmp_path / "package"
    (package / "sub").mkdir(parents=True)
    (package / "f.py").write_text("x")
    (package / "sub" / "model").write_text("y")
    (package / "link").symlink_to("f.py")
    staging = make_staging(tmp_path / "staging")
    fill_staging(staging, package)
    assert (staging / "sub" / "model").read_text() == "y"
    assert (staging / "f.py").stat().st_ino == (package / "f.py").stat().st_ino
    assert (staging / "link").readlink() == Path("f.py")
