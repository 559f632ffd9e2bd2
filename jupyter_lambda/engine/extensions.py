"""The Extensions API's side of one runtime process, as a state machine without I/O.

An **external** extension is a program of a layer, known before it registers; an **internal** one is a thread of the runtime, known once it
registers, which it may until the runtime has asked for its first invocation.

    state        register     next                    an event for it    init/error     exit/error     its process ends
    LAUNCHED     → REGISTERED 403                     –                  403            403            crash
    REGISTERED   403          → READY                 –                  → INIT_ERROR   → EXIT_ERROR   crash
    READY        403          403                     → RUNNING          403            → EXIT_ERROR   crash
    RUNNING      403          → READY                 –                  403            → EXIT_ERROR   crash
    INIT_ERROR, EXIT_ERROR, EXITED: 403 to everything

Init is over for extensions when every launched one and every registered one is READY; an invocation when none is RUNNING that was told
of it. During the shutdown phase the end of a process is what is waited for, and no crash.

Source: AWS Lambda Developer Guide, "Using the Lambda Extensions API"; error types and messages as read in the runtime interface emulator.
"""

from __future__ import annotations

import uuid
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

EXTENSIONS_MAX: Final = 10
INVOKE, SHUTDOWN = "INVOKE", "SHUTDOWN"


class State(Enum):
    """Where an extension is; the values are the names that Lambda's log has."""

    LAUNCHED = "Started"
    REGISTERED = "Registered"
    READY = "Ready"
    RUNNING = "Running"
    INIT_ERROR = "InitError"
    EXIT_ERROR = "ExitError"
    LAUNCH_ERROR = "LaunchError"
    EXITED = "Exited"


_LIVING: Final = frozenset({State.LAUNCHED, State.REGISTERED, State.READY, State.RUNNING})


class Refusal(NamedTuple):
    """Why a call is refused; the status is 403."""

    error_type: str
    message: str


class Extension:
    """One extension."""

    __slots__ = ("error_type", "events", "identifier", "is_external", "name", "send", "state", "waiting_event")

    def __init__(self, name: str, *, is_external: bool) -> None:
        self.name = name
        self.is_external = is_external
        self.identifier = str(uuid.uuid4())
        self.state = State.LAUNCHED
        self.events: tuple[str, ...] = ()
        self.error_type: str | None = None
        self.send: Callable[[dict[str, Any]], None] | None = None  # answers its `next`
        self.waiting_event: dict[str, Any] | None = None  # for its next `next`


class ExtensionsListener(Protocol):
    """Who is told; called synchronously, must not block."""

    def on_extensions_moved(self) -> None:
        """An extension registered or asked for its next event."""
        ...

    def on_extension_failed(self, extension: Extension, error_type: str, reason: str) -> None:
        """One ended, could not be run, or says that it can't go on; `reason` is the end of the error message."""
        ...


