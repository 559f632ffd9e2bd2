"""The README's tour works as it stands: its Python blocks in one kernel, its shell block after it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebooks.notebook_text import notebook_of, text_of

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language):
    return [source for kind, source in BLOCK.findall(README.read_text("utf-8")) if kind == language]


@pytest.mark.slow
def test_the_tour_works(run_notebook, tmp_path):
    notebook = run_notebook(notebook_of(*blocks("python")), tmp_path)
    outputs = [text_of(cell) for cell in notebook.cells]
    assert any("'amount': 117.0" in text for text in outputs)
    assert any("KeyError" in text for text in outputs)
    assert any("RATES" in text and "version 1 → 2" in text for text in outputs)

    script = next(source for source in blocks("sh") if "jupyter lambda list" in source)
    command = f"{sys.executable} -m jupyter_lambda.cli"
    done = subprocess.run(
        ["bash", "-euc", script.replace("jupyter lambda", command) + "\necho $AWS_ENDPOINT_URL_LAMBDA"],
        capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(README.parent)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '{"amount": 6.05, "currency": "USD"}' in done.stdout
    assert "REPORT RequestId" in done.stdout
    assert done.stdout.strip().splitlines()[-1].startswith("http://127.0.0.1:")


def test_links_to_files_lead_somewhere():
    text = README.read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (README.parent / target).exists(), target
