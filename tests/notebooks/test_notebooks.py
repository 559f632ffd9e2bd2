"""Every notebook that we give away runs from top to bottom, in a fresh kernel, with no Jupyter server."""

from pathlib import Path

import nbformat
import pytest

from tests.notebooks.notebook_text import text_of

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs(run_notebook, path):
    notebook = run_notebook(nbformat.read(path, as_version=4), FOLDER)
    shown = [cell for cell in notebook.cells if "show" in cell.metadata.get("tags", [])]
    assert shown
    for cell in shown:
        assert text_of(cell).strip(), f"nothing to see below: {cell.source}"


def test_there_is_a_notebook():
    assert FOLDER / "quickstart.ipynb" in NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_kept_without_outputs(path):
    for cell in nbformat.read(path, as_version=4).cells:
        assert not cell.get("outputs")
        assert not cell.get("execution_count")
