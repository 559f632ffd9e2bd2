"""What an engine of process workers loads: nothing of containers."""

from __future__ import annotations

import subprocess
import sys


def test_an_engine_of_process_workers_imports_nothing_of_docker():
    code = (
        "import sys, jupyter_lambda.service.life, jupyter_lambda.service.graph, jupyter_lambda.service.process_walls\n"
        "print([m for m in sys.modules if m.partition('.')[0] == 'docker' or m.startswith('jupyter_lambda.sandbox.docker.')])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
