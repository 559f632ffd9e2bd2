"""Where the lock and the unix socket stand: beside the runtime file, or with the state if the home is on a network file system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lambda.store.location import StateLocation, make_private_folder, make_state_folder

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.client.home import RunFolder


def local_run_folder(run: RunFolder, location: StateLocation) -> Path:
    """Return the folder for lock and socket, made for its owner alone.

    It is the run folder unless that is on a network: `flock` there may hold for one machine, for all or for none, and a unix socket
    on it leads nowhere. The runtime file stays in the home either way, where clients look for it: a rename works everywhere.

    Raises:
        StoreError, DiskFull: It can't be made, or is somebody else's.
    """
    make_state_folder(location)
    if not location.is_elsewhere:
        return run.folder
    folder = location.folder / "run" / run.folder.name
    make_private_folder(folder.parent)
    make_private_folder(folder)
    return folder
