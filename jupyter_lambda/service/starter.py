"""Telling whoever started this process how it goes, through the pipe that it handed over."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jupyter_lambda.client import readiness
from jupyter_lambda.errors import JupyterLambdaError, aws_code
from jupyter_lambda.model.engine_api import ErrorBody

if TYPE_CHECKING:
    from jupyter_lambda.model.runtime_file import RuntimeFile


class Starter:
    """The write end of a starter's pipe; every method does nothing where there is none, or its reader has gone."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        if descriptor is not None:
            os.set_inheritable(descriptor, False)  # else a worker would keep the starter waiting

    def progress(self, text: str) -> None:
        """What it waits for now."""
        self._write(readiness.Progress(text))

    def ready(self, runtime: RuntimeFile) -> None:
        """It listens; nothing more will be said."""
        self._write(readiness.Ready(runtime))
        self.close()

    def taken(self, lock: str) -> None:
        """Another engine has the home."""
        self._write(readiness.Taken(lock))
        self.close()

    def failed(self, error: JupyterLambdaError) -> None:
        """It can't start."""
        body = ErrorBody(
            kind=type(error).__name__,
            code=aws_code(error).code,
            where=error.where,
            what=error.what,
            suggestion=error.suggestion,
            members=error.members,
        )
        self._write(readiness.Failed(body))
        self.close()

    def close(self) -> None:
        """Let the starter see the end. Safe to call twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _write(self, message: readiness.Message) -> None:
        if self._descriptor is None:
            return
        try:
            os.write(self._descriptor, readiness.encode(message))  # below PIPE_BUF: whole or not at all
        except OSError:  # the starter was interrupted or killed; whoever comes next finds the runtime file
            self.close()
