"""The committed tables are what botocore says, and operations are found by path (tools/service_models.py, api/aws/service_model.py)."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_lambda.api.aws.cloudwatch.service import cloudwatch
from jupyter_lambda.api.aws.logs.service import logs
from jupyter_lambda.api.aws.service_model import service_model
from jupyter_lambda.errors import NoSuchOperation

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.rpc.service import Service

TOOL = Path(__file__).resolve().parents[4] / "tools" / "service_models.py"


@pytest.fixture
def tool() -> Any:
    spec = importlib.util.spec_from_file_location("service_models", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("service", ["lambda", "logs", "cloudwatch"])
def test_the_table_is_what_the_installed_botocore_says(tool: Any, service: str) -> None:
    version, model = tool.read_botocore(service)
    if service_model(service).source != f"botocore {version}":
        pytest.skip(f"the table is of {service_model(service).source}, and {version} is installed: run tools/service_models.py")
    assert tool.table_of(service).read_text() == tool.encode(tool.compact(version, model))


@pytest.mark.parametrize("service", [logs(), cloudwatch()], ids=lambda service: service.name)
def test_what_is_carried_out_is_in_the_model(service: Service) -> None:
    assert set(service.model.operations) >= set(service.handlers)


@pytest.mark.parametrize("name", sorted(service_model().operations))
def test_every_operation_is_found_by_its_path(name: str) -> None:
    operation = service_model().operations[name]
    path, _, query = re.sub(r"\{\w+\}", "a%2Fb%3Ac", operation.uri).partition("?")
    match = service_model().match(operation.method, path, query)
    assert match.operation.name == name
    assert set(match.uri.values()) <= {"a/b:c"}
    assert service_model().match(operation.method, f"{path}/", query).operation.name == name


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("PATCH", "/2015-03-31/functions"), ("GET", "/2015-03-31/functions/a/b")]
)
def test_other_paths_are_no_operation(method: str, path: str) -> None:
    with pytest.raises(NoSuchOperation):
        service_model().match(method, path, "")
