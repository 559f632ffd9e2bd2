"""Fixtures for captures that nothing loads."""

from __future__ import annotations

import textwrap

import pytest

from jupyter_lambda.capture import CaptureFailed, PackageOptions, capture_cell
from jupyter_lambda.testing.scripted_notebook import ScriptedNotebook


@pytest.fixture
def notebook():
    return ScriptedNotebook()


@pytest.fixture
def deploy(notebook, tmp_path):
    """Capture a cell; closed when the test ends."""
    made = []

    def deploy(source, name="demo", **options):
        folder = options.pop("folder", tmp_path)
        text = "%%lambda " + name + "\n" + textwrap.dedent(source).strip("\n") + "\n"
        capture = capture_cell(text, notebook.namespace, name=name, options=PackageOptions(folder=folder, **options))
        made.append(capture)
        return capture

    yield deploy
    for capture in made:
        capture.close()


@pytest.fixture
def refuse(deploy):
    """Capture a cell that can't become a package; returns the report."""

    def refuse(source, name="demo", **options):
        with pytest.raises(CaptureFailed) as caught:
            deploy(source, name, **options)
        return caught.value.report

    return refuse
