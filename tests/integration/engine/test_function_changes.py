"""Changes by AWS's rules (engine/function_changes.py): what a zip from elsewhere keeps of a notebook's function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.engine.function_changes import FunctionChanges
from jupyter_lambda.engine.interpreter_choice import Interpreters
from jupyter_lambda.engine.uploaded_packages import Package
from jupyter_lambda.errors import InvalidRuntime, RevisionMismatch
from jupyter_lambda.model.function import PythonEnvironment
from tests.integration.engine.conftest import PYTHON

if TYPE_CHECKING:
    from tests.integration.engine.conftest import Bench, MakeEngine

pytestmark = pytest.mark.asyncio
FOUND = PythonEnvironment(executable="/usr/bin/python3.12", prefix="/usr", base_prefix="/usr", version="3.12.1")


def find(runtime: str) -> PythonEnvironment:
    if runtime == "python3.12":
        return FOUND
    raise InvalidRuntime(f'runtime "{runtime}"', "there is none here")


def changes(bench: Bench) -> FunctionChanges:
    return FunctionChanges(bench.engine.catalog, Interpreters(find), bench.engine.resources)


async def test_new_code_goes_on_in_the_python_that_the_function_had(make: MakeEngine) -> None:
    bench = await make()
    before = bench.engine.catalog.entry("f").function.latest
    after = await changes(bench).update_code(
        "f", Package("0" * 64, 1), revision_id=before.revision_id, architecture=None, publish=False, dry_run=False
    )
    assert after.python == PYTHON
    assert (after.source, after.manifest, after.content_digest) == ("", {}, f"zip:{'0' * 64}")
    assert after.revision_id != before.revision_id


async def test_another_runtime_is_another_python(make: MakeEngine) -> None:
    bench = await make()
    after = await changes(bench).update_configuration("f", {"runtime": "python3.12"}, revision_id=None)
    assert (after.python, after.failure) == (FOUND, "")
    after = await changes(bench).update_configuration("f", {"runtime": "python3.12", "memory_mib": 256}, revision_id=None)
    assert after.python == FOUND
    after = await changes(bench).update_configuration("f", {"runtime": "python3.13"}, revision_id=None)
    assert after.python is None
    assert "there is none here" in after.failure


async def test_the_same_runtime_changes_nothing_of_it(make: MakeEngine) -> None:
    bench = await make()
    after = await changes(bench).update_configuration("f", {"runtime": "python3.11"}, revision_id=None)
    assert after.python == PYTHON


async def test_an_old_revision_changes_nothing(make: MakeEngine) -> None:
    bench = await make()
    with pytest.raises(RevisionMismatch):
        await changes(bench).update_configuration("f", {"memory_mib": 256}, revision_id="old")
    assert bench.engine.catalog.entry("f").function.latest.configuration.memory_mib == 128
