"""Where a command writes, and what its exit status says."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, BinaryIO, TextIO

if TYPE_CHECKING:
    from jupyter_lambda.errors import JupyterLambdaError


class Exit(IntEnum):
    """What scripts may rely on."""

    OK = 0
    FUNCTION_FAILED = 1
    WRONG_USE = 2
    NO_ENGINE = 3
    REFUSED = 4
    INTERRUPTED = 130  # as shells have it for SIGINT


@dataclass(frozen=True, slots=True)
class Terminal:
    """Standard streams; results go to `out`, everything else to `err`."""

    out: BinaryIO = field(default_factory=lambda: sys.stdout.buffer)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    read_event: BinaryIO = field(default_factory=lambda: sys.stdin.buffer)

    def write(self, data: bytes) -> None:
        """Write a result as it is, at once."""
        self.out.write(data)
        self.out.flush()

    def say(self, text: str) -> None:
        """Write a line of a result."""
        self.write(text.encode("utf-8", "surrogateescape") + b"\n")

    def note(self, text: str) -> None:
        """Tell a person something that is no result."""
        self.err.write(text + "\n")
        self.err.flush()

    def complain(self, error: JupyterLambdaError) -> None:
        """Where, what, and what to do next, on lines of their own."""
        self.note(f"{error.where}: {error.what}.")
        if error.suggestion:
            self.note(error.suggestion)
