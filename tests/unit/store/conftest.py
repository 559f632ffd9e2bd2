"""What the tests of the store share: a clock by hand, and records to keep."""

from __future__ import annotations

import pytest

from jupyter_lambda.model.invocation import InvocationRecord
from jupyter_lambda.testing.clock import ManualClock


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def record():
    """Builds a record: `record("r1", arrived=2.0)`."""

    def build(request_id="r1", function_name="resize", **members):
        return InvocationRecord(request_id=request_id, function_name=function_name, **{"version": "1", "arrived": 1.0, **members})

    return build
