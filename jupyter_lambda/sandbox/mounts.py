"""What a function may be shown of this machine by `--mount`: anything but the engine's home."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_lambda.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_lambda.model.function import Mount


def check_mounts(mounts: Iterable[Mount], home: Path) -> None:
    """Let pass what can be shown.

    Raises:
        SandboxError: A folder is gone, or would show the engine's home, where its token and everybody's packages are.
    """
    for mount in mounts:
        if not Path(mount.source).exists():
            raise SandboxError(f'mount "{mount.source}"', "there is no such folder", "Deploy again with a folder that exists.")
        if holds_home(mount.source, home):
            raise SandboxError(
                f'mount "{mount.source}"', f"it would show the engine's home ({home}), where its token is",
                "Mount the folder inside it that the function needs.",
            )  # fmt: skip


@functools.lru_cache(maxsize=4_096)
def holds_home(path: str, home: Path) -> bool:
    """Whether a path is the engine's home or a folder above it: showing it would open the home."""
    real, home = Path(os.path.realpath(path)), Path(os.path.realpath(home))
    return real == home or real in home.parents
