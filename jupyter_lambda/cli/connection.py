"""The engine as commands ask for it: found, or started when a command needs one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from jupyter_lambda.client.engine_client import EngineClient
    from jupyter_lambda.model.runtime_file import RuntimeFile


class Engines(Protocol):
    """How a command reaches engines; tests have one without processes."""

    def ensure(self, home: str | None, **options: Any) -> RuntimeFile:
        """The home's engine, started with these options of `ensure_engine` if none runs."""
        ...

    def find(self, home: str | None) -> RuntimeFile | None:
        """The home's engine if one runs."""
        ...

    def stop(self, home: str | None) -> bool:
        """End the home's engine; False if none ran."""
        ...

    def connected(self, runtime: RuntimeFile) -> AbstractContextManager[EngineClient]:
        """A client of that engine, closed at the end of the block."""
        ...


class LocalEngines:
    """The engines of this machine."""

    def ensure(self, home: str | None, **options: Any) -> RuntimeFile:
        """Start it if need be: the first command of the day takes half a second longer."""
        from jupyter_lambda.client.launch import ensure_engine

        return ensure_engine(home, **options)

    def find(self, home: str | None) -> RuntimeFile | None:
        """Only look."""
        from jupyter_lambda.client.discovery import find_engine

        return find_engine(home)

    def stop(self, home: str | None) -> bool:
        """Ask, wait, insist."""
        from jupyter_lambda.client.stopping import stop_engine

        return stop_engine(home)

    def connected(self, runtime: RuntimeFile) -> AbstractContextManager[EngineClient]:
        """A client on the engine's unix socket."""
        from contextlib import closing

        from jupyter_lambda.client.engine_client import EngineClient

        return closing(EngineClient(runtime))
