"""Where an environment can be, who is told when it moves, and what each of them is made with.

phase         runtime process                    ends with
STARTING      being made                         → INIT, or the start failed
INIT          runs the function's module         ready → IDLE; error, death, 10 s → INIT_FAILED
INIT_FAILED   gone                               an invocation tries init once more → INVOKE_INIT; else → ENDING
INVOKE_INIT   init within an invocation          ready → BUSY; error, death, timeout → ENDING
IDLE          waits for an invocation            deliver → BUSY; retire → ENDING; death → ENDING
BUSY          runs the handler                   answer, next → IDLE; death → RESETTING
RESETTING     gone, being made and initialised   ready → IDLE; error, death → ENDING
ENDING        being removed                      –
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

from jupyter_lambda.clock import Clock
from jupyter_lambda.engine.doors import RuntimeDoors
from jupyter_lambda.engine.interpreter_choice import Interpreters
from jupyter_lambda.engine.settings import EngineSettings
from jupyter_lambda.model.environment import EnvironmentState
from jupyter_lambda.sandbox.protocol import Sandboxes
from jupyter_lambda.store.protocol import Store

if TYPE_CHECKING:
    from jupyter_lambda.engine.environments import LiveEnvironment
    from jupyter_lambda.sandbox.protocol import Death


class Phase(Enum):
    """Where an environment is; see the table above."""

    STARTING = auto()
    INIT = auto()
    INIT_FAILED = auto()
    INVOKE_INIT = auto()
    IDLE = auto()
    BUSY = auto()
    RESETTING = auto()
    ENDING = auto()


VIEW_STATE = {
    Phase.STARTING: EnvironmentState.STARTING,
    Phase.INIT: EnvironmentState.INITIALISING,
    Phase.INIT_FAILED: EnvironmentState.INITIALISING,
    Phase.INVOKE_INIT: EnvironmentState.BUSY,
    Phase.IDLE: EnvironmentState.IDLE,
    Phase.BUSY: EnvironmentState.BUSY,
    Phase.RESETTING: EnvironmentState.INITIALISING,
    Phase.ENDING: EnvironmentState.ENDED,
}
LIFE_STATE = {**VIEW_STATE, Phase.INVOKE_INIT: EnvironmentState.INITIALISING}


class Owner(Protocol):
    """Who places invocations; called on the loop, must not block."""

    def on_ready(self, environment: LiveEnvironment) -> None:
        """Init is over; the environment can take an invocation."""
        ...

    def on_free(self, environment: LiveEnvironment) -> None:
        """The runtime asked for its next invocation."""
        ...

    def on_answer(self, environment: LiveEnvironment, payload: bytes, *, is_error: bool, too_large: bool) -> None:
        """The handler answered."""
        ...

    def on_init_failed(self, environment: LiveEnvironment, death: Death) -> None:
        """Init failed; the process is gone."""
        ...

    def on_died(self, environment: LiveEnvironment, death: Death) -> None:
        """The runtime process ended while it had an invocation."""
        ...

    def on_gone(self, environment: LiveEnvironment, death: Death) -> None:
        """The runtime process ended while it had none, or during a reset."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What every environment needs."""

    sandbox: Sandboxes
    doors: RuntimeDoors
    store: Store
    clock: Clock
    settings: EngineSettings
    interpreters: Interpreters
    loop: asyncio.AbstractEventLoop
