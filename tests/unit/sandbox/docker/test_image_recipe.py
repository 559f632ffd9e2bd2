"""What makes two built images equal, what goes into a build, and how pip is called (sandbox/docker/image_recipe.py)."""

from __future__ import annotations

import io
import tarfile

import msgspec
import pytest

from jupyter_lambda.errors import ImageBuildFailed
from jupyter_lambda.model.function import Mount
from jupyter_lambda.sandbox.docker.container import Order
from jupyter_lambda.sandbox.docker.guest_image import ImageConfiguration, guest_job
from jupyter_lambda.sandbox.docker.host_image import BUILD, HOST
from jupyter_lambda.sandbox.docker.image_recipe import (
    ImageRecipe,
    build_network,
    pip_command,
    pip_variables,
    write_context,
)
from jupyter_lambda.sandbox.docker.job import built_job
from jupyter_lambda.sandbox.docker.sandbox import shelf_key
from tests.unit.sandbox.docker.test_walls import python, spec

BASE = "sha256:1"
PLAIN = ImageRecipe(minor="3.11", base="python:3.11-slim", lines=("numpy",), user=(65532, 65532))


@pytest.mark.parametrize(
    "changed",
    [
        {"minor": "3.12"},
        {"base": "python:3.11"},
        {"lines": ("numpy<2",)},
        {"lines": ()},
        {"user": (1000, 1000)},
        {"wheel_folder": "/w"},
    ],
)
def test_each_part_makes_another_image(changed):
    assert msgspec.structs.replace(PLAIN, **changed).key(BASE) != PLAIN.key(BASE)


def test_equal_parts_make_one_image_and_the_base_images_content_counts():
    assert msgspec.structs.replace(PLAIN).key(BASE) == PLAIN.key(BASE)
    assert PLAIN.key("sha256:2") != PLAIN.key(BASE)


@pytest.mark.parametrize("prefix", ["", "--constraint "])
def test_a_named_files_content_counts_and_it_goes_along(tmp_path, prefix):
    file = tmp_path / "some.whl"
    file.write_bytes(b"one")
    recipe = msgspec.structs.replace(PLAIN, lines=(f"{prefix}{file}", "numpy"))
    before = recipe.key(BASE)
    assert members(recipe)["opt/jupyter-lambda/build/files/0/some.whl"] == b"one"
    told = members(recipe)["opt/jupyter-lambda/build/requirements.txt"].decode()
    assert told == f"{prefix}/opt/jupyter-lambda/build/files/0/some.whl\nnumpy\n"
    file.write_bytes(b"two")
    assert recipe.key(BASE) != before
    file.unlink()
    for use in (lambda: recipe.key(BASE), lambda: members(recipe)):
        with pytest.raises(ImageBuildFailed, match=r"some\.whl"):
            use()


def test_the_runtime_and_the_wheels_go_along_and_belong_to_root(tmp_path):
    (tmp_path / "one-1.0-py3-none-any.whl").touch(mode=0o600)
    (tmp_path / "notes.txt").touch()
    packed = io.BytesIO()
    write_context(msgspec.structs.replace(PLAIN, wheel_folder=str(tmp_path)), None, packed)
    packed.seek(0)
    with tarfile.open(fileobj=packed) as tar:
        entries = {entry.name: entry for entry in tar}
    assert "opt/jupyter-lambda/runtime/entry.py" in entries
    assert [name for name in entries if "/wheels/" in name] == ["opt/jupyter-lambda/build/wheels/one-1.0-py3-none-any.whl"]
    assert {(entry.uid, entry.gid, entry.mode) for entry in entries.values()} == {(0, 0, 0o644)}


def members(recipe):
    packed = io.BytesIO()
    write_context(recipe, None, packed)
    packed.seek(0)
    with tarfile.open(fileobj=packed) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isfile()}


def test_pip_gets_the_users_index_and_proxy_and_nothing_else_of_theirs(tmp_path):
    certificates = tmp_path / "ca.pem"
    certificates.touch()
    environ = {
        "PIP_INDEX_URL": "https://u:p@index/simple", "PIP_EXTRA_INDEX_URL": "file:///opt/simple", "https_proxy": "http://proxy:3128",
        "PIP_CERT": str(certificates), "PIP_FIND_LINKS": "/opt/wheels", "PIP_TARGET": "/x", "AWS_SECRET_ACCESS_KEY": "s",
    }  # fmt: skip
    given = pip_variables(environ, PLAIN)
    own = {"PIP_ROOT_USER_ACTION", "PYTHONUNBUFFERED", "HOME"}
    assert given.keys() - own == {"PIP_INDEX_URL", "https_proxy", "PIP_CERT"}
    assert given["PIP_CERT"] == "/opt/jupyter-lambda/build/certificates.pem"
    assert "--no-index" not in pip_command(PLAIN)
    assert "p@index" not in " ".join(pip_command(PLAIN))


