"""Sequences that show themselves: values for a program, a table for a reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from jupyter_lambda.client.views.figures import LogView, MetricsView

if TYPE_CHECKING:
    from jupyter_lambda.client.views.view import View
    from jupyter_lambda.model.engine_api import LogEvent, Metrics

T = TypeVar("T")


class Listing(Sequence[T], Generic[T]):
    """Values by position, and by name: `fn.versions[-1]`, `fn.versions["3"]`, `fn.aliases["prod"]`."""

    def __init__(self, items: Sequence[T], view: View, key: Callable[[T], str]) -> None:
        self._items = tuple(items)
        self._view = view
        self._key = key

    @overload
    def __getitem__(self, place: int | str) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...
    def __getitem__(self, place: int | str | slice) -> T | Sequence[T]:
        """By position, or by name (KeyError with the names there are)."""
        if not isinstance(place, str):
            return self._items[place]
        for item in self._items:
            if self._key(item) == place:
                return item
        raise KeyError(f'no "{place}" among {", ".join(map(self._key, self._items)) or "none"}')

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item: object) -> bool:
        return item in self._items or (isinstance(item, str) and any(self._key(one) == item for one in self._items))

    def __eq__(self, other: object) -> bool:
        return self._items == tuple(other) if isinstance(other, Sequence) and not isinstance(other, str) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # compared by its values, as a list is

    def names(self) -> list[str]:
        """The names, in order."""
        return [self._key(item) for item in self._items]

    def __repr__(self) -> str:
        return self._view.text()

    def _repr_html_(self) -> str:
        return self._view._repr_html_()


class Logs(Listing["LogEvent"]):
    """Logs by invocation, oldest first; `.text` is all of it, and `"word" in logs` looks into that."""

    def __init__(self, function_name: str, events: Sequence[LogEvent]) -> None:
        super().__init__(events, LogView(function_name, events), lambda event: event.request_id)

    @property
    def text(self) -> str:
        """What was written, with the platform's lines."""
        return "".join(event.text if event.text.endswith("\n") else event.text + "\n" for event in self._items)

    def __str__(self) -> str:
        return self.text

    def __contains__(self, item: object) -> bool:
        return item in self.text if isinstance(item, str) else super().__contains__(item)


class Figures(MetricsView):
    """A function's metrics: figures by attribute (`.invocations`, `.duration_p50_ms`, …), a table for a reader."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(metrics)

    def __getattr__(self, name: str) -> object:
        if name.startswith("_") or name == "metrics":
            raise AttributeError(name)
        return getattr(self.metrics, name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.metrics.__struct_fields__]
