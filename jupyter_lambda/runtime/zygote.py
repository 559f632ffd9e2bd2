"""The warm parent of all workers of one Python environment: it imports, forks, and cleans up after the dead.

It is one thread for ever and runs nothing of what it imports, so that a fork is safe. It speaks with the engine over one
SOCK_SEQPACKET socket, a JSON object a message:

    engine → zygote   preload   modules, sys_path            zygote → engine   importing  module (the last one is the culprit of a crash)
                      spawn     a job, with descriptors                        unfit      module, why: start again without it
                                                                               ready      version, loaded, dropped
                                                             child → engine    walled     id, pid, walls or problem
                                                                               failed     id, why
                                                                               died       id, status (as waitpid gives it)

`died` is said only when nothing is left of the worker: the zygote adopts what a dead worker leaves behind (it is a subreaper), and
a child that is no registered worker is such a leftover. It kills these and their descendants until there are none. When the
engine's end of the socket closes, by whatever death, the zygote kills everything and ends.
"""

# ruff: noqa: PTH100, PTH106, PTH110, PTH118, PTH120, PTH123, PTH208 - pathlib would be one more import on the way to every cold start

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from typing import Any, Optional

from jupyter_lambda.runtime import linux, process_tree
from jupyter_lambda.runtime.worker import Job

_MESSAGE_BYTES = 1 << 20
_DESCRIPTORS_MAX = 8
_HARMLESS_THREADS = frozenset({"jemalloc_bg_thd"})  # pyarrow's: it has fork handlers
_CLEANING_MS = 2  # how soon to look again while leftovers are dying
# Imported here, so that no child pays for it: what a worker imports on its way to the handler, and what handlers often do.
_WARMED = ("random", "resource", "traceback", "linecache", "tokenize", "uuid", "datetime", "decimal", "encodings.idna")