def test_with_a_folder_of_wheels_there_is_no_index_and_no_network():
    offline = msgspec.structs.replace(PLAIN, wheel_folder="/w")
    given = pip_variables({"PIP_INDEX_URL": "https://index/simple", "https_proxy": "http://proxy"}, offline)
    assert not {"PIP_INDEX_URL", "https_proxy"} & given.keys()
    assert "--no-index" in pip_command(offline)
    assert build_network(offline, given) == "none"


@pytest.mark.parametrize(
    ("variables", "network"),
    [({}, "bridge"), ({"PIP_INDEX_URL": "https://index/simple"}, "bridge"), ({"PIP_INDEX_URL": "http://localhost:3141/x"}, "host"),
     ({"PIP_INDEX_URL": "http://user:word@127.0.0.1:80/"}, "host"), ({"https_proxy": "http://[::1]:3128"}, "host")],
)  # fmt: skip
def test_the_network_is_the_one_where_the_index_answers(variables, network):
    assert build_network(PLAIN, variables) == network
    assert build_network(msgspec.structs.replace(PLAIN, lines=()), variables) == "none"


# -- what runs in such an image ---------------------------------------------------------------------------------------------


def test_a_built_image_has_its_own_packages_and_only_mounted_folders_of_ours(tmp_path):
    given = spec(tmp_path, requirements=("numpy",), extra_path=("/requirements", "/l/python"), mounts=(Mount("/x", "/l"),))
    order = shelf_key(given, BUILD).order
    assert (order.is_built, order.is_host) == (True, False)
    assert (order.requirements, order.extra_path) == (("numpy",), ("/l/python",))
    assert order.program[1:] == ["-I", "/opt/jupyter-lambda/runtime/entry.py"]
    host = shelf_key(given, HOST).order
    assert (host.requirements, host.extra_path) == ((), given.extra_path)


def test_its_worker_has_the_images_folders(tmp_path):
    job = {
        "variables": {"PATH": "/kernel", "LD_LIBRARY_PATH": "/kernel", "MINE": "1"},
        "recorded_path": ["/kernel"],
        "handler": "f.h",
    }
    order = Order(
        python=python(tmp_path, sys_path=("/image/lib",)),
        image=BUILD,
        extra_path=("/layers",),
        mounts=(),
        network="none",
        ephemeral_mib=512,
    )
    built = built_job(job, order, {"PATH": "/image/bin", "OF_IMAGE": "1"})
    assert built["recorded_path"] == ["/layers", "/image/lib"]
    runtime = "/opt/jupyter-lambda/runtime"
    assert built["variables"] == {
        "PATH": "/image/bin", "OF_IMAGE": "1", "MINE": "1", "LAMBDA_RUNTIME_DIR": runtime, "PYTHONPATH": runtime,
    }  # fmt: skip


# -- images that bring their code -------------------------------------------------------------------------------------------

IMAGE = ImageConfiguration(entrypoint=["/entry"], cmd=["app.handler"], working_dir="/var/task")
JOB = {"command": None, "variables": {}, "walls": {"folder": "/var/task"}}


@pytest.mark.parametrize(
    ("over", "command", "folder"),
    [
        ({}, ["/entry", "app.handler"], "/var/task"),
        ({"Command": ["other.handler"]}, ["/entry", "other.handler"], "/var/task"),
        ({"EntryPoint": ["/mine"]}, ["/mine"], "/var/task"),
        ({"EntryPoint": ["/mine"], "Command": ["x.y"], "WorkingDirectory": "/srv"}, ["/mine", "x.y"], "/srv"),
    ],
)
def test_a_functions_own_words_are_laid_over_the_images(tmp_path, over, command, folder):
    job = guest_job(JOB, spec(tmp_path, handler="", is_own_code=True, image_config=over), IMAGE)
    assert (job["command"], job["walls"]["folder"], job["variables"]["_HANDLER"]) == (command, folder, command[-1])
    assert shelf_key(spec(tmp_path, is_own_code=True), HOST).order.has_package is False
