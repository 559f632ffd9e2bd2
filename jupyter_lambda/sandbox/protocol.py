"""The seam between the engine and the walls: what a sandbox promises, whichever kind it is.

A **maker** (`Sandbox`) makes **execution environments**. An environment is the walls plus one runtime process (and whatever that
starts) inside them; the runtime speaks the Lambda Runtime API over the descriptor or address in its spec and nothing else, so this
protocol never carries an event or a result.

Guarantees that the contract suite (tests/contract/) holds every implementation to:
* `start` returns once the runtime process exists inside its walls; it does not wait for init.
* `died` resolves exactly once per runtime process, after *every* process of the environment is gone.
* `kill` may be called at any time, any number of times, and returns once every process of the environment is gone, also daemons
  with their own session and processes that ignore signals.
* `restart` gives the same environment a new runtime process: same `/tmp`, fresh everything else.
* `aclose` leaves nothing: no process, cgroup, mount, socket or folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from jupyter_lambda.model.function import Mount, PythonEnvironment

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from jupyter_lambda.model.environment import Enforcement
    from jupyter_lambda.model.host import ImageBuildView


class EnvironmentSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an execution environment is made from."""

    environment_id: str
    function_name: str
    version: str
    task_root: Path  # the package, extracted, read-only for the worker
    handler: str
    memory_mib: int
    ephemeral_mib: int
    variables: Mapping[str, str]  # the worker's whole environment but for paths that only the sandbox knows (TMPDIR, HOME)
    runtime_api: str  # host:port, for AWS_LAMBDA_RUNTIME_API
    python: PythonEnvironment | None = None  # None with `bootstrap`
    preload: tuple[str, ...] = ()
    extra_path: tuple[str, ...] = ()  # folders put before the interpreter's own packages (requirements, layers)
    mounts: tuple[Mount, ...] = ()
    network: str | None = None
    image: str | None = None
    image_config: Mapping[str, Any] = {}  # what the function says over the image's own: EntryPoint, Command, WorkingDirectory
    is_own_code: bool = False  # the image brings the code: no package is shown in it
    requirements: tuple[str, ...] = ()  # pip's lines, for an image that is built; where they are installed already: `extra_path`
    bootstrap: tuple[str, ...] | None = None  # a command that is the runtime; None: our Python runtime
    layers: str = (
        ""  # the folder with the layers, which `mounts` shows at its own path; shown at /opt besides, where that can be done
    )
    extensions: tuple[str, ...] = ()  # programs that run beside the runtime; with any, `Channels` has a supervisor's socket
    sandbox: str | None = None  # the kind that the function asks for; None: the maker's own


class ImageSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What decides which image an environment starts from."""

    python: PythonEnvironment | None = None
    image: str | None = None
    requirements: tuple[str, ...] = ()
    sandbox: str | None = None  # the kind that the function asks for; None: the maker's own


class Channels(msgspec.Struct, frozen=True):
    """Descriptors handed to a new runtime process; the sandbox closes the engine's copies once they are passed on."""

    runtime_fd: int  # a connected stream socket that speaks the Runtime API; -1: only `runtime_api` is served
    log_fd: int  # the write end of the pipe that becomes stdout and stderr
    supervisor_fd: int = (
        -1
    )  # a SEQPACKET socket for the parent of runtime and extensions (runtime/supervisor.py); -1: there is none

    @property
    def all(self) -> tuple[int, ...]:
        """Those that there are."""
        return tuple(descriptor for descriptor in (self.runtime_fd, self.log_fd, self.supervisor_fd) if descriptor >= 0)

    def by_name(self) -> dict[str, int]:
        """As a zygote is handed them."""
        named = {"log": self.log_fd, "runtime": self.runtime_fd, "supervisor": self.supervisor_fd}
        return {name: descriptor for name, descriptor in named.items() if descriptor >= 0}


class DeathCause(StrEnum):
    """Why the runtime process ended."""

    EXIT = "exit"
    SIGNAL = "signal"
    OUT_OF_MEMORY = "out-of-memory"
    KILLED = "killed"  # by `kill` or `aclose`


class Death(msgspec.Struct, frozen=True):
    """How a runtime process ended; `code` is the exit status or the signal's number."""

    cause: DeathCause
    code: int = 0
    note: str = ""  # what happened, where cause and code can't say it: a clause without a full stop


