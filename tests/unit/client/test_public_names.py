from __future__ import annotations

import subprocess
import sys

import pytest

import jupyter_lambda as jl
from jupyter_lambda.client import connection
from jupyter_lambda.client.dashboard import dashboard
from jupyter_lambda.errors import EngineUnavailable, FunctionNotFound


@pytest.mark.parametrize("name", jl.__all__)
def test_each_public_name_is_there(name):
    assert getattr(jl, name) is not None
    assert name in dir(jl)


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        jl.nothing  # noqa: B018


def test_importing_the_package_loads_nothing_of_it():
    code = "import sys, jupyter_lambda; print([m for m in sys.modules if m.startswith('jupyter_lambda.') and 'version' not in m])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert shown == "[]\n"


@pytest.fixture
def usual(client):
    """The client that `jl.engine()` gives."""
    connection.use_engine(client)
    yield client
    connection.forget_engines()


def test_the_usual_engine(usual):
    assert jl.engine() is usual
    assert jl.FunctionHandle("echo")({"n": 1}) == {"n": 1}


def test_functions(server, usual):
    server.engine.add("another")

    found = jl.functions()

    assert found.names() == ["another", "echo"]
    assert found["echo"]([1]) == [1]
    assert "another" in repr(found)


def test_function(usual):
    assert jl.function("echo").name == "echo"
    assert jl.function("echo", 3).qualifier == "3"
    with pytest.raises(FunctionNotFound, match="Did you mean"):
        jl.function("ecco")


def test_dashboard(server, usual):
    jl.function("echo")({})
    shown = dashboard()

    assert "process sandbox" in repr(shown)
    assert shown.metrics[0].invocations == 1
    assert "<h4>Environments</h4>" in shown._repr_html_()
    assert shown.as_json()["environments"][0]["state"] == "idle"


def test_amazons_client_is_pointed_at_the_engine(usual):
    made = jl.boto3_client("lambda")

    assert made.meta.endpoint_url == "http://127.0.0.1:1"
    assert made.meta.region_name == "us-east-1"
    assert made.meta.config.read_timeout == 960
    assert made.meta.config.retries["total_max_attempts"] == 1
    assert jl.boto3_client("lambda", region_name="eu-west-1").meta.region_name == "eu-west-1"


def test_an_engine_without_credentials(server, usual):
    import msgspec

    from jupyter_lambda.client.engine_client import EngineClient

    other = EngineClient(msgspec.structs.replace(server.runtime, access_key_id=""))
    with pytest.raises(EngineUnavailable, match="no credentials"):
        jl.boto3_client("lambda", engine=other)


def test_without_boto3_says_what_to_install(usual, monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)

    with pytest.raises(ImportError, match=r"pip install 'jupyter-lambda\[aws\]'"):
        jl.boto3_client("lambda")


def test_without_pandas_says_what_to_install(usual, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(ImportError, match="pip install pandas"):
        jl.function("echo").map([1]).frame()
