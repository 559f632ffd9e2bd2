"""The first process of a container: a zygote that nothing inside can end, with a way in for the engine alone.

As process 1 of its own pid namespace it gets no signal from inside, adopts every orphan, and takes the whole container along when it
ends. It connects to a socket that the engine has mounted into the container and shows with its first message what only the inside can
open: the listener of the Runtime API's address (the container's own loopback, whatever network it has) and `/tmp`. The engine closes
that socket's listener after the first connection, so nobody else gets in.

    holder → engine   hello   uid; descriptors: the Runtime API's listener, /tmp; then as `zygote.py` has it, and from the engine besides
    engine → holder   kill    end every process but the holder
                      stop    stop every process but the holder: a frozen container still ends with its engine
                      go on   let them run again
    holder → engine   stopped the answer to stop

Where no socket can be mounted (the daemon runs in a virtual machine, or far away) it connects to the engine over TCP instead, and the
same messages go through that one connection, with the bytes of what would have been descriptors (`tunnel.py`).
"""

from __future__ import annotations

import array
import json
import os
import signal
import socket
from typing import TYPE_CHECKING, Any, Optional

from jupyter_lambda.runtime import frames, linux, seccomp
from jupyter_lambda.runtime.tunnel import Tunnel, open_tunnel
from jupyter_lambda.runtime.zygote import Zygote

if TYPE_CHECKING:
    from jupyter_lambda.runtime.worker import Job

_BACKLOG = 128
_TMP = "/tmp"  # noqa: S108 - the container's own


def open_holder(address: str, port: int) -> Holder:
    """The holder of this container, connected to its engine: at a mounted socket's path, or at `tcp:host:port`.

    Raises:
        OSError: The engine can't be reached, or the container lacks `no_new_privs`.
    """
    seccomp.restrict()  # the daemon's own filter may allow more: podman's lets everybody make user namespaces
    if not address.startswith("tcp:"):
        return Holder(connect(address, port))
    linux.prctl(linux.PR_SET_DUMPABLE, 0)  # before the secret is read
    return DistantHolder(open_tunnel(address[len("tcp:") :], port))


def connect(path: str, port: int) -> int:
    """Reach the engine over the mounted socket and show it a listener on loopback's `port`; returns the connection's descriptor.

    Raises:
        OSError: The socket is not there or nobody listens: this host is not the engine's.
    """
    linux.prctl(linux.PR_SET_DUMPABLE, 0)  # before any of the function's code: its processes have our user id
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    control.connect(path)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(_BACKLOG)
        folder = os.open(_TMP, os.O_RDONLY | os.O_DIRECTORY)
        shown = array.array("i", [listener.fileno(), folder])
        hello = {"event": "hello", "uid": os.getuid()}
        control.sendmsg([json.dumps(hello).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, shown)])
        os.close(folder)
    return control.detach()


class Holder(Zygote):
    """A zygote for one container: at most one worker at a time, and all else that lives is that worker's."""

    def _obey(self, message: dict[str, Any], descriptors: list[int]) -> Optional[Job]:
        if message["op"] == "kill":
            self._kill([])
        elif message["op"] == "stop":
            _signal_all(signal.SIGSTOP)
            self._send(event="stopped")
        elif message["op"] == "go on":
            _signal_all(signal.SIGCONT)
        else:
            return super()._obey(message, descriptors)
        return None

    def _kill(self, pids: list[int]) -> None:
        _signal_all(signal.SIGKILL)


class DistantHolder(Holder):
    """A holder whose engine is at the other end of a TCP connection."""

    def __init__(self, tunnel: Tunnel) -> None:
        reports, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reports.setblocking(False)
        super().__init__(control.detach())
        self._tunnel = tunnel
        tunnel.reports = reports.detach()
        self._send(event="hello", uid=os.getuid())

    def _wait(self, woken: int, timeout_ms: Optional[int]) -> set[int]:
        ready = {woken} if self._tunnel.wait(woken, timeout_ms) else set()
        return ready | {self._control.fileno()} if self._tunnel.messages or self._tunnel.is_over else ready

    def _receive(self) -> tuple[Optional[dict[str, Any]], list[int]]:
        return self._tunnel.messages.popleft() if self._tunnel.messages else (None, [])

    def _obey(self, message: dict[str, Any], descriptors: list[int]) -> Optional[Job]:
        if message["op"] in ("spawn", "go on"):
            self._tunnel.is_watching = True
        elif message["op"] == "stop":
            self._tunnel.is_watching = False
        return super()._obey(message, descriptors)

    def _send(self, **message: Any) -> None:
        if message["event"] == "died":
            self._tunnel.report_memory()
            self._tunnel.end_worker()
        self._tunnel.send(frames.CONTROL, 0, json.dumps(message).encode())
        self._tunnel.flush(whole=message["event"] == "unfit")  # this process ends next


def _signal_all(number: int) -> None:
    """Signal everything in the container but this process, in one call that no fork can outrun."""
    try:
        os.kill(-1, number)
    except ProcessLookupError:
        return  # nothing else is there
