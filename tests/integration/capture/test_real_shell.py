"""Captures from a real IPython shell: its names, its history, its autoreload."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, os, sys, time
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
from jupyter_lambda.capture import CaptureFailed, PackageOptions, capture_cell, prove
shell = InteractiveShell.instance()
sys.path.insert(0, "")

def run(source):
    result = shell.run_cell(source, store_history=True)
    result.raise_error()

def take(source, name="demo"):
    try:
        with capture_cell("%%lambda demo\\n" + source, shell.user_ns, name=name, options=PackageOptions(folder=Path.cwd()),
                          cell_numbers=shell.compile._filename_map) as capture:
            report = prove(capture).report
            return {"taken": {t.name: [n.text for n in t.notes] for t in report.taken}, "files": sorted(capture.entries),
                    "warnings": report.warnings, "digest": capture.content_digest,
                    "sources": json.loads(capture.entries.get("_jupyter_lambda/sources.json", b"{}"))}
    except CaptureFailed as failed:
        return {"problems": [p.headline for p in failed.report.problems], "code": [p.code for p in failed.report.problems]}

answers = {}
run("import threading\\nlimit = 3")
run("def clean(x):\\n    return x[:limit]")
run("lock = threading.Lock()")
answers["plain"] = take("def handler(event, context):\\n    return clean(open('/dev/null').read())")
answers["only here"] = take("def handler(event, context):\\n    display(get_ipython()); exit(); return In, _, lock, input()")
run("%load_ext autoreload\\n%autoreload 2")
Path("jlt_auto.py").write_text("class Thing:\\n    n = 1\\ndef f():\\n    return 1\\n")
run("import jlt_auto\\nfrom jlt_auto import f, Thing\\nthing = Thing()")
source = "assert (f(), thing.n, jlt_auto.f()) == ({0}, {0}, {0})\\ndef handler(event, context):\\n    return f(), thing"
answers["before"] = take(source.format(1))
Path("jlt_auto.py").write_text("class Thing:\\n    n = 2\\ndef f():\\n    return 2  # longer\\n")
os.utime("jlt_auto.py", (2_000_000_000, 2_000_000_000))
run("assert f() == 2")
answers["after"] = take(source.format(2))
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shell")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_values_know_their_cells_and_lines(answers):
    found = answers["plain"]
    assert found["taken"] == {"clean": ["as of cell [2]"], "limit": ["as of cell [1]"]}
    assert found["sources"] == {"<cell [2]>": "def clean(x):\n    return x[:limit]\n"}
    assert found["warnings"] == []


def test_what_the_shell_adds_is_not_taken(answers):
    assert sorted(answers["only here"]["problems"]) == [
        "`In` is the notebook's history", "`_` is the notebook's history", "`display` exists only in the notebook",
        "`get_ipython` exists only in the notebook", "`lock` can't be pickled",
    ]  # fmt: skip
    assert "lock = threading.Lock()   # in this cell" in answers["only here"]["code"]


def test_autoreload_does_no_harm(answers):
    assert answers["before"]["warnings"] == answers["after"]["warnings"] == []
    assert "jlt_auto.py" in answers["after"]["files"]
    assert answers["before"]["digest"] != answers["after"]["digest"]
