"""Builds the JupyterLab half of the package, and adds it to the wheel where there is one.

Three cases, told apart by two environment variables:

- by default the bundle is built when it is missing or older than its sources; where that is not possible (no Node,
  no registry) the build says so and goes on, because magics, handles and command line work without it;
- `JUPYTER_LAMBDA_NO_FRONTEND=1` skips the bundle without a word: for machines that never open JupyterLab;
- `JUPYTER_LAMBDA_REQUIRE_FRONTEND=1` refuses to make anything without the bundle: a release has a panel.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = "jupyter_lambda/labextension"
SHARED = "share/jupyter/labextensions/jupyter-lambda"
WIDGET = "jupyter_lambda/static/card.js"
SOURCES = ("src", "style", "schema", "package.json", "yarn.lock", "tsconfig.json", "widget.mjs")


class FrontendError(Exception):
    """The bundle could not be built; the text says why and what to do."""


class FrontendHook(BuildHookInterface[Any]):
    """Makes sure of the bundle before hatchling collects files."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the bundle, or say why not; `version` is `standard` or `editable`."""
        root = Path(self.root)
        required = os.environ.get("JUPYTER_LAMBDA_REQUIRE_FRONTEND") == "1"
        if os.environ.get("JUPYTER_LAMBDA_NO_FRONTEND") == "1" and not required:
            return
        try:
            if not is_fresh(root):
                build(root, script="build" if version == "editable" else "build:prod")
        except FrontendError as error:
            if required:
                raise
            self.app.display_warning(f"jupyter-lambda: no JupyterLab panel. {error}")
        if self.target_name == "wheel" and has_bundle(root):
            build_data["shared_data"] |= {BUNDLE: SHARED, "install.json": f"{SHARED}/install.json"}


def has_bundle(root: Path) -> bool:
    """Whether everything JupyterLab needs to load the extension is there, and the card for those that don't have it."""
    bundle = root / BUNDLE
    return (bundle / "package.json").is_file() and any((bundle / "static").glob("remoteEntry.*.js")) and (root / WIDGET).is_file()


def is_fresh(root: Path) -> bool:
    """Whether the bundle is there and no older than its sources; a source distribution has no sources to compare."""
    if not has_bundle(root):
        return False
    if (root / "PKG-INFO").is_file():
        return True
    built = (root / BUNDLE / "package.json").stat().st_mtime
    frontend = root / "labextension"
    files = [
        file
        for name in SOURCES
        for file in ([frontend / name] if (frontend / name).is_file() else (frontend / name).rglob("*"))
        if file.is_file()
    ]
    return all(file.stat().st_mtime <= built for file in files)


def build(root: Path, script: str) -> None:
    """Install the front end's packages as locked, and bundle it.

    Raises:
        FrontendError: No Node, or a step failed.
    """
    if shutil.which("node") is None:
        raise FrontendError("Node.js was not found. Install Node 20 or newer and install again, or leave it at that.")
    shutil.rmtree(root / BUNDLE, ignore_errors=True)
    for step in (["install", "--immutable"], ["run", script]):
        command = [sys.executable, "-c", "from jupyter_builder.jlpm import main; main()", *step]
        done = subprocess.run(command, cwd=root / "labextension", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
            raise FrontendError(f"`jlpm {' '.join(step)}` failed in labextension/:\n{tail}")
    if not has_bundle(root):
        raise FrontendError(f"The build ended well but left no bundle in {BUNDLE}.")
