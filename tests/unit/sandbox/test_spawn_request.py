"""What a new process is told: which files it may touch, which variables it has, which limits hold, in each tier."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.model.function import Mount, PythonEnvironment
from jupyter_lambda.sandbox.process.enforcement import enforcement
from jupyter_lambda.sandbox.process.spawn_request import MARKER, spawn_request
from jupyter_lambda.sandbox.process.tier import Tier
from jupyter_lambda.sandbox.protocol import EnvironmentSpec

ROOT = Tier(groups="cgroup v1", groups_hold_cpu=True, namespaces="root", landlock=7, seccomp=True, as_root=True)
USER = Tier(groups=None, namespaces="user", landlock=7, seccomp=True, as_root=False)
BARE = Tier(groups=None, namespaces=None, landlock=7, seccomp=True, as_root=False)
NOTHING = Tier(groups=None, namespaces=None, landlock=0, seccomp=False, as_root=False)

HOME = Path("/home/ada/lambda")
PYTHON = PythonEnvironment(
    executable="/opt/venv/bin/python", prefix="/opt/venv", base_prefix="/usr", version="3.11.7",
    sys_path=("/opt/venv/lib/python3.11/site-packages", "/home/ada"),
)  # fmt: skip


def spec(**changes) -> EnvironmentSpec:
    values = {
        "environment_id": "e1", "function_name": "f", "version": "1", "task_root": HOME / "extracted" / "p", "handler": "m.f",
        "memory_mib": 256, "ephemeral_mib": 1024, "variables": {"A": "1"}, "runtime_api": "x:1", "python": PYTHON,
    }  # fmt: skip
    return EnvironmentSpec(**{**values, **changes})


def request(tier: Tier, made: EnvironmentSpec | None = None, **changes) -> dict:
    values = {
        "home": HOME, "tmp_folder": None if tier.namespaces else Path("/run/user/1/tmp/e1"), "join_files": (), "interpreter_path": (),
        "fresh": False, "marker": "home/boot/e1",
    }  # fmt: skip
    return spawn_request(made or spec(), tier, **{**values, **changes})


@pytest.mark.parametrize("tier", [ROOT, USER, BARE])
def test_the_package_is_open_and_the_home_above_it_is_not(tier):
    readable = request(tier)["walls"]["files"]["read"]
    assert str(HOME / "extracted" / "p") in readable
    assert {"/usr", "/opt/venv", "/opt/venv/lib/python3.11/site-packages"} <= set(readable)
    assert not {str(HOME), "/home/ada", "/home", "/"} & set(readable)


def test_layers_stand_at_opt_where_mounts_can_be_had_and_nothing_else_is_needed_there():
    elsewhere = PythonEnvironment(executable="/usr/bin/python3", prefix="/usr", base_prefix="/usr", version="3.11.7")
    layered = spec(layers="/l", python=elsewhere)
    assert request(ROOT, layered)["walls"]["binds"] == [("/l", "/opt")]
    assert request(BARE, layered)["walls"]["binds"] == []
    assert request(ROOT, spec(layers="/l"))["walls"]["binds"] == []  # its interpreter is below /opt


def test_a_hosts_file_of_its_own_is_shown_in_place_of_the_machines():
    assert request(ROOT, hosts=Path("/run/hosts"))["walls"]["binds"] == [("/run/hosts", "/etc/hosts")]
    assert request(BARE, hosts=Path("/run/hosts"))["walls"]["binds"] == []


def test_only_a_private_tmp_is_writable():
    assert request(ROOT)["walls"]["files"]["write"] == ["/tmp", "/dev/shm"]
    assert request(BARE)["walls"]["files"]["write"] == ["/run/user/1/tmp/e1"]


def test_variables_are_the_functions_own_and_where_it_may_write():
    assert request(ROOT)["variables"] == {"HOME": "/tmp", "TMPDIR": "/tmp", "A": "1", MARKER: "home/boot/e1"}
    own = request(BARE, spec(variables={"HOME": "/mine"}))["variables"]
    assert (own["HOME"], own["TMPDIR"]) == ("/mine", "/run/user/1/tmp/e1")


@pytest.mark.parametrize(
    ("tier", "limits"),
    [
        (ROOT, {"descriptors": 1024}),
        (USER, {"descriptors": 1024, "processes": 1024}),
        (BARE, {"descriptors": 1024, "more_processes": 1024, "file_bytes": 1024 << 20}),
    ],
)
def test_what_no_group_or_namespace_holds_an_rlimit_does(tier, limits):
    assert request(tier)["walls"]["limits"] == limits


def test_what_lies_below_tmp_stays_visible_in_a_private_one():
    made = spec(task_root=Path("/tmp/package"), extra_path=("/tmp/requirements",))
    shown = request(ROOT, made)["walls"]["shown"]
    assert [folder for folder in shown if folder in ("/tmp/package", "/tmp/requirements")] == [
        "/tmp/package",
        "/tmp/requirements",
    ]
    assert all(folder.startswith("/tmp/") for folder in shown)  # the checkout itself may stand there too
    assert request(BARE, made)["walls"]["shown"] == []


def test_a_mount_elsewhere_needs_namespaces(tmp_path):
    made = spec(mounts=(Mount(str(tmp_path), "/models/a"), Mount("/usr", "/usr")))
    walls = request(USER, made)["walls"]
    assert walls["binds"] == [(str(tmp_path), "/models/a")]
    assert {str(tmp_path), "/models/a", "/usr"} <= set(walls["files"]["read"])
    with pytest.raises(SandboxError, match=r'mount ".*:/models/a": this host allows no mounts'):
        request(BARE, made)


def test_a_request_is_json():
    assert msgspec.json.decode(msgspec.json.encode(request(ROOT)))["handler"] == "m.f"


@pytest.mark.parametrize(
    ("tier", "held"),
    [
        (ROOT, {"memory", "cpu", "processes", "tmp", "files", "kill", "descriptors", "variables"}),
        (USER, {"memory", "processes", "tmp", "files", "kill", "descriptors", "variables"}),
        (BARE, {"memory", "tmp", "files", "kill", "descriptors", "variables"}),
        (NOTHING, {"memory", "kill", "descriptors", "variables"}),
    ],
)
def test_each_tier_says_what_it_holds(tier, held):
    rows = enforcement(tier)
    assert [row.row for row in rows] == [
        "memory",
        "cpu",
        "processes",
        "tmp",
        "files",
        "network",
        "kill",
        "descriptors",
        "variables",
    ]
    assert {row.row for row in rows if row.held} == held