class Zygote:
    """Serves one engine until that is gone."""

    def __init__(self, control: int) -> None:
        self._control = socket.socket(fileno=control)
        self._poll: Optional[select.poll] = None
        self._workers: dict[int, int] = {}  # pid → job id
        self._ended: dict[int, int] = {}  # job id → status, while leftovers are being killed
        self._groups: set[str] = set()  # folders of control groups that workers were told to join

    def serve(self) -> Optional[Job]:
        """Answer the engine; returns None at the end, and a job in each forked child."""
        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
        woken, wake = os.pipe()
        os.set_blocking(woken, False)
        os.set_blocking(wake, False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a ^C in the engine's terminal is not for us
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        while True:
            ready = self._wait(woken, _CLEANING_MS if self._ended else None)
            if woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(woken, 4096)
            if woken in ready or self._ended:
                self._reap()
            if self._control.fileno() in ready:
                message, descriptors = self._receive()
                if message is None:
                    self._end_everything()
                    return None
                job = self._obey(message, descriptors)
                if job is not None:
                    return job

    def _wait(self, woken: int, timeout_ms: Optional[int]) -> set[int]:
        """Wait for a message of the engine, a child's death, or the time; returns which descriptors can be read."""
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self._control.fileno(), select.POLLIN)
            self._poll.register(woken, select.POLLIN)
        return {descriptor for descriptor, _ in self._poll.poll(timeout_ms)}

    def _receive(self) -> tuple[Optional[dict[str, Any]], list[int]]:
        space = socket.CMSG_SPACE(_DESCRIPTORS_MAX * array.array("i").itemsize)
        try:
            data, ancillary, _, _ = self._control.recvmsg(_MESSAGE_BYTES, space, socket.MSG_CMSG_CLOEXEC)
        except ConnectionResetError:
            return None, []
        descriptors = array.array("i")
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
        if not data:
            return None, list(descriptors)
        message = json.loads(data)
        if "in_file" in message:  # too large for one message: it stands in the last descriptor
            with open(descriptors.pop(), "rb") as file:
                message = json.load(file)
        return message, list(descriptors)

    def _obey(self, message: dict[str, Any], descriptors: list[int]) -> Optional[Job]:
        if message["op"] == "preload":
            self._preload(message["modules"], message["sys_path"])
            return None
        return self._spawn(message, dict(zip(message["descriptors"], descriptors)))

    def _send(self, **message: Any) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the engine is gone; the next receive says so
            self._control.send(json.dumps(message).encode())

    # -- importing ----------------------------------------------------------------------------------------------------------

    def _preload(self, modules: list[str], sys_path: list[str]) -> None:
        sys.path[:] = sys_path + [entry for entry in sys.path if entry not in sys_path]
        dropped: dict[str, str] = {}
        for name in [*_WARMED, *modules]:
            self._send(event="importing", module=name)
            why = _import(name)
            if why is not None:
                dropped[name] = why
            threads = _foreign_threads()
            if threads:
                self._send(event="unfit", module=name, why=f"it starts threads ({', '.join(threads)})")
                os._exit(3)
        if "numpy" in sys.modules:
            _import("numpy.random")  # a child that imports it first waits 13 ms
        eval(compile("lambda: 0", "<warm>", "eval"))  # noqa: S307 - the first compilation of a process costs 1 ms
        gc.collect()
        gc.freeze()
        loaded = sorted(name for name in sys.modules if "." not in name)
        self._send(event="ready", version=list(sys.version_info[:3]), loaded=loaded, dropped=dropped, sys_path=_readable_path())

    # -- forking ------------------------------------------------------------------------------------------------------------

    def _spawn(self, request: dict[str, Any], descriptors: dict[str, int]) -> Optional[Job]:
        zygote_pid = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._send(event="failed", id=request["id"], why=str(error))
        else:
            if pid == 0:
                return Job(request, descriptors, self._control.detach(), zygote_pid)
            self._workers[pid] = request["id"]
            self._groups.update(os.path.dirname(file) for file in request["walls"].get("groups", ()))
        for number in descriptors.values():
            os.close(number)
        return None

    # -- burying ------------------------------------------------------------------------------------------------------------

    def _reap(self) -> None:
        """Collect who ended; kill what dead workers left; report a death once nothing is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            job_id = self._workers.pop(pid, None)
            if job_id is not None:
                self._ended[job_id] = status
        if not self._ended:
            return
        leftovers = [pid for pid in process_tree.children(os.getpid()) if pid not in self._workers]
        self._kill(leftovers)
        if not leftovers:
            for job_id, status in self._ended.items():
                self._send(event="died", id=job_id, status=status)
            self._ended.clear()

    def _end_everything(self) -> None:
        """Kill all there is, and remove the groups that an engine which was killed could not."""
        self._thaw_everything()
        living = process_tree.children(os.getpid())
        while living:
            self._kill(living)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(-1, 0)
            living = process_tree.children(os.getpid())
        for folder in self._groups:
            with contextlib.suppress(OSError):
                os.rmdir(folder)
                for parent in (os.path.dirname(folder), os.path.dirname(os.path.dirname(folder))):
                    os.rmdir(parent)  # the boot's and the home's, once they are empty

    def _thaw_everything(self) -> None:
        """Let frozen workers run again: under cgroup v1 a frozen process does not die, whatever is sent to it."""
        for folder in self._groups:
            for file, state in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
                path = os.path.join(folder, file)
                if os.path.exists(path):
                    with contextlib.suppress(OSError), open(path, "w") as freezer:
                        freezer.write(state)

    def _kill(self, pids: list[int]) -> None:
        for pid in pids:
            process_tree.kill_tree(pid)


def _import(name: str) -> Optional[str]:
    """Import a module; what it raises is no reason to end, only to go on without it."""
    try:
        importlib.import_module(name)
    except BaseException as error:  # a module may raise anything, SystemExit too
        return f"{type(error).__name__}: {error}"
    return None


def _foreign_threads() -> list[str]:
    """Names of the threads besides this one: none of them would exist in a fork, while their locks would."""
    names = []
    for task in os.listdir("/proc/self/task"):
        if int(task) == os.getpid():
            continue
        with contextlib.suppress(OSError), open(f"/proc/self/task/{task}/comm", encoding="utf-8") as file:
            names.append(file.read().strip())
    return [name for name in names if name not in _HARMLESS_THREADS]


def _readable_path() -> list[str]:
    """Every folder that imports may come from: `sys.path`, and where editable installs point."""
    found = [os.path.abspath(entry) for entry in sys.path if entry]
    for name, module in list(sys.modules.items()):
        if name.startswith("__editable__"):  # setuptools' finders for editable installs
            found += [os.path.dirname(str(path)) for path in getattr(module, "MAPPING", {}).values()]
    return found
