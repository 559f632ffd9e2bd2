"""Functions that are images, and images that are built, through the doors that users come by: the cell, boto3, the engine's API."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import threading
from contextlib import contextmanager, redirect_stdout, suppress

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from IPython.core.interactiveshell import InteractiveShell
from traitlets import config as traitlets_config

import jupyter_lambda
from jupyter_lambda.client.connection import forget_engines
from jupyter_lambda.client.stopping import wait_for_end
from jupyter_lambda.errors import CaptureError, ImageBuildFailed, JupyterLambdaError, SandboxError
from jupyter_lambda.model.engine_api import ImageRequest
from jupyter_lambda.model.function import PythonEnvironment
from tests.docker_daemon import NEEDS_DOCKER
from tests.integration.sandbox.containers import docker, import_base_image, import_python_image, nameless_images_of
from tests.integration.sandbox.engine_bench import SECONDS, EngineBench
from tests.wheels import endless_source, wheel

pytestmark = [*NEEDS_DOCKER, pytest.mark.slow, pytest.mark.timeout(240)]
MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHON = PythonEnvironment(executable="", prefix="", base_prefix="", version=f"{MINOR}.0")
ROLE = "arn:aws:iam::000000000000:role/r"


@pytest.fixture
def wheels(tmp_path):
    wheel(tmp_path / "wheels", "jlt_first", source="N = 1\n")
    endless_source(tmp_path / "wheels", "jlt_slow")
    return tmp_path / "wheels"


@pytest.fixture
def bench(docker_daemon, tmp_path, monkeypatch, wheels):
    """An engine whose functions run in images that are built."""
    monkeypatch.setenv("DOCKER_HOST", docker_daemon.host)
    base = import_base_image(docker_daemon, tmp_path)
    settings = {"docker_image": "build", "docker_base_image": base, "wheel_folder": str(wheels)}
    with EngineBench(tmp_path / "home", docker_daemon, settings) as bench:
        yield bench


@pytest.fixture
def aws(bench):
    return boto3.client(
        "lambda", endpoint_url=bench.runtime.url, region_name="us-east-1", aws_access_key_id=bench.runtime.access_key_id,
        aws_secret_access_key=bench.runtime.secret_access_key, config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip


@pytest.fixture
def cell(bench, tmp_path, monkeypatch):
    """Runs `%%lambda` cells; returns what they printed."""
    monkeypatch.setenv("JUPYTER_LAMBDA_HOME", str(bench.home))
    monkeypatch.chdir(tmp_path)
    shell = InteractiveShell.instance(config=traitlets_config.Config({"HistoryManager": {"enabled": False}}))
    jupyter_lambda.load_ipython_extension(shell)

    def run(line, body):
        with redirect_stdout(io.StringIO()) as printed:
            shell.run_cell_magic("lambda", line, body)
        return printed.getvalue(), shell.user_ns.get(line.split()[0])

    yield run
    jupyter_lambda.unload_ipython_extension(shell)
    InteractiveShell.clear_instance()
    forget_engines()


# -- the cell ---------------------------------------------------------------------------------------------------------------


def test_a_cell_shows_its_build_line_by_line_and_runs_in_the_image(bench, cell):
    body = "import sys, jlt_first\ndef handler(event, context):\n    return [jlt_first.N, sys.prefix]"
    printed, function = cell("first --requirements jlt-first", body)
    lines = printed.splitlines()
    started = next(
        number for number, line in enumerate(lines) if line.startswith("building an image from jupyter-lambda-test/base:1")
    )
    assert any("Successfully installed jlt-first-1.0" in line for line in lines[started:])
    assert any(line.startswith("image jupyter-lambda/build:") and " is ready after " in line for line in lines[started:])
    assert function({}) == [1, "/opt/python"]
    printed, _ = cell("first --requirements jlt-first", body + " + [event]")
    assert "building an image" not in printed


def test_a_cell_whose_image_can_not_be_built_deploys_nothing_and_says_why(bench, cell, wheels):
    wheel(wheels, "jlt_other", requires="Requires-Python: <3\n")
    with pytest.raises((CaptureError, ImageBuildFailed), match=r"jlt[-_]other"):
        cell("first --requirements jlt-other", "def handler(event, context): return 1")
    assert bench.connection.get("/engine/v1/functions") == []


def test_a_cell_runs_in_somebodys_image(bench, cell, tmp_path):
    reference = import_python_image(bench.daemon, tmp_path)
    _, function = cell(f"guest --image {reference}", "import sys\ndef handler(event, context):\n    return [event, sys.prefix]")
    assert function({"a": 1}) == [{"a": 1}, "/opt/python"]
    with pytest.raises(SandboxError, match="docker pull nobody/nothing:1"):
        cell("other --image nobody/nothing:1", "def handler(event, context): return 1")


def test_interrupting_a_cell_ends_its_build_and_deploys_nothing(bench, cell):
    def interrupt():
        with suppress(JupyterLambdaError):
            bench.until(
                lambda: any("Processing" in each.last_line or "build" in each.last_line for each in client.status().image_builds)
            )
            os.kill(os.getpid(), signal.SIGINT)

    client = bench.client()
    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        cell("slow --requirements jlt-slow", "def handler(event, context): return 1")
    thread.join(SECONDS)
    bench.until(lambda: client.status().image_builds == ())
    bench.until(lambda: bench.containers() == [])
    assert client.functions() == ()
    assert nameless_images_of(bench.daemon.address, bench.home) == ""


def test_one_function_chooses_the_other_kind_of_image(bench, cell):
    _, function = cell("here --image host", "import sys\ndef handler(event, context): return sys.prefix")
    assert function({}) == sys.prefix
    _, function = cell("here --image build", "import sys\ndef handler(event, context): return sys.prefix")
    assert function({}) == "/opt/python"


# -- the engine's API -------------------------------------------------------------------------------------------------------


def test_leaving_a_build_ends_it(bench):
    with building(bench) as client:
        assert client.status().image_builds[0].requirements == ("jlt-slow",)
    bench.until(lambda: bench.connection.get("/engine/v1/status")["image_builds"] == [])
    bench.until(lambda: bench.containers() == [])
    assert nameless_images_of(bench.daemon.address, bench.home) == ""


def test_an_engine_killed_in_the_middle_of_a_build_leaves_no_half_of_it(bench):
    with building(bench):
        assert len(bench.containers()) == 1
        os.kill(bench.runtime.pid, signal.SIGKILL)
        wait_for_end(bench.runtime, SECONDS)
    bench.connect()
    bench.until(lambda: bench.containers() == [])
    assert nameless_images_of(bench.daemon.address, bench.home) == ""
    assert bench.connection.get("/engine/v1/status")["image_builds"] == []
    assert bench.client().ensure_image(ImageRequest(python=PYTHON, requirements=("jlt-first",)), print)


@contextmanager
def building(bench):
    """A client waits for an image whose build does not end, until the `with` is left."""
    came, leave = threading.Event(), threading.Event()

    def tell(line):
        if "Processing" in line:
            came.set()
            leave.wait(SECONDS)
            raise KeyboardInterrupt

    def wait():
        with suppress(KeyboardInterrupt, JupyterLambdaError):  # it leaves, or its engine does
            bench.client().ensure_image(ImageRequest(python=PYTHON, requirements=("jlt-slow",)), tell)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    try:
        assert came.wait(SECONDS)
        yield bench.client()
    finally:
        leave.set()
        thread.join(SECONDS)


# -- boto3 ------------------------------------------------------------------------------------------------------------------


def own_image(bench, tmp_path, answer, name):
    """An image with a function's code in it, as AWS's are."""
    reference = import_python_image(bench.daemon, tmp_path)
    address, container = bench.daemon.address, docker(bench.daemon.address, "create", "--network", "none", reference)
    for folder, module, result in (("/var/task", "app", answer), ("/var", "other", f"other {answer}")):
        source = tmp_path / f"{module}.py"
        source.write_text(
            f"import os\ndef handler(event, context): return [event, {result!r}, os.getcwd(), os.environ['_HANDLER']]"
        )
        docker(address, "cp", str(source), f"{container}:{folder}/{module}.py")
    changes = ["--change", "WORKDIR /var/task", "--change", 'CMD ["app.handler"]']
    docker(address, "commit", *changes, container, name)
    docker(address, "rm", container)
    return docker(address, "images", "-q", "--no-trunc", name)


def test_boto3_makes_and_changes_a_function_that_is_an_image(bench, aws, tmp_path):
    first = own_image(bench, tmp_path, "first", "own:1")
    made = aws.create_function(FunctionName="own", PackageType="Image", Code={"ImageUri": "own:1"}, Role=ROLE, Publish=True)
    assert (made["PackageType"], made["CodeSha256"], made["CodeSize"]) == ("Image", first.removeprefix("sha256:"), 0)
    assert not {"Runtime", "Handler"} & made.keys()
    assert invoke(aws, "own", 1) == [1, "first", "/var/task", "app.handler"]
    code = aws.get_function(FunctionName="own")["Code"]
    assert code == {"RepositoryType": "ECR", "ImageUri": "own:1", "ResolvedImageUri": f"own:1@{first}"}

    aws.update_function_configuration(FunctionName="own", ImageConfig={"Command": ["other.handler"], "WorkingDirectory": "/var"})
    assert invoke(aws, "own", 2) == [2, "other first", "/var", "other.handler"]

    own_image(bench, tmp_path, "second", "own:1")
    assert invoke(aws, "own:1", 3)[1] == "first"  # a version is an image, not a tag that moves
    aws.update_function_code(FunctionName="own", ImageUri="own:1")
    assert invoke(aws, "own", 4)[1] == "other second"
    with pytest.raises(ClientError, match="Please provide ImageUri when updating a function with packageType Image"):
        aws.update_function_code(FunctionName="own", ZipFile=b"x")


def test_boto3_is_told_of_an_image_that_is_not_there(bench, aws):
    with pytest.raises(
        ClientError, match=r"Source image nobody/nothing:1 does not exist\. Provide a valid source image"
    ) as refused:
        aws.create_function(FunctionName="own", PackageType="Image", Code={"ImageUri": "nobody/nothing:1"}, Role=ROLE)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"


def invoke(aws, name, event):
    answer = aws.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    assert "FunctionError" not in answer, answer["Payload"].read()
    return json.loads(answer["Payload"].read())
