"""The bridge's one way to the engine: find it, start it, ask it.

Finding and starting read files and wait for processes, so they run in threads; what is asked goes over the engine's unix socket on the
event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from jupyter_lambda.client.discovery import find_engine
from jupyter_lambda.client.engine_link import EngineLink
from jupyter_lambda.client.home import run_folder
from jupyter_lambda.client.launch import ensure_engine
from jupyter_lambda.errors import EngineUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.client.http_answer import Answer
    from jupyter_lambda.model.runtime_file import RuntimeFile

_LOG_TAIL_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOptions:
    """How an engine is started, and whether it may be."""

    sandbox: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    allowed: bool = True


class EngineAccess:
    """Reaches the engine of one home, whichever process that is at the moment."""

    def __init__(self, home: Path, options: StartOptions) -> None:
        self.home = home
        self._options = options
        self._link: EngineLink | None = None
        self._starting = asyncio.Lock()

    @property
    def may_start(self) -> bool:
        """Whether this server starts engines."""
        return self._options.allowed

    async def find(self) -> RuntimeFile | None:
        """The engine that runs now, None if none does; starts nothing."""
        return await asyncio.to_thread(find_engine, self.home)

    async def start(self) -> RuntimeFile:
        """The engine that runs now, started if none does.

        Raises:
            EngineUnavailable: It can't be started, or may not be from here.
        """
        async with self._starting:  # ten cards that ask at once wait for one start, in one thread
            return await asyncio.to_thread(self._ensure)

    async def exchange(self, first: bytes, headers: bytes = b"", body: bytes = b"", *, repeatable: bool) -> Answer:
        """Ask the engine, which is started first if none runs.

        Args:
            first: Method and target.
            headers: Whole lines besides the fixed ones.
            body: The request's body.
            repeatable: Whether asking twice does no harm.

        Raises:
            EngineUnavailable: There is no engine, or it went in the middle.
        """
        link = self._link
        if link is None:
            runtime = await self.start()
            link = self._link = self._link or EngineLink(runtime, self._ensure)
        return await link.async_exchange(first, headers, body, repeatable=repeatable)

    async def log_tail(self) -> str:
        """The end of the engine's log, empty if there is none."""
        return await asyncio.to_thread(self._read_log)

    def close(self) -> None:
        """Close idle connections. Safe to call twice."""
        if self._link is not None:
            self._link.close()

    def _ensure(self) -> RuntimeFile:
        if not self._options.allowed:
            found = find_engine(self.home)
            if found is None:
                raise EngineUnavailable(
                    f'engine of home "{self.home}"', "it isn't running, and this server is set not to start one",
                    "Start it in a terminal: jupyter lambda engine start.",
                )  # fmt: skip
            return found
        return ensure_engine(self.home, sandbox=self._options.sandbox, settings=self._options.settings)

    def _read_log(self) -> str:
        try:
            with run_folder(self.home).log.open("rb") as stream:
                stream.seek(max(0, stream.seek(0, 2) - _LOG_TAIL_BYTES))
                return stream.read().decode(errors="replace")
        except OSError:
            return ""
