"""The Python that this kernel runs on, as a version records it: workers start from it."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from jupyter_lambda.model.function import PythonEnvironment


def this_python(folder: Path | None = None) -> PythonEnvironment:
    """Describe the running interpreter.

    Args:
        folder: The notebook's folder. It and the working directory are left out of `sys_path`: what a function imports from
            there goes by value into its package, so that a version never changes.
    """
    return PythonEnvironment(
        executable=os.path.abspath(sys.executable),  # noqa: PTH100 - resolving links would leave a virtual environment
        prefix=sys.prefix,
        base_prefix=sys.base_prefix,
        version=platform.python_version(),
        sys_path=_worker_path(folder or Path.cwd()),
    )


def _worker_path(folder: Path) -> tuple[str, ...]:
    kept: dict[str, None] = {}
    left_out = {folder.resolve(), Path.cwd().resolve(), Path.home() / ".ipython"}
    for entry in sys.path:
        path = Path(entry)
        if not entry or not path.is_absolute() or not path.exists():
            continue
        if path.resolve() in left_out or path.parent in left_out:
            continue
        kept[entry] = None
    return tuple(kept)
