"""boto3 is the judge: it calls a real engine as it would call AWS, with its retries off."""

from __future__ import annotations

import io
import uuid
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from jupyter_lambda.client.launch import ensure_engine
from jupyter_lambda.testing.plugin import end_engine
from tests.docker_daemon import NEEDS_DOCKER
from tests.runtime_programs import NODE_FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jupyter_lambda.model.runtime_file import RuntimeFile

ROLE = "arn:aws:iam::000000000000:role/conformance"
ECHO = "def handler(event, context):\n    return event\n"
RUNTIME = "python3.11"


def zipped(source: str = ECHO, **files: str | bytes) -> bytes:
    """A package with `f.py`, and whatever else."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, text in {"f.py": source, **files}.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            package.writestr(entry, text)
    return buffer.getvalue()


# Cases whose answer could depend on the walls around the function.
IN_BOTH_SANDBOXES = {
    "test_invoke",
    "test_response_stream",
    "test_provisioned",
    "test_layers",
    "test_logging",
    "test_function_urls",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask those in both sandboxes, and all others in the process sandbox: by name, else they would share the engine used last."""
    if "sandbox_kind" not in metafunc.fixturenames:
        return
    kinds: list[Any] = ["process"]
    if metafunc.module.__name__.rpartition(".")[2] in IN_BOTH_SANDBOXES:
        kinds.append(pytest.param("docker", marks=NEEDS_DOCKER))
    metafunc.parametrize("sandbox_kind", kinds, scope="session")


@pytest.fixture(scope="session")
def engine(sandbox_kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeFile]:
    """One engine of each sandbox for all cases; it knows where AWS's Node client is, if it is anywhere."""
    home = tmp_path_factory.mktemp("conformance") / "home"
    settings = {"node_folder": str(NODE_FOLDER)} if NODE_FOLDER.is_dir() else {}
    with pytest.MonkeyPatch.context() as patch:
        if sandbox_kind == "docker":
            patch.setenv("DOCKER_HOST", request.getfixturevalue("docker_daemon").host)
        runtime = ensure_engine(home, sandbox=sandbox_kind, settings=settings)
    yield runtime
    end_engine(home)


@dataclass
class Keys:
    """How a client signs."""

    url: str
    key_id: str
    secret: str
    region: str = "us-east-1"

    def client(self, service: str = "lambda", **options: Any) -> Any:
        # Its own checks are off: what the engine says of a wrong value is what counts.
        config = Config(retries={"total_max_attempts": 1}, read_timeout=60, parameter_validation=False)
        return boto3.client(
            service, endpoint_url=self.url, region_name=options.pop("region_name", self.region),
            aws_access_key_id=options.pop("key_id", self.key_id), aws_secret_access_key=options.pop("secret", self.secret),
            config=config, **options,
        )  # fmt: skip


@pytest.fixture(scope="session")
def keys(engine: RuntimeFile) -> Keys:
    """The engine's access key."""
    return Keys(engine.url, engine.access_key_id, engine.secret_access_key, engine.region)


@pytest.fixture(scope="session")
def client(keys: Keys) -> Iterator[Any]:
    """boto3's Lambda client."""
    client = keys.client()
    yield client
    client.close()


@dataclass
class Functions:
    """Makes functions of a test and removes them after it."""

    client: Any
    made: list[str] = field(default_factory=list)

    def name(self) -> str:
        name = f"case-{uuid.uuid4().hex[:10]}"
        self.made.append(name)
        return name

    def create(self, source: str = ECHO, **options: Any) -> str:
        """Create a function; returns its name."""
        name = options.pop("FunctionName", None) or self.name()
        defaults = {"Runtime": RUNTIME, "Handler": "f.handler", "Role": ROLE, "Code": {"ZipFile": zipped(source)}}
        self.client.create_function(FunctionName=name, **{**defaults, **options})
        return name


@pytest.fixture
def functions(client: Any) -> Iterator[Functions]:
    """A maker of functions."""
    functions = Functions(client)
    yield functions
    for name in functions.made:
        try:
            client.delete_function(FunctionName=name)
        except client.exceptions.ResourceNotFoundException:
            continue


@pytest.fixture
def function(functions: Functions) -> str:
    """A function that echoes."""
    return functions.create()


@dataclass
class Refused:
    """What boto3 read of an error."""

    code: str
    status: int
    message: str
    members: dict[str, Any]


@pytest.fixture
def refused() -> Callable[..., Refused]:
    """Call something that must be refused, and return what boto3 made of the answer."""

    def call(operation: Callable[..., Any], **values: Any) -> Refused:
        with pytest.raises(ClientError) as caught:
            operation(**values)
        answer = caught.value.response
        members = {k: v for k, v in answer.items() if k not in ("Error", "ResponseMetadata", "message", "Message")}
        return Refused(answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"], members)

    return call
