"""Run a notebook without a browser, and show in the terminal what a reader would see in it.

    python tools/demo.py notebooks/quickstart.ipynb

Cells tagged `show` have their text printed: what they wrote to standard output, and the plain form of their results.
The engine lives in a temporary folder and is stopped at the end, whatever happens. Exit status: 0, or 1 when a cell failed.

The sandbox is `process` unless JUPYTER_LAMBDA_SANDBOX says otherwise.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

CELL_TIMEOUT_SECONDS = 180
ANSI = re.compile(r"\x1b\[[0-9;]*m")
WIDGET = "application/vnd.jupyter.widget-view+json"


def plain_text(outputs: list[dict[str, Any]]) -> str:
    """The outputs as a terminal shows them; widgets and pictures have no text worth reading."""
    parts: list[str] = []
    for output in outputs:
        data = output.get("data", {})
        if output["output_type"] == "stream" and output["name"] == "stdout":
            parts.append(output["text"])
        elif "text/plain" in data and WIDGET not in data and not any(kind.startswith("image/") for kind in data):
            parts.append(data["text/plain"] + "\n")
    return ANSI.sub("", "".join(parts)).strip("\n")


def title(source: str) -> str:
    """The first line of a cell that says something, shortened."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    telling = next((line for line in lines if not line.startswith("#")), lines[0] if lines else "")
    return telling if len(telling) <= 72 else telling[:71] + "…"


class Narrator:
    """Tells what runs, as it runs."""

    def __init__(self, notebook: nbformat.NotebookNode) -> None:
        self._numbers = {
            index: number
            for number, index in enumerate((i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"), start=1)
        }
        self._began = time.monotonic()

    def starts(self, cell: nbformat.NotebookNode, cell_index: int) -> None:
        """One line before the cell runs, so that a slow one is known by name."""
        number = self._numbers.get(cell_index)
        if number is not None and cell.source.strip():
            seconds = time.monotonic() - self._began
            print(f"[{seconds:5.1f} s] cell {number} of {len(self._numbers)}: {title(cell.source)}", flush=True)

    def ended(self, cell: nbformat.NotebookNode, cell_index: int, execute_reply: dict[str, Any]) -> None:
        """The outputs of a cell that is there to be shown."""
        del cell_index, execute_reply
        text = plain_text(cell.outputs) if "show" in cell.metadata.get("tags", []) else ""
        if text:
            print("\n" + textwrap.indent(text, "    ") + "\n", flush=True)


def run(path: Path) -> int:
    """Execute the notebook; 0 when every cell did what it should."""
    notebook = nbformat.read(path, as_version=4)
    narrator = Narrator(notebook)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_SECONDS,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],  # a kernel on loopback warns of listeners at every start
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_execute=narrator.starts,
        on_cell_executed=narrator.ended,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        print(f"\nThe cell failed:\n{ANSI.sub('', str(error))}", file=sys.stderr)
        return 1
    except (TimeoutError, DeadKernelError) as error:
        print(f"\nThe notebook did not end: {error}", file=sys.stderr)
        return 1
    return 0


def stop_engine() -> None:
    """Stop the demo's engine; none running is fine (exit status 3)."""
    command = [sys.executable, "-c", "import sys; from jupyter_lambda.cli.main import main; sys.exit(main())", "engine", "stop"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode not in (0, 3):
        print(f"The engine did not stop: {done.stderr.strip()}", file=sys.stderr)


def main(path: Path) -> int:
    """Run the notebook in surroundings of its own."""
    if not path.is_file():
        print(f"{path} is not there", file=sys.stderr)
        return 1
    # An end by `kill` cleans up like an end by Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    base = Path(tempfile.mkdtemp(prefix="jupyter-lambda-demo-"))
    os.environ.setdefault("JUPYTER_LAMBDA_SANDBOX", "process")
    os.environ["JUPYTER_LAMBDA_HOME"] = str(base / "home")
    os.environ["JUPYTER_RUNTIME_DIR"] = str(base / "runtime")
    os.environ["IPYTHONDIR"] = str(base / "ipython")
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of this environment, not one of the same name elsewhere
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    print(f"Running {path} on {os.environ['JUPYTER_LAMBDA_SANDBOX']} workers", flush=True)
    began = time.monotonic()
    try:
        status = run(path)
    finally:
        stop_engine()
        shutil.rmtree(base, ignore_errors=True)
    print(f"\nDemo {'done' if status == 0 else 'FAILED'} in {time.monotonic() - began:.0f} s")
    if status == 0:
        print("Next: `make lab` opens the same notebook in JupyterLab.")
    return status


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: demo.py NOTEBOOK")
    sys.exit(main(Path(sys.argv[1])))
