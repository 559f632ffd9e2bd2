"""What an execution environment did when: its states one after the other, as views draw them on a time line."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from jupyter_lambda.model.environment import EnvironmentState, LifeSpan

if TYPE_CHECKING:
    from collections.abc import Callable

SPANS_KEPT: Final = 256
MERGED_SECONDS: Final = 0.05  # a shorter rest between two calls is none: what runs thousands of times has few spans


class LifeLine:
    """The latest spans of one environment.

    Args:
        epoch: Reads the wall clock.
        state: The first one.
    """

    __slots__ = ("_epoch", "_spans")

    def __init__(self, epoch: Callable[[], float], state: EnvironmentState) -> None:
        self._epoch = epoch
        # state, since, calls, why it ended
        self._spans: deque[tuple[EnvironmentState, float, int, str]] = deque([(state, epoch(), 0, "")], maxlen=SPANS_KEPT)

    def note(self, state: EnvironmentState) -> None:
        """It is in this state from now on; stands on the way of every invocation."""
        spans = self._spans
        last = spans[-1]
        if state is last[0] or state is EnvironmentState.ENDED:
            return
        now = self._epoch()
        if state is EnvironmentState.BUSY:
            if last[0] is EnvironmentState.IDLE and now - last[1] < MERGED_SECONDS and len(spans) > 1:
                before = spans[-2]
                if before[0] is EnvironmentState.BUSY:
                    spans.pop()
                    spans[-1] = (before[0], before[1], before[2] + 1, before[3])
                    return
            spans.append((state, now, 1, ""))
        else:
            spans.append((state, now, 0, ""))

    def because(self, why: str) -> None:
        """The present span ends, and not as such spans do: say why, in a word or two."""
        state, since, calls, _ = self._spans[-1]
        self._spans[-1] = (state, since, calls, why)

    def spans(self, ended: float | None, after: float = 0.0) -> tuple[LifeSpan, ...]:
        """What of it is later than `after`, oldest first; `ended`: when the environment did. Epoch seconds."""
        kept = list(self._spans)
        ends = [*(since for _, since, _, _ in kept[1:]), ended]
        return tuple(
            LifeSpan(state=state, since=since, until=until, calls=calls, why=why)
            for (state, since, calls, why), until in zip(kept, ends, strict=True)
            if until is None or until > after
        )