class Extensions:
    """All extensions of one runtime process."""

    def __init__(self, names: Iterable[str], listener: ExtensionsListener) -> None:
        self._listener = listener
        self._by_name = {name: Extension(name, is_external=True) for name in names}
        self.registration_is_open = True
        self.shutting_down = False

    # -- readings -----------------------------------------------------------------------------------------------------------
    def __iter__(self) -> Any:
        """Each extension, those of layers first."""
        return iter(list(self._by_name.values()))

    def __len__(self) -> int:
        return len(self._by_name)

    @property
    def have_registered(self) -> bool:
        """Whether each external one has registered: the runtime may start."""
        return all(extension.state is not State.LAUNCHED for extension in self)

    @property
    def are_waiting(self) -> bool:
        """Whether all have asked for their next event; after a failure and in the shutdown phase nothing is waited for any more."""
        return not self.shutting_down and all(extension.state is State.READY for extension in self)

    def find(self, identifier: str) -> Extension | None:
        """The extension that was given this identifier."""
        wanted = identifier.lower()
        return next((extension for extension in self if extension.identifier == wanted), None)

    # -- from extensions ----------------------------------------------------------------------------------------------------
    def register(self, name: str, events: Iterable[str]) -> Extension | Refusal:
        """An extension names itself and the events that it wants."""
        if not name:
            return Refusal("Extension.InvalidExtensionName", "Empty extension name")
        extension = self._by_name.get(name)
        is_external = extension is not None and extension.is_external
        events = tuple(events)
        for event in events:
            if event not in ((INVOKE, SHUTDOWN) if is_external else (INVOKE,)):
                what = "ShutdownEventNotSupportedForInternalExtension" if event == SHUTDOWN else "InvalidEventType"
                return Refusal("Extension.InvalidEventType", f"{event}: {what}")
        if not is_external:
            if not self.registration_is_open:
                return Refusal("Extension.RegistrationClosed", "Extension registration closed already")
            if extension is not None:
                return Refusal("Extension.InvalidExtensionState", "Extension with this name already registered")
            if len(self._by_name) >= EXTENSIONS_MAX:
                return Refusal("Extension.TooManyExtensions", f"Extension limit ({EXTENSIONS_MAX}) reached")
        if extension is None:
            extension = self._by_name[name] = Extension(name, is_external=False)
        elif extension.state is not State.LAUNCHED:
            return _not_allowed(extension, State.REGISTERED, extension.name)
        extension.state, extension.events = State.REGISTERED, events
        self._listener.on_extensions_moved()
        return extension

    def next(self, extension: Extension, send: Callable[[dict[str, Any]], None]) -> Refusal | None:
        """It asks for an event; `send` is called once when there is one."""
        if extension.state not in (State.REGISTERED, State.RUNNING):
            return _not_allowed(extension, State.READY, extension.identifier)
        extension.state, extension.send = State.READY, send
        event, extension.waiting_event = extension.waiting_event, None
        if event is not None:
            self._give(extension, event)
        else:
            self._listener.on_extensions_moved()
        return None

    def init_error(self, extension: Extension, error_type: str) -> Refusal | None:
        """It could not initialise; its process ends next."""
        if extension.state is not State.REGISTERED:
            return _not_allowed(extension, State.INIT_ERROR, extension.identifier)
        self._fail(extension, State.INIT_ERROR, "Extension.InitError", error_type)
        return None

    def exit_error(self, extension: Extension, error_type: str) -> Refusal | None:
        """It says that it is about to end because of an error."""
        if extension.state not in _LIVING or extension.state is State.LAUNCHED:
            return _not_allowed(extension, State.EXIT_ERROR, extension.identifier)
        self._fail(extension, State.EXIT_ERROR, "Extension.ExitError", error_type)
        return None

    # -- from the supervisor ------------------------------------------------------------------------------------------------
    def could_not_launch(self, name: str, why: str) -> None:
        """A program can't be run."""
        extension = self._by_name.get(name)
        if extension is not None and extension.state is State.LAUNCHED:
            self._fail(extension, State.LAUNCH_ERROR, "Extension.LaunchError", why)

    def ended(self, name: str, reason: str) -> None:
        """A process ended; a crash unless it was asked to."""
        extension = self._by_name.get(name)
        if extension is None:
            return
        if extension.state in _LIVING and not self.shutting_down:
            self._fail(extension, extension.state, "Extension.Crash", reason)  # the log shows how far it came
        extension.state, extension.send = State.EXITED, None

    # -- to extensions ------------------------------------------------------------------------------------------------------
    def invoke(self, event: dict[str, Any]) -> None:
        """Tell those that want to know of an invocation."""
        self.registration_is_open = False
        for extension in self:
            if INVOKE in extension.events and extension.state is State.READY:
                self._give(extension, event)

    def shut_down(self, event: dict[str, Any]) -> None:
        """Tell those that want to know of the end; one that is busy hears of it when it asks."""
        self.shutting_down = True
        for extension in self:
            if SHUTDOWN not in extension.events:
                continue
            if extension.state is State.READY:
                self._give(extension, event)
            else:
                extension.waiting_event = event

    def _give(self, extension: Extension, event: dict[str, Any]) -> None:
        send, extension.send = extension.send, None
        extension.state = State.RUNNING
        if send is not None:
            send(event)

    def _fail(self, extension: Extension, state: State, error_type: str, reason: str) -> None:
        extension.state, extension.send = state, None
        extension.error_type = reason if state in (State.INIT_ERROR, State.EXIT_ERROR) else error_type
        if not self.shutting_down:
            self._listener.on_extension_failed(extension, error_type, reason)


def _not_allowed(extension: Extension, wanted: State, who: str) -> Refusal:
    return Refusal(
        "Extension.InvalidExtensionState",
        f"State transition from {extension.state.value} to {wanted.value} failed for extension {who}. "
        "Error: State transition is not allowed",
    )
