"""Writing the runtime file, and taking it back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from jupyter_lambda.client.os_errors import store_error

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.client.home import RunFolder
    from jupyter_lambda.model.runtime_file import RuntimeFile


class Publication:
    """The runtime file of this engine: there while it wants clients, under another name while it ends, then gone.

    Args:
        run: The run folder of its home.
    """

    def __init__(self, run: RunFolder) -> None:
        self._path, self._ending_path = run.runtime_file, run.ending_file
        self._identity: tuple[int, int] | None = None

    def publish(self, runtime: RuntimeFile) -> None:
        """Put the file there whole, by rename, for its owner alone.

        Raises:
            StoreError, DiskFull: It can't be written.
        """
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, msgspec.json.encode(runtime))
                found = os.fstat(descriptor)
            finally:
                os.close(descriptor)
            draft.replace(self._path)
            self._ending_path.unlink(missing_ok=True)  # of one that was killed while it ended
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise store_error(error, f'runtime file "{self._path}"') from error
        self._identity = (found.st_dev, found.st_ino)

    def stands(self) -> bool:
        """Whether the file that was published is still there: False once the home was removed, or another engine took it."""
        return self._is_ours(self._path)

    def withdraw(self) -> None:
        """Let nobody new find this engine; those who wait for its end still do. Safe to call twice."""
        if self.stands():
            self._path.replace(self._ending_path)

    def remove(self) -> None:
        """Remove the file, under whichever name, if it is ours. Safe to call twice."""
        self.withdraw()
        if self._is_ours(self._ending_path):
            self._ending_path.unlink(missing_ok=True)
        self._identity = None

    def _is_ours(self, path: Path) -> bool:
        try:
            found = path.lstat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._identity
