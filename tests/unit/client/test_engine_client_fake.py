"""The in-memory engine client takes what the real one takes, so that tests on it mean something."""

import inspect

import pytest

from jupyter_lambda.client.engine_client import EngineClient
from jupyter_lambda.testing.engine_client import FakeEngineClient

SHARED = [name for name in vars(FakeEngineClient) if not name.startswith("_") and name != "add"]


@pytest.mark.parametrize("name", SHARED)
def test_the_fake_has_the_real_methods_parameters(name):
    real = inspect.signature(getattr(EngineClient, name)).parameters
    fake = inspect.signature(getattr(FakeEngineClient, name)).parameters
    for parameter in fake.values():
        assert parameter.name in real
        assert parameter.kind == real[parameter.name].kind
        assert parameter.default == real[parameter.name].default
