"""What the daemon has of an engine's home, asked past the code under test."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from jupyter_lambda.sandbox.docker.sandbox import home_id


def docker(address: str, *arguments: str) -> str:
    """What the docker command prints."""
    command = ["docker", "--host", f"unix://{address}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def containers_of(address: str, home: Path) -> list[str]:
    """Containers of a home, in whatever state."""
    return docker(address, "ps", "-a", "-q", "--no-trunc", "--filter", f"label=jupyter-lambda.home={home_id(home)}").split()


def inspect(address: str, container: str) -> dict:
    """All that the daemon knows of a container."""
    return json.loads(docker(address, "inspect", container))[0]
