"""The engine's end of a zygote: starts it, has it preload, asks it for workers, hears of deaths. See `runtime/zygote.py`."""

from __future__ import annotations

import array
import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from jupyter_lambda.errors import InvalidRuntime, SandboxError, SandboxLost
from jupyter_lambda.sandbox.process.tier import ENTRY

if TYPE_CHECKING:
    from jupyter_lambda.model.function import PythonEnvironment

_log = logging.getLogger(__name__)

_INLINE_BYTES: Final = 60_000  # above that a request goes through a file: a message must fit the socket's buffer
_MESSAGE_BYTES: Final = 1 << 20
_IMPORT_SECONDS: Final = 30.0
_SPAWN_SECONDS: Final = 10.0
_ENDING_SECONDS: Final = 5.0
# One thread while preloading: a library's thread pool does not survive a fork. The worker's own variables decide for its children.
PRELOADING_VARIABLES: Final = {
    "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": ":UTC", "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMEXPR_NUM_THREADS": "1",
}  # fmt: skip

DeathListener = Callable[[int], None]  # gets the status as waitpid gives it


class Unfit(Exception):
    """A module can't be preloaded: it crashes, hangs, or starts threads. The zygote that tried is gone."""

    def __init__(self, module: str, why: str) -> None:
        super().__init__(f"{module}: {why}")
        self.module, self.why = module, why


class ZygoteProcess(Protocol):
    """What a zygote runs in: a process of ours, or the first process of a container."""

    pid: int

    def kill(self) -> None:
        """End it at once."""
        ...

    def wait(self) -> int:
        """Block until it has ended; its exit status."""
        ...


