r"""CloudWatch Logs' regular expressions: characters, classes, `.`, `?`, `*`, `+`, `{n,m}`, `^`, `$` and `|`; no groups.

They are run as a deterministic automaton that is made while it reads: each character of a message costs one look-up, so no pattern
makes a search slow. Source: Amazon CloudWatch Logs User Guide, "Supported regular expressions (regex) syntax".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from jupyter_lambda.telemetry.filter_patterns.refusal import invalid

if TYPE_CHECKING:
    from collections.abc import Callable

_ATOMS: Final = re.compile(
    r"(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<escape>\\(?:x[0-9A-Fa-f]{2}|.))|(?P<plain>[^\[\]\\()?*+{}|^$])", re.DOTALL
)
_COUNT: Final = re.compile(r"[?*+]|\{(\d{1,3})(,(\d{0,3}))?\}")
_REPEATED_MAX: Final = 100
_STATES_MAX: Final = 2_000
_START, _END = "start", "end"


class _Atom(NamedTuple):
    accepts: Callable[[str], object]
    least: int
    most: int | None


class RegularExpression:
    """A compiled expression.

    Raises:
        InvalidParameter: It is none, or of more than this subset.
    """

    def __init__(self, text: str) -> None:
        self._moves: list[list[tuple[Callable[[str], object] | None, int]]] = []  # by state; None: without reading
        self._only_at_start: set[int] = set()
        self._accepting: set[int] = set()
        self._accepting_at_end: set[int] = set()
        self._begins = [self._add_alternative(part) for part in _alternatives(text)]
        self._known: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def search(self, text: str) -> bool:
        """Whether some part of a text matches."""
        fresh = self._closure(s for s in self._begins if s not in self._only_at_start)
        states = self._closure(self._begins)
        for character in text.removesuffix("\n"):
            if states & self._accepting:
                return True
            key = (states, character)
            following = self._known.get(key)
            if following is None:
                read = (t for s in states for accepts, t in self._moves[s] if accepts is not None and accepts(character))
                following = self._closure(read) | fresh
                if len(self._known) < 20_000:
                    self._known[key] = following
            states = following
        return bool(states & (self._accepting | self._accepting_at_end))

    def _add_alternative(self, text: str) -> int:
        begin = state = self._new_state()
        anchored, text = text.startswith("^"), text.removeprefix("^")
        at_end = text.endswith("$") and not text.endswith("\\$")
        if anchored:
            self._only_at_start.add(begin)
        for atom in _atoms(text.removesuffix("$") if at_end else text):
            for _ in range(atom.least):
                state = self._step(state, atom)
            if atom.most is None:
                self._moves[state].append((atom.accepts, state))
                state = self._pass(state)
                continue
            skips = [state]
            for _ in range(atom.most - atom.least):
                state = self._step(state, atom)
                skips.append(state)
            end = self._new_state()
            for skip in skips:
                self._moves[skip].append((None, end))
            state = end
        (self._accepting_at_end if at_end else self._accepting).add(state)
        return begin

    def _new_state(self) -> int:
        if len(self._moves) >= _STATES_MAX:
            raise invalid("its regular expression repeats too much")
        self._moves.append([])
        return len(self._moves) - 1

    def _step(self, state: int, atom: _Atom) -> int:
        following = self._new_state()
        self._moves[state].append((atom.accepts, following))
        return following

    def _pass(self, state: int) -> int:
        following = self._new_state()
        self._moves[state].append((None, following))
        return following

    def _closure(self, states: object) -> frozenset[int]:
        found: set[int] = set()
        open_states = list(states)  # type: ignore[call-overload]  # an iterable of numbers
        while open_states:
            state = open_states.pop()
            if state not in found:
                found.add(state)
                open_states += [to for accepts, to in self._moves[state] if accepts is None]
        return frozenset(found)


def _alternatives(text: str) -> list[str]:
    """The parts between bars that no backslash and no class holds."""
    parts, part, position = [], "", 0
    while position < len(text):
        if text[position] == "|":
            parts.append(part)
            part = ""
            position += 1
            continue
        found = _ATOMS.match(text, position)
        piece = found[0] if found else text[position]
        part += piece
        position += len(piece)
    return [*parts, part]


def _atoms(text: str) -> list[_Atom]:
    atoms, position = [], 0
    while position < len(text):
        found = _ATOMS.match(text, position)
        if found is None:
            raise invalid(f"its regular expression can't have {text[position]!r} there")
        accepts = _accepts(found)
        position = found.end()
        count = _COUNT.match(text, position)
        least, most = 1, 1
        if count is not None:
            least, most = _bounds(count)  # type: ignore[assignment]  # most may be None
            position = count.end()
        atoms.append(_Atom(accepts, least, most))
    return atoms


def _bounds(count: re.Match[str]) -> tuple[int, int | None]:
    match count[0]:
        case "?":
            return 0, 1
        case "*":
            return 0, None
        case "+":
            return 1, None
    least = int(count[1])
    most = least if count[2] is None else int(count[3]) if count[3] else None
    if max(least, most or 0) > _REPEATED_MAX or (most is not None and most < least):
        raise invalid("its regular expression repeats too much")
    return least, most


def _accepts(found: re.Match[str]) -> Callable[[str], object]:
    if found["plain"] is not None and found["plain"] != ".":
        return found["plain"].__eq__
    try:
        return re.compile(found[0], re.DOTALL | re.ASCII).fullmatch  # one character: nothing to go back over
    except re.error as error:
        raise invalid(f"its regular expression is none: {error}") from error
