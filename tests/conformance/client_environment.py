"""Clients from PyPI, each in a virtual environment of its own: they pin other versions of what we have."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_OFFLINE = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "Temporary failure in name resolution")


def installed(folder: Path, package: str, command: str) -> Path:
    """Install a package and return its command, whose version is printed; skips where no registry can be reached."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "pip", "install", "--disable-pip-version-check", "--retries", "1", "--timeout", "30", package]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode and any(sign in done.stdout + done.stderr for sign in _OFFLINE):
        pytest.skip(f"{package} can't be installed: no package registry can be reached from here")
    assert done.returncode == 0, done.stderr
    path = folder / "bin" / command
    print(subprocess.run([path, "--version"], check=True, capture_output=True, text=True).stdout)
    return path
