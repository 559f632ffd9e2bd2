"""Log groups: those that functions write to, those that somebody made, and how long their events are kept.

A function's group comes into being with its first log and outlives the function, as on AWS. Retention holds at once for whoever reads,
and takes the events from the disk at the engine's start, when it is put, and every hour.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_lambda.engine.background import Background
from jupyter_lambda.errors import AlreadyExists, NotFound, StoreError
from jupyter_lambda.model.resources import LogGroup
from jupyter_lambda.store.protocol import DeleteResource, PutResource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jupyter_lambda.clock import Clock
    from jupyter_lambda.model.resources import Resource
    from jupyter_lambda.store.protocol import Store

log = logging.getLogger(__name__)
EXPIRY_SECONDS: Final = 3_600.0
_DAY_MS: Final = 86_400_000


class LogGroups:
    """The log groups of an account."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._kept: dict[str, LogGroup] = {}
        self._writing = asyncio.Lock()
        self._background = Background(asyncio.get_running_loop(), log)

    def load(self, resources: Iterable[Resource]) -> None:
        """Take over what the store kept, and let retention hold from now on."""
        self._kept = {one.name: one for one in resources if isinstance(one, LogGroup)}
        self._background.spawn(self._expire_for_ever())

    async def aclose(self) -> None:
        """Stop. Safe to call twice."""
        await self._background.aclose()

    async def all(self) -> list[tuple[LogGroup, int]]:
        """Every group with the bytes that it stores, by name."""
        sizes: dict[str, int] = {}
        began: dict[str, int] = {}
        for name, _, first_ms, _, stored_bytes in await self._store.log_streams():
            sizes[name] = sizes.get(name, 0) + stored_bytes
            began[name] = min(began.get(name, first_ms), first_ms)
        groups = [self._kept.get(name) or LogGroup(name=name, created_ms=began[name]) for name in {*sizes, *self._kept}]
        return [(group, sizes.get(group.name, 0)) for group in sorted(groups, key=lambda group: group.name)]

    async def find(self, name: str) -> LogGroup:
        """One group (NotFound)."""
        if (kept := self._kept.get(name)) is not None:
            return kept
        streams = await self._store.log_streams(name)
        if not streams:
            raise NotFound(
                f'log group "{name}"', "there is none", "A function's group is there after its first invocation.",
                aws_message="The specified log group does not exist.",
            )  # fmt: skip
        return LogGroup(name=name, created_ms=min(facts.first_ms for facts in streams))

    async def create(self, group: LogGroup) -> None:
        """Make a group (AlreadyExists)."""
        async with self._writing:
            try:
                await self.find(group.name)
            except NotFound:
                await self._put(group)
                return
            raise AlreadyExists(
                f'log group "{group.name}"', "there is one already", "", aws_message="The specified log group already exists"
            )

    async def change(self, name: str, decide: Callable[[LogGroup], LogGroup]) -> None:
        """Commit what `decide` makes of a group as it is now (NotFound)."""
        async with self._writing:
            await self._put(decide(await self.find(name)))

    async def keep_for(self, name: str, days: int | None) -> None:
        """Keep a group's events for so many days, and remove what is older (NotFound)."""
        await self.change(name, lambda group: msgspec.structs.replace(group, retention_days=days))
        await self.expire()

    async def delete(self, name: str, log_stream: str | None = None) -> None:
        """Remove a group with its events, or one stream of it (NotFound)."""
        async with self._writing:
            await self.find(name)
            if log_stream is None and name in self._kept:
                await self._store.commit([DeleteResource(self._kept[name].key)])
                del self._kept[name]
            await self._store.delete_logs(name, log_stream=log_stream)

    def begins_ms(self, group: LogGroup) -> int:
        """The moment before which a group's events are not kept; epoch milliseconds."""
        if group.retention_days is None:
            return 0
        return int(self._clock.epoch() * 1000) - group.retention_days * _DAY_MS

    async def expire(self) -> None:
        """Remove what is older than retention allows (StoreError)."""
        for group in list(self._kept.values()):
            if group.retention_days is not None:
                await self._store.delete_logs(group.name, before_ms=self.begins_ms(group))

    async def _put(self, group: LogGroup) -> None:
        await self._store.commit([PutResource(group)])
        self._kept[group.name] = group

    async def _expire_for_ever(self) -> None:
        while True:
            try:
                await self.expire()
            except StoreError as error:
                log.warning("logs that are too old stay for now: %s", error)
            await self._clock.sleep(EXPIRY_SECONDS)
