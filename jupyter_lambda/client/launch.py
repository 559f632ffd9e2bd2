"""Starting a home's engine, or using the one that runs: one engine however many ask at the same moment.

    find a believable runtime file ──────────── yes ─▶ its protocol fits? ─▶ use it
          │ no                                            │ two older: drain it, then go on
          ▼                                               │ two newer: an error that names what to update
    take the start lock (wait for whoever has it), look again
          ▼
    start `python -m jupyter_lambda.service` with a pipe, and read what it says until it is ready or failed
          │ taken: another engine holds the home's lock (its starter died, or it is on its way out)
          ▼
    wait until that one can be found or is gone, begin anew

Everything here blocks its caller: an event loop calls it in a thread.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_lambda._version import __version__
from jupyter_lambda.client import readiness
from jupyter_lambda.client.discovery import find_engine, read_runtime_file
from jupyter_lambda.client.engine_variables import engine_variables
from jupyter_lambda.client.file_lock import FileLock
from jupyter_lambda.client.home import RunFolder, home_folder, run_folder
from jupyter_lambda.client.os_errors import store_error
from jupyter_lambda.client.ready_pipe import ReadyPipe
from jupyter_lambda.client.stopping import drain_engine, stop_engine, wait_for_end
from jupyter_lambda.clock import SystemClock, pause
from jupyter_lambda.errors import EngineUnavailable
from jupyter_lambda.model.engine_api import PROTOCOL

if TYPE_CHECKING:
    import subprocess

    from jupyter_lambda.model.runtime_file import RuntimeFile

__all__ = ["EngineOptions", "Launcher", "ensure_engine", "find_engine", "stop_engine"]

START_SECONDS: Final = 30.0
_LOOK_AGAIN_SECONDS: Final = 0.02
_HALF_SECONDS: Final = 0.2
_LOG_TAIL_BYTES: Final = 2_000

OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """What an engine is started with; nothing of it touches one that runs already."""

    home: Path
    sandbox: str | None = None  # None: $JUPYTER_LAMBDA_SANDBOX, else auto
    host: str = "127.0.0.1"
    port: int = 0
    auth: str = "sigv4"
    account_id: str = "000000000000"
    region: str = "us-east-1"
    aws_endpoint: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)

    def arguments(self) -> list[str]:
        """The arguments of `python -m jupyter_lambda.service`."""
        given = [
            f"--home={self.home}", f"--host={self.host}", f"--port={self.port}", f"--auth={self.auth}",
            f"--account-id={self.account_id}", f"--region={self.region}",
        ]  # fmt: skip
        if self.sandbox is not None:
            given.append(f"--sandbox={self.sandbox}")
        if self.aws_endpoint is not None:
            given.append(f"--aws-endpoint={self.aws_endpoint}")
        return [*given, *(f"--set={name}={value}" for name, value in self.settings.items())]


def ensure_engine(
    home: str | os.PathLike[str] | None = None,
    *,
    sandbox: str | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    auth: str = "sigv4",
    account_id: str = "000000000000",
    region: str = "us-east-1",
    aws_endpoint: str | None = None,
    settings: Mapping[str, str] | None = None,
    timeout: float = START_SECONDS,
    on_progress: OnProgress | None = None,
) -> RuntimeFile:
    """Return the engine of a home, started if none runs; the other arguments matter only then.

    Args:
        home: The engine's home; None for the usual one.
        sandbox: `auto`, `process` or `docker`; None for `$JUPYTER_LAMBDA_SANDBOX`, else `auto`.
        host: The address to listen on.
        port: The TCP port; 0 for any free one.
        auth: `sigv4`, or `any` to take every credential.
        account_id: Twelve digits, for ARNs.
        region: AWS's name of a region, for ARNs.
        aws_endpoint: Where S3 and queues are; None for `$AWS_ENDPOINT_URL`.
        settings: Values for `--set`, see docs/settings.md.
        timeout: Seconds to wait for it to be ready.
        on_progress: Told what it waits for, in words for a person.

    Raises:
        RequestError: An option is out of range.
        StoreError, DiskFull, NewerHome: The home can't be used.
        EngineUnavailable: It could not be started in time, or is two protocols newer than this package.
    """
    options = EngineOptions(
        home=home_folder(home),
        sandbox=sandbox,
        host=host,
        port=port,
        auth=auth,
        account_id=account_id,
        region=region,
        aws_endpoint=aws_endpoint,
        settings=settings or {},
    )
    return Launcher().ensure(options, timeout=timeout, on_progress=on_progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """Starts engines with one command and for one protocol number; tests give others than the real ones."""

    command: tuple[str, ...] = ()  # empty: this package's service, on this interpreter
    protocol: int = PROTOCOL
    drain_seconds: float = 960.0  # the longest invocation takes 900

    def ensure(
        self, options: EngineOptions, *, timeout: float = START_SECONDS, on_progress: OnProgress | None = None
    ) -> RuntimeFile:
        """As `ensure_engine`."""
        tell = on_progress or _say_nothing
        run, clock = run_folder(options.home), SystemClock()
        deadline = clock.monotonic() + timeout
        while clock.monotonic() < deadline:
            found = self._usable(run, tell)
            if found is not None:
                return found
            run.make()
            try:
                outcome = self._start_alone(run, options, deadline, tell)
            except TimeoutError:
                break
            if isinstance(outcome, readiness.Taken):
                _wait_for_the_other(run, Path(outcome.lock), deadline)
            elif outcome is not None:
                return outcome
        raise _not_ready(run, timeout)

    def start_command(self, options: EngineOptions) -> list[str]:
        """The command line of an engine; as it stands, it runs in the foreground."""
        if not sys.executable and not self.command:
            raise EngineUnavailable(
                "engine", "this program does not say which Python runs it, so no engine can be started from here",
                "Start it in a terminal: jupyter lambda engine start.",
            )  # fmt: skip
        return [*(self.command or (sys.executable, "-P", "-m", "jupyter_lambda.service")), *options.arguments()]

    def _usable(self, run: RunFolder, tell: OnProgress) -> RuntimeFile | None:
        """The running engine if it speaks our protocol or one beside it; an older one is drained and None returned."""
        found = read_runtime_file(run.runtime_file).runtime
        if found is None or abs(found.protocol - self.protocol) <= 1:
            return found
        if found.protocol > self.protocol:
            raise EngineUnavailable(
                f'engine of home "{run.home}"',
                f"it is jupyter-lambda {found.version} and speaks protocol {found.protocol}; this package is {__version__} and"
                f" speaks {self.protocol}",
                f"Update this one: {sys.executable} -m pip install --upgrade jupyter-lambda.",
            )
        tell(f"an older engine ({found.version}) ends its invocations, then a new one starts")
        drain_engine(found)
        if not wait_for_end(found, self.drain_seconds):
            raise EngineUnavailable(
                f'engine of home "{run.home}"',
                f"the older one (process {found.pid}) still runs invocations after {self.drain_seconds:g} s",
                "Run `jupyter lambda engine stop` to cut them off.",
            )
        return None

    def _start_alone(
        self, run: RunFolder, options: EngineOptions, deadline: float, tell: OnProgress
    ) -> RuntimeFile | readiness.Taken | None:
        """Start an engine while nobody else of this host starts one; whoever waited for that finds theirs. None: no time left."""
        lock = FileLock(run.start_lock)
        if not _take(lock, deadline):
            return None
        try:
            return self._usable(run, tell) or self._start(run, options, deadline, tell)
        finally:
            lock.release()

    def _start(self, run: RunFolder, options: EngineOptions, deadline: float, tell: OnProgress) -> RuntimeFile | readiness.Taken:
        """Start the process and wait for its word.

        The process forks once and its first half ends, so that the engine is nobody's child: a kernel that is shut down ends all its
        children, and one that lives on would keep a zombie.
        """
        import subprocess  # only who starts an engine pays for it

        with ReadyPipe() as pipe:
            log = _open_log(run)
            try:
                starter = subprocess.Popen(
                    [*self.start_command(options), f"--ready-fd={pipe.write_end}"],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                    pass_fds=(pipe.write_end,), close_fds=True, start_new_session=True,
                    cwd="/", umask=0o077, env=engine_variables(os.environ),
                )  # fmt: skip
            except OSError as error:
                raise EngineUnavailable("engine", f"no process could be started: {error.strerror}", "Try again.") from error
            finally:
                os.close(log)
            try:
                last = pipe.last_message(deadline, tell)
            finally:
                _bury(starter)
        if isinstance(last, readiness.Failed):
            raise readiness.as_error(last.error)
        if last is None:
            raise EngineUnavailable(
                f'engine of home "{run.home}"', f"it ended before it was ready{_log_tail(run.log)}",
                f"Its log: {run.log}.",
            )  # fmt: skip
        return last.runtime if isinstance(last, readiness.Ready) else last


def _bury(starter: subprocess.Popen[bytes]) -> None:
    """Collect the first half of a new engine; one that has not forked by now will not."""
    import subprocess

    try:
        starter.wait(_HALF_SECONDS)
    except subprocess.TimeoutExpired:
        starter.kill()
        starter.wait()


def _take(lock: FileLock, deadline: float) -> bool:
    """Take the start lock; False if the clock reading `deadline` passed.

    The lock saves work, it decides nothing: the engines' own lock does. So a file system that has no locks is no obstacle here.
    """
    clock = SystemClock()
    try:
        while not lock.acquire():
            if clock.monotonic() >= deadline:
                return False
            pause(_LOOK_AGAIN_SECONDS)
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL):
            return True
        raise store_error(error, f'lock "{lock.path}"') from error
    return True


def _wait_for_the_other(run: RunFolder, lock_path: Path, deadline: float) -> None:
    """Wait until the engine that holds a lock can be found, or has let go."""
    clock, lock = SystemClock(), FileLock(lock_path)
    while clock.monotonic() < deadline and read_runtime_file(run.runtime_file).runtime is None:
        try:
            if lock.acquire():
                lock.release()
                return
        except FileNotFoundError:  # its folder went with it
            return
        except OSError as error:
            raise store_error(error, f'engine lock "{lock_path}"') from error
        pause(_LOOK_AGAIN_SECONDS)


def _not_ready(run: RunFolder, timeout: float) -> EngineUnavailable:
    """What is said when time is over: most often another engine is in the way."""
    where, ending = f'engine of home "{run.home}"', read_runtime_file(run.ending_file).runtime
    if ending is not None:
        return EngineUnavailable(
            where, f"the one before it (process {ending.pid}) did not end within {timeout:g} s: it waits for what runs in it",
            "Run `jupyter lambda engine stop` to cut that off.",
        )  # fmt: skip
    return EngineUnavailable(
        where, f"it was not ready within {timeout:g} s",
        f"Its log may say why: {run.log}. `jupyter lambda engine stop` ends one that hangs.",
    )  # fmt: skip


def _open_log(run: RunFolder) -> int:
    """The log, to be appended to; the engine bounds it."""
    try:
        return os.open(run.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise store_error(error, f'engine log "{run.log}"') from error


def _log_tail(log: Path) -> str:
    """The end of the log, for an engine that could not say what was wrong."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES))
            lines = stream.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return "; the last line of its log: " + lines[-1].strip().rstrip(".") if lines else ""


def _say_nothing(_text: str) -> None:
    """What is told to nobody."""
