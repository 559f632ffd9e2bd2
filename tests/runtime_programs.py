"""The compilers, interpreters and clients that the tests of other languages use, and their versions for pytest's header."""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NODE_FOLDER = ROOT / ".tools" / "node-runtime"  # made by tools/node_runtime.sh
NODE_CLIENT = NODE_FOLDER / "node_modules" / "aws-lambda-ric"

NEEDS_NODE = pytest.mark.skipif(not (NODE_CLIENT / "rapid-client.node").exists(), reason="`make test` installs aws-lambda-ric")
_ASKED = (("node", NODE_FOLDER / "bin" / "node", "--version"), ("go", "go", "version"), ("ruby", "ruby", "--version"),
          ("java", "java", "--version"), ("shell", "bash", "--version"))  # fmt: skip


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip without these programs; `make test` installs them from Debian."""
    missing = [name for name in programs if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def versions() -> str:
    """One line: every client with its version."""
    found = [f"awslambdaric {_distribution('awslambdaric')}", f"aws-lambda-ric (npm) {_node_client()}"]
    found += [f"{name} {_said([program, question])}" for name, program, question in _ASKED]
    return "runtimes: " + ", ".join([*found, f"boto3 {_distribution('boto3')}"])


def _distribution(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _node_client() -> str:
    package = NODE_CLIENT / "package.json"
    return json.loads(package.read_text())["version"] if package.exists() else "absent"


def _said(command: list[str | Path]) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return "absent"
    number = re.search(r"\d+\.\d+[\d.]*", answer)
    return number[0] if number else "of an unknown version"
