"""Saved test events: kept with the account's resources, told to whoever watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lambda.engine.invocations import check_event
from jupyter_lambda.errors import NotFound, RequestError
from jupyter_lambda.model.saved_event import EVENT_BYTES_MAX, EVENTS_MAX, SavedTestEvent, check_test_event_name

if TYPE_CHECKING:
    from jupyter_lambda.engine.catalog import Catalog
    from jupyter_lambda.engine.layers import Resources
    from jupyter_lambda.engine.live import Live


class SavedTestEvents:
    """What functions are tried with.

    A change is published as `test-events` with the function's name: the events themselves may be large, and few pages show them.
    """

    def __init__(self, catalog: Catalog, resources: Resources, live: Live) -> None:
        self._catalog, self._resources, self._live = catalog, resources, live

    def of(self, function_name: str) -> list[SavedTestEvent]:
        """A function's events by name (FunctionNotFound)."""
        self._catalog.entry(function_name)
        return self._resources.test_events(function_name)

    async def put(self, function_name: str, name: str, event: bytes) -> SavedTestEvent:
        """Keep an event, in place of one with that name.

        Raises:
            FunctionNotFound: There is no such function.
            RequestError: The name is none, or there are as many events as a function can have.
            InvalidRequestContent, PayloadTooLarge: No event that Lambda would take.
        """
        present = {one.name for one in self.of(function_name)}
        check_test_event_name(function_name, name)
        check_event(event, EVENT_BYTES_MAX)
        if name not in present and len(present) >= EVENTS_MAX:
            raise RequestError(
                f'function "{function_name}"', f"it has {EVENTS_MAX} test events, as many as can be kept", "Remove one first."
            )
        saved = SavedTestEvent(
            function_name=function_name, name=name, event=event.decode("utf-8", "surrogatepass"),
            last_modified=self._catalog.timestamp(),
        )  # fmt: skip
        await self._resources.change(saved.key, lambda _: saved)
        self._live.publish("test-events", function_name)
        return saved

    async def delete(self, function_name: str, name: str) -> None:
        """Remove an event (NotFound)."""
        found = next((one for one in self.of(function_name) if one.name == name), None)
        if found is None:
            raise NotFound(f'function "{function_name}"', f'there is no test event "{name}"', "It may be removed already.")
        await self._resources.delete(found.key)
        self._live.publish("test-events", function_name)

    async def forget_function(self, function_name: str) -> None:
        """Remove the events of a function that is gone."""
        for saved in self._resources.test_events(function_name):
            await self._resources.delete(saved.key)
