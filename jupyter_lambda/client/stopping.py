"""Ending an engine: ask, wait until it is gone, and only then insist."""

from __future__ import annotations

import os
import select
import signal
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from jupyter_lambda.client.discovery import find_ending_engine, find_engine
from jupyter_lambda.client.process_identity import is_running
from jupyter_lambda.clock import SystemClock, pause
from jupyter_lambda.errors import EngineUnavailable

if TYPE_CHECKING:
    from jupyter_lambda.model.runtime_file import RuntimeFile

STOP_SECONDS: Final = 30.0  # running invocations get 5, then environments, store and doors close
_KILL_SECONDS: Final = 5.0
_LOOK_AGAIN_SECONDS: Final = 0.02
_ASK_SECONDS: Final = 10.0


def stop_engine(home: str | os.PathLike[str] | None = None, timeout: float = STOP_SECONDS) -> bool:
    """End the engine of a home, and return once its process is gone; False if none ran.

    It is asked first (running invocations get 5 s), and killed when `timeout` seconds pass; its workers end with it either way. One
    that is on its way out already, or waits for long invocations to make room for a newer one, is hurried in the same way.

    Raises:
        EngineUnavailable: It can't be ended from here.
    """
    runtime = find_engine(home) or find_ending_engine(home)
    if runtime is None:
        return False
    if not _signal(runtime, signal.SIGTERM) or wait_for_end(runtime, timeout):
        return True
    if not _signal(runtime, signal.SIGKILL) or wait_for_end(runtime, _KILL_SECONDS):
        return True
    raise EngineUnavailable(f"engine (process {runtime.pid})", "it does not end, not even killed", "Restart the machine.")


def drain_engine(runtime: RuntimeFile) -> None:
    """Ask an engine to take no more, finish what runs, and end; returns at once.

    Raises:
        EngineUnavailable: It refused. An engine that went away meanwhile is what was asked for.
    """
    try:
        status = _post(runtime, "/engine/v1/stop?drain=1")
    except OSError:
        _signal(runtime, signal.SIGTERM)  # it does not answer: the other way to ask
        return
    if status >= HTTPStatus.BAD_REQUEST:
        raise EngineUnavailable(
            f"engine (process {runtime.pid})", f"it refused to make room for a newer one (HTTP {status})",
            "Run `jupyter lambda engine stop`.",
        )  # fmt: skip


def wait_for_end(runtime: RuntimeFile, timeout: float) -> bool:
    """Wait until an engine's process is gone; False if `timeout` seconds passed first."""
    clock = SystemClock()
    deadline = clock.monotonic() + timeout
    try:
        descriptor = os.pidfd_open(runtime.pid)
    except (AttributeError, OSError):  # not Linux; forbidden; or gone already
        descriptor = -1
    try:
        while is_running(runtime.pid, runtime.started_ticks, runtime.started):
            left = deadline - clock.monotonic()
            if left <= 0:
                return False
            _wait(descriptor, left)
    finally:
        if descriptor >= 0:
            os.close(descriptor)
    return True


def _wait(descriptor: int, seconds: float) -> None:
    """Until a process ends (its descriptor becomes readable), or for a moment where there is no such descriptor."""
    if descriptor < 0:
        pause(_LOOK_AGAIN_SECONDS)
        return
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    poller.poll(seconds * 1_000)


def _signal(runtime: RuntimeFile, number: signal.Signals) -> bool:
    """Send a signal to an engine's process, and surely to no other that got its number; False if it is gone."""
    try:
        descriptor = os.pidfd_open(runtime.pid)
    except (AttributeError, OSError):
        return _signal_by_number(runtime, number)
    try:
        if not is_running(runtime.pid, runtime.started_ticks, runtime.started):
            return False
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    except PermissionError as error:
        raise _not_ours(runtime) from error
    finally:
        os.close(descriptor)
    return True


def _signal_by_number(runtime: RuntimeFile, number: signal.Signals) -> bool:
    try:
        if not is_running(runtime.pid, runtime.started_ticks, runtime.started):
            return False
        os.kill(runtime.pid, number)
    except ProcessLookupError:
        return False
    except PermissionError as error:
        raise _not_ours(runtime) from error
    return True


def _not_ours(runtime: RuntimeFile) -> EngineUnavailable:
    return EngineUnavailable(f"engine (process {runtime.pid})", "another user's", "Ask that user to stop it.")


def _post(runtime: RuntimeFile, target: str) -> int:
    """Send a POST without a body to an engine of any protocol, and return the answer's status (OSError if there is none).

    Not through the client: that speaks this version's protocol, and this engine may be of another.
    """
    head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {runtime.token}\r\nContent-Length: 0\r\n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_ASK_SECONDS)
        connection.connect(runtime.socket)
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode("ascii"))
        with connection.makefile("rb") as answer:
            words = answer.readline(1_024).split()
    if len(words) < 2 or not words[1].isdigit():
        raise ConnectionError("the engine closed the connection without an answer")
    return int(words[1])
