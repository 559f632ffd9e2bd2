"""Payloads by index, in bounded memory: what doesn't fit waits in an unnamed file, readable by nobody else."""

from __future__ import annotations

import tempfile
from array import array
from typing import IO, Final

from jupyter_lambda.client.os_errors import store_error

MEMORY_BYTES: Final = 64 * 1024**2
_ENTRY_BYTES: Final = 120  # what an entry costs besides its payload


class ResultShelf:
    """Holds payloads until they are taken, or for as long as it is open."""

    def __init__(self, memory_bytes: int = MEMORY_BYTES) -> None:
        self._most = memory_bytes
        self._here: dict[int, bytes] = {}
        self._here_bytes = 0
        self._file: IO[bytes] | None = None
        self._file_bytes = 0
        self._offsets = array("q")  # by index; -1: not in the file
        self._lengths = array("Q")

    @property
    def is_full(self) -> bool:
        """Whether the next payload goes to the file."""
        return self._here_bytes >= self._most

    @property
    def held(self) -> int:
        """How many payloads are in memory."""
        return len(self._here)

    def put(self, index: int, payload: bytes) -> None:
        """Keep a payload (DiskFull when there is no room in the temporary folder either)."""
        if not self.is_full:
            self._here[index] = payload
            self._here_bytes += len(payload) + _ENTRY_BYTES
            return
        while len(self._offsets) <= index:
            self._offsets.append(-1)
            self._lengths.append(0)
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="jupyter-lambda-")  # noqa: SIM115 - closed by `close`
            self._file.seek(self._file_bytes)
            self._file.write(payload)
        except OSError as error:
            raise store_error(error, f'temporary folder "{tempfile.gettempdir()}"') from error
        self._offsets[index], self._lengths[index] = self._file_bytes, len(payload)
        self._file_bytes += len(payload)

    def get(self, index: int) -> bytes | None:
        """A payload, or None if it is not here."""
        here = self._here.get(index)
        if here is not None or self._file is None or index >= len(self._offsets) or self._offsets[index] < 0:
            return here
        self._file.seek(self._offsets[index])
        return self._file.read(self._lengths[index])

    def take(self, index: int) -> bytes | None:
        """A payload that is not needed here any more; the file keeps its own until it is closed."""
        payload = self._here.pop(index, None)
        if payload is None:
            return self.get(index)
        self._here_bytes -= len(payload) + _ENTRY_BYTES
        return payload

    def close(self) -> None:
        """Forget everything; safe to call twice."""
        self._here.clear()
        if self._file is not None:
            self._file.close()
            self._file = None
