"""Where the lock and the unix socket stand: beside the runtime file, or in a local folder if the home is on a network file system."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.client.home import RunFolder


def state_folder(run: RunFolder) -> tuple[Path, tuple[str, ...]]:
    """Return the folder for lock and socket, made for its owner alone, and what to warn of."""
    return run.folder, ()
