"""Fixtures for captures that are loaded by real interpreters."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import zipfile

import pytest

from jupyter_lambda.capture import PackageOptions, capture_cell
from jupyter_lambda.testing.scripted_notebook import ScriptedNotebook

_WORKER = """
import asyncio, importlib, json, sys, traceback
root, handler, events = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
sys.path.insert(0, root)
sys.path[1:1] = sys.argv[4:]
module, _, function = handler.rpartition(".")
call = getattr(importlib.import_module(module), function)
answers = []
for event in events:
    try:
        answer = call(event, None)
        answers.append({"result": asyncio.run(answer) if asyncio.iscoroutine(answer) else answer})
    except Exception as error:
        answers.append({"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc().replace(root, "/var/task")})
print(json.dumps(answers))
"""


@pytest.fixture
def notebook():
    return ScriptedNotebook()


@pytest.fixture
def deploy(notebook, tmp_path):
    """Capture a cell; closed when the test ends."""
    made = []

    def deploy(source, name="demo", **options):
        folder = options.pop("folder", tmp_path)
        capture = capture_cell(
            "%%lambda " + name + "\n" + textwrap.dedent(source).strip("\n") + "\n",
            notebook.namespace,
            name=name,
            options=PackageOptions(folder=folder, **options),
        )
        made.append(capture)
        return capture

    yield deploy
    for capture in made:
        capture.close()


@pytest.fixture
def call(tmp_path):
    """Extract a capture's zip and call its handler with each event in one clean process, as a worker would."""
    folders = iter(range(100))

    def call(capture, *events, path=()):
        root = tmp_path / f"task{next(folders)}"
        with zipfile.ZipFile(capture.package) as package:
            package.extractall(root)
        done = subprocess.run(
            [sys.executable, "-I", "-c", _WORKER, str(root), capture.handler, json.dumps(events), *map(str, path)],
            capture_output=True, text=True, timeout=60, check=False, cwd=root,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        answers = json.loads(done.stdout.splitlines()[-1])
        return answers[0] if len(events) == 1 else answers

    return call
