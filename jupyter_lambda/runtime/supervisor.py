"""The parent of a runtime and its extensions, in an environment whose layers bring extensions along.

It stands behind the environment's walls as its first process, starts the extensions, then the runtime when it is told to, and speaks
with the engine over one SOCK_SEQPACKET socket, a JSON object a message:

    engine → supervisor   start      fork the runtime
                          signal     name, number
                          connect    id, port: of this environment's own loopback
                          finish     nothing more is wanted: end as the runtime did
    supervisor → engine   log        name; descriptor: what the extension of that name writes
                          failed     name, why: its program can't be run
                          ended      name, status (as waitpid gives it); the runtime's name is "runtime"
                          connected  id; descriptor
                          refused    id, why

When the runtime has ended it stays until `finish`, so that extensions get their shutdown, and then ends in the same way: whoever
waits for the environment's first process sees how its runtime ended. When the engine's end of the socket closes, it ends at once.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import select
import signal
import socket
from typing import Any, Optional

RUNTIME = "runtime"
_MESSAGE_BYTES = 65_536
_CONNECT_SECONDS = 1.0
_COULD_NOT_START = 126
# What belongs to the runtime alone. Source: AWS Lambda Developer Guide, "Using the Lambda Extensions API".
_HIDDEN = frozenset(
    {
        "_HANDLER", "AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_XRAY_CONTEXT_MISSING",
        "AWS_XRAY_DAEMON_ADDRESS", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "PYTHONPATH",
    }
)  # fmt: skip


def serve(control: int, extensions: list[str], variables: dict[str, str], runtime_descriptor: int) -> None:
    """Start the extensions and serve the engine; returns in the forked process that is to become the runtime, and there only."""
    supervisor = _Supervisor(control)
    for path in extensions:
        supervisor.start_extension(path, {name: value for name, value in variables.items() if name not in _HIDDEN})
    supervisor.run(runtime_descriptor)


class _Supervisor:
    """One environment's first process."""

    def __init__(self, control: int) -> None:
        self._control = socket.socket(fileno=control)
        self._names: dict[int, str] = {}
        self._status: Optional[int] = None  # of the runtime, once it has ended
        self._woken, self._wake = os.pipe()
        for descriptor in (self._woken, self._wake):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)

    # -- starting -----------------------------------------------------------------------------------------------------------

    def start_extension(self, path: str, variables: dict[str, str]) -> None:
        """Start a program with a log of its own."""
        name = os.path.basename(path)  # noqa: PTH119 - pathlib would be one more import on the way to every cold start
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            _leave_signals()
            os.dup2(write, 1)
            os.dup2(write, 2)
            os.chdir("/")
            try:
                os.execve(path, [path], variables)  # noqa: S606 - no shell is wanted
            except OSError as error:
                self._send({"event": "failed", "name": name, "why": error.strerror or str(error)})
                os._exit(_COULD_NOT_START)
        self._names[pid] = name
        os.close(write)
        self._send({"event": "log", "name": name}, read)
        os.close(read)

    def run(self, runtime_descriptor: int) -> None:
        poll = select.poll()
        poll.register(self._control.fileno(), select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        while True:
            ready = dict(poll.poll())
            if self._woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, 4096)
                self._reap()
            if self._control.fileno() in ready and self._obey(runtime_descriptor):
                return

    def _obey(self, runtime_descriptor: int) -> bool:
        """Do what a message asks for; True in the process that is to become the runtime."""
        data = self._control.recv(_MESSAGE_BYTES)
        if not data:
            os._exit(0)
        message: dict[str, Any] = json.loads(data)
        if message["op"] == "start":
            return self._fork_runtime(runtime_descriptor)
        if message["op"] == "signal":
            self._signal(message["name"], message["number"])
        elif message["op"] == "connect":
            self._connect(message["id"], message["port"])
        elif message["op"] == "finish":
            self._finish()
        return False

    def _fork_runtime(self, descriptor: int) -> bool:
        pid = os.fork()
        if pid == 0:
            _leave_signals()
            for own in (self._control.detach(), self._woken, self._wake):
                os.close(own)
            return True
        self._names[pid] = RUNTIME
        if descriptor >= 0:
            os.close(descriptor)  # the engine sees the runtime's end of it close when the runtime ends
        return False

    # -- ending -------------------------------------------------------------------------------------------------------------

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            name = self._names.pop(pid, None)
            if name is None:
                continue  # an orphan of theirs
            if name == RUNTIME:
                self._status = status
            self._send({"event": "ended", "name": name, "status": status})

    def _signal(self, name: str, number: int) -> None:
        for pid, known in self._names.items():
            if known == name:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)

    def _finish(self) -> None:
        """End as the runtime did; what still lives is buried by whoever started this process."""
        status = self._status or 0
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            with contextlib.suppress(OSError, ValueError):  # SIGKILL takes no handler
                signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        os._exit(os.WEXITSTATUS(status))

    # -- talking ------------------------------------------------------------------------------------------------------------

    def _connect(self, number: int, port: int) -> None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=_CONNECT_SECONDS) as connection:
                self._send({"event": "connected", "id": number}, connection.fileno())
        except OSError as error:
            self._send({"event": "refused", "id": number, "why": str(error)})

    def _send(self, message: dict[str, Any], descriptor: int = -1) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))] if descriptor >= 0 else []
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the engine is gone; the next receive says so
            self._control.sendmsg([json.dumps(message).encode()], rights)


def _leave_signals() -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