class MemoryReading(msgspec.Struct, frozen=True):
    """What an environment's processes hold, and held at most since it began (no page cache, no /tmp), in bytes."""

    now_bytes: int
    peak_bytes: int


class MemoryLender(Protocol):
    """Who keeps the books of memory: lends some to what waits ahead of need, and takes it back."""

    def room_ahead_mib(self) -> int:
        """What all that waits may hold together if it is made now; changes from one moment to the next."""
        ...

    def borrow(self, holder: str, mib: int, give_back: Callable[[], None]) -> bool:
        """Charge what waits with what it really holds; False where that does not fit, and then it has to go.

        `give_back` is called, once and on the loop, when who works needs the memory: end it, and say `returned` when it is gone.
        """
        ...

    def returned(self, holder: str) -> None:
        """It is gone, or somebody's now, who is charged for it."""
        ...


class ExecutionEnvironment(Protocol):
    """The walls and the runtime process behind them."""

    environment_id: str
    walled: float  # clock reading (monotonic) at which the present runtime process stood behind its walls: init began

    @property
    def pid(self) -> int | None:
        """The runtime process on the host, None between a death and a restart."""
        ...

    @property
    def died(self) -> asyncio.Future[Death]:
        """Resolves when the present runtime process and all it started are gone; a new future after `restart`."""
        ...

    def init_ended(self) -> None:
        """From here on the function's share of a CPU is held: init has a whole one, as on Lambda. May be called again."""
        ...

    def memory(self) -> MemoryReading:
        """Read memory now; costs microseconds where nothing grew since the last reading (it is called after each invocation)."""
        ...

    async def kill(self) -> None:
        """End every process of the environment; the walls and /tmp stay for `restart`."""
        ...

    async def restart(self, spec: EnvironmentSpec, channels: Channels) -> None:
        """Start a new runtime process behind the same walls, with the same /tmp; only after `died` resolved.

        Raises:
            SandboxError: It could not be started.
        """
        ...

    async def freeze(self) -> bool:
        """Stop the environment's processes from running; False where the host has no way to do it."""
        ...

    async def thaw(self) -> None:
        """Let them run again."""
        ...

    async def aclose(self) -> None:
        """End and remove everything. Safe to call twice."""
        ...


class Sandbox(Protocol):
    """Makes execution environments of one kind."""

    kind: str  # "process" | "docker"
    starts_at_a_time: (
        int | None
    )  # with more at once each only takes longer; None: a start costs milliseconds, ask for as many as you like

    async def start(self, spec: EnvironmentSpec, channels: Channels) -> ExecutionEnvironment:
        """Make an environment and start its runtime process.

        Raises:
            SandboxError: It could not be made; says what stood in the way.
            InvalidRuntime: The interpreter is gone or is another minor version now.
        """
        ...

    async def prepare(self, spec: EnvironmentSpec) -> None:
        """Make a later `start` of such a spec fast (e.g. warm the zygote). May do nothing; errors surface at `start`."""
        ...

    def borrow_from(self, lender: MemoryLender) -> None:
        """From now on things may wait ahead of need, on this lender's books; before that, none does."""
        ...

    async def ensure_image(self, spec: ImageSpec, tell: Callable[[str], None]) -> str:
        """Have the image at hand that such environments start from; a build tells its lines, and being cancelled ends it.

        Returns:
            What identifies the image's content; empty where there is no image.

        Raises:
            SandboxError: There is no such image, or it could not be built.
            RequestError: It is no image that functions run in.
        """
        ...

    def image_builds(self) -> tuple[ImageBuildView, ...]:
        """What is being built now."""
        ...

    def enforcement(self) -> tuple[Enforcement, ...]:
        """What this sandbox holds on this host, row by row, and by what."""
        ...

    async def sweep(self) -> int:
        """End what an earlier engine of the same home left behind; returns how many things were removed."""
        ...

    async def aclose(self) -> None:
        """End all environments and the sandbox's own processes. Safe to call twice."""
        ...


class Sandboxes(Sandbox, Protocol):
    """One maker in front of several kinds: `start` and `prepare` go by the spec's choice, `kind` is what no choice means."""

    def of(self, kind: str) -> Sandbox | None:
        """The maker of a kind; None as long as nobody needed it."""
        ...

    async def require(self, kind: str) -> Sandbox:
        """The maker of a kind, opened now if it is not open yet.

        Raises:
            SandboxError: It can't be had here; says why, and the way out.
        """
        ...
