"""A `%%lambda` cell that can't be deployed fails the notebook, in a few lines, with its report above them."""

import re

import pytest
from nbclient.exceptions import CellExecutionError

from tests.notebooks.notebook_text import notebook_of

ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize(
    ("cell", "kind", "says"),
    [
        ("%%lambda f --memory 64\ndef handler(event, context): ...", "ValidationError", "Use --memory 128."),
        ("%%lambda f\ndef handler(event, context):\n    return thresold", "CaptureFailed", 'function "f", line 3'),
        ("%lambda show nothing", "FunctionNotFound", "there is no such function"),
    ],
)
def test_the_error_is_short_and_the_notebook_stops(run_notebook, tmp_path, cell, kind, says):
    notebook = notebook_of("%load_ext jupyter_lambda", "threshold = 0.62", cell)
    with pytest.raises(CellExecutionError):
        run_notebook(notebook, tmp_path)
    *shown, error = notebook.cells[-1].outputs
    assert error.output_type == "error"
    assert error.ename == kind
    lines = ANSI.sub("", "\n".join(error.traceback)).splitlines()
    assert len(lines) <= 3
    assert says.lower() in "\n".join(lines).lower()
    if kind == "CaptureFailed":
        assert "threshold" in shown[0]["data"]["text/html"]  # the report, with what was meant
        assert "threshold" in shown[0]["data"]["text/plain"]