class Zygote:
    """A running zygote, ready to fork."""

    where = "process sandbox"  # what errors are about

    def __init__(self, process: ZygoteProcess, control: socket.socket, errors: int, living: set[int]) -> None:
        self._process = process
        self._control = control
        self._errors = errors  # a file without a name: what the zygote printed
        self._living = living
        living.add(process.pid)
        self._loop = asyncio.get_running_loop()
        self._ids = 0
        self._walled: dict[int, asyncio.Future[tuple[int, float]]] = {}
        self._deaths: dict[int, DeathListener] = {}
        self._importing = ""
        self._progress = asyncio.Event()
        self._ready: dict[str, Any] | None = None
        self._unfit: Unfit | None = None
        self._gone = asyncio.Event()
        self._sending = asyncio.Lock()
        self.modules: frozenset[str] = frozenset()
        self.loaded: frozenset[str] = frozenset()
        self.import_folders: tuple[str, ...] = ()
        self._loop.add_reader(control.fileno(), self._receive)

    @classmethod
    async def open(
        cls, python: PythonEnvironment, sys_path: Iterable[str], modules: Iterable[str], marker: str, living: set[int]
    ) -> Zygote:
        """Start a zygote on this interpreter and wait until it has imported the modules.

        `marker` is a variable, `NAME=value`: `/proc` shows it for the zygote and all that is forked from it. The zygote's process id is
        in `living` for as long as it lives.

        Raises:
            Unfit: One of the modules can't be preloaded; try again without it.
            InvalidRuntime: The interpreter is gone, or is another minor version now.
            SandboxError: It could not be started.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        errors = os.memfd_create("zygote-errors")
        try:
            process = _launch(python.executable, theirs.fileno(), errors, marker)
        except OSError as error:
            ours.close()
            os.close(errors)
            raise _gone_interpreter(python) from error
        finally:
            theirs.close()
        ours.setblocking(False)
        zygote = cls(process, ours, errors, living)
        try:
            await zygote._preload(python, list(sys_path), list(modules))
        except BaseException:
            await zygote.aclose()
            raise
        return zygote

    @property
    def is_gone(self) -> bool:
        """Whether the process has ended."""
        return self._gone.is_set()

    @property
    def pid(self) -> int:
        """The zygote's process."""
        return self._process.pid

    @property
    def worker_count(self) -> int:
        """Workers that have not been reported dead."""
        return len(self._deaths)

    async def spawn(
        self, request: Mapping[str, Any], descriptors: Mapping[str, int], on_death: DeathListener
    ) -> tuple[int, float]:
        """Fork a worker; returns its process id, and when its walls stood (monotonic).

        `on_death` is called once, when nothing is left of it.

        Raises:
            SandboxError: A wall could not be raised; the process is gone or going, and `on_death` will not be called.
            SandboxLost: The zygote ended.
        """
        if self.is_gone:
            raise self._lost()
        self._ids += 1
        number = self._ids
        walled: asyncio.Future[tuple[int, float]] = self._loop.create_future()
        self._walled[number] = walled
        self._deaths[number] = on_death
        try:
            await self._send({**request, "id": number, "descriptors": list(descriptors)}, list(descriptors.values()))
            async with asyncio.timeout(_SPAWN_SECONDS):
                return await walled
        except TimeoutError:
            raise SandboxError(self.where, f"no worker stood after {_SPAWN_SECONDS:g} s", "The machine is overloaded.") from None
        finally:
            self._walled.pop(number, None)

    async def aclose(self) -> None:
        """End the zygote and all its workers. Safe to call twice."""
        if self._control.fileno() >= 0 and not self.is_gone:
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_WR)  # its signal to kill everything and leave
            try:
                async with asyncio.timeout(_ENDING_SECONDS):
                    await self._gone.wait()
            except TimeoutError:
                self._process.kill()
        self._close_control()
        self._living.discard(self._process.pid)
        await asyncio.to_thread(self._process.wait)
        if self._errors >= 0:
            os.close(self._errors)
            self._errors = -1

    # -- starting -----------------------------------------------------------------------------------------------------------

    async def _preload(self, python: PythonEnvironment, sys_path: list[str], modules: list[str]) -> None:
        await self._send({"op": "preload", "modules": modules, "sys_path": sys_path}, [])
        while self._ready is None:
            self._progress.clear()
            try:
                async with asyncio.timeout(_IMPORT_SECONDS):
                    await self._progress.wait()
            except TimeoutError:
                self._process.kill()
                raise Unfit(self._importing, f"its import took longer than {_IMPORT_SECONDS:g} s") from None
            if self._unfit is not None:
                raise self._unfit
            if self.is_gone and self._ready is None:
                raise await self._failed_start(python)
        found = ".".join(str(part) for part in self._ready["version"][:2])
        if python.version and found != python.minor:
            raise InvalidRuntime(
                f"interpreter {python.executable}", f"it is Python {found} now, and the function was deployed on {python.minor}",
                "Run the cell again to deploy on the present one.",
            )  # fmt: skip
        for module, why in self._ready["dropped"].items():
            _log.info("not preloaded: %s (%s)", module, why)
        self.modules = frozenset(modules)
        self.loaded = frozenset(self._ready["loaded"])
        self.import_folders = tuple(self._ready["sys_path"])

    async def _failed_start(self, python: PythonEnvironment) -> Exception:
        status = await asyncio.to_thread(self._process.wait)
        if self._importing:
            return Unfit(self._importing, f"its import ended the process (status {status})")
        said = os.pread(self._errors, 4096, 0).decode(errors="replace").strip().splitlines() if self._errors >= 0 else []
        if status == 127 or not os.access(python.executable, os.X_OK):
            return _gone_interpreter(python)
        return SandboxError(
            f"interpreter {python.executable}", f"it ended with status {status} before it was ready: {said[-1] if said else 'no message'}",
            f"Try `{python.executable} -I -c 'import json, ctypes'`.",
        )  # fmt: skip

    # -- talking ------------------------------------------------------------------------------------------------------------

    async def _send(self, message: Mapping[str, Any], descriptors: list[int]) -> None:
        data = json.dumps(message).encode()
        file = -1
        if len(data) > _INLINE_BYTES:
            file = os.memfd_create("request")
            with os.fdopen(os.dup(file), "wb") as writer:
                writer.write(data)
            os.lseek(file, 0, os.SEEK_SET)
            brief = {"op": message["op"], "in_file": True}
            data, descriptors = json.dumps(brief).encode(), [*descriptors, file]
        try:
            async with self._sending:
                await self._send_packet(data, descriptors)
        finally:
            if file >= 0:
                os.close(file)

    async def _send_packet(self, data: bytes, descriptors: list[int]) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        while True:
            try:
                self._control.sendmsg([data], rights)
            except BlockingIOError:
                await self._writable()
            except OSError as error:
                raise self._lost() from error
            else:
                return

    async def _writable(self) -> None:
        possible = asyncio.Event()
        self._loop.add_writer(self._control.fileno(), possible.set)
        try:
            await possible.wait()
        finally:
            self._loop.remove_writer(self._control.fileno())

    def _receive(self) -> None:
        while self._control.fileno() >= 0:
            try:
                data = self._control.recv(_MESSAGE_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._end()
                return
            self._hear(json.loads(data))

    def _hear(self, message: dict[str, Any]) -> None:
        match message["event"]:
            case "walled":
                self._on_walled(message)
            case "died":
                self._on_died(message["id"], message["status"])
            case "failed":
                self._deaths.pop(message["id"], None)
                self._refuse(message["id"], f"the zygote could not fork ({message['why']})")
            case "importing":
                self._importing = message["module"]
                self._progress.set()
            case "unfit":
                self._unfit = Unfit(message["module"], message["why"])
                self._progress.set()
            case "ready":
                self._ready = message
                self._progress.set()

    def _on_walled(self, message: dict[str, Any]) -> None:
        number = message["id"]
        if "problem" in message:
            self._deaths.pop(number, None)
            self._refuse(number, message["problem"])
            return
        walled = self._walled.get(number)
        if walled is not None and not walled.done():
            walled.set_result((message["pid"], message["at"]))
        else:  # whoever asked has given up meanwhile
            self._end_unwanted(message["pid"])

    def _end_unwanted(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def _on_died(self, number: int, status: int) -> None:
        self._refuse(number, "the worker ended before its walls stood")
        listener = self._deaths.pop(number, None)
        if listener is not None:
            listener(status)

    def _refuse(self, number: int, why: str) -> None:
        walled = self._walled.get(number)
        if walled is not None and not walled.done():
            walled.set_exception(
                SandboxError(self.where, f"a worker could not be started: {why}", "See `jupyter lambda doctor`.")
            )

    def _end(self) -> None:
        """The zygote is gone, and with it every worker (they die with their parent)."""
        self._close_control()
        self._living.discard(self._process.pid)
        self._gone.set()
        self._progress.set()
        for walled in self._walled.values():
            if not walled.done():
                walled.set_exception(self._lost())
        listeners, self._deaths = list(self._deaths.values()), {}
        for listener in listeners:
            listener(9)

    def _lost(self) -> SandboxLost:
        return SandboxLost(self.where, "the zygote ended", "The next invocation starts a new one.")

    def _close_control(self) -> None:
        if self._control.fileno() >= 0:
            self._loop.remove_reader(self._control.fileno())
            self._control.close()


def _launch(executable: str, control: int, errors: int, marker: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [executable, "-I", str(ENTRY), "zygote", str(control)],
        pass_fds=(control,), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
        env={**PRELOADING_VARIABLES, **dict([marker.split("=", 1)])}, cwd="/", start_new_session=True,
    )  # fmt: skip


def _gone_interpreter(python: PythonEnvironment) -> InvalidRuntime:
    return InvalidRuntime(
        f"interpreter {python.executable}", "it is gone or can't be run any more",
        "Deploy the function again from a kernel that exists, or restore the environment.",
    )  # fmt: skip
