"""A bounded amount of a streamed result waits for its caller (engine/result_pieces.py)."""

from __future__ import annotations

import asyncio

import pytest

from jupyter_lambda.engine.result_pieces import GO_ON_BYTES, WAITING_BYTES_MAX, ResultPieces
from jupyter_lambda.errors import PlatformError

PIECE = b"x" * (WAITING_BYTES_MAX // 8)


class Connection:
    """A source that keeps to what it is told, and refuses to be told twice."""

    def __init__(self) -> None:
        self.held = False

    def hold_reading(self) -> None:
        assert not self.held
        self.held = True

    def go_on_reading(self) -> None:
        assert self.held
        self.held = False


@pytest.mark.asyncio
async def test_the_source_is_held_at_the_limit_and_goes_on_when_most_was_taken() -> None:
    pieces, source = ResultPieces(), Connection()
    for number in range(8):
        assert not source.held, number
        pieces.put(PIECE, source)
    assert source.held
    pieces.put(PIECE, source)  # it had read it already
    while source.held:
        assert pieces.waiting > GO_ON_BYTES
        assert await pieces.get() == PIECE
    assert pieces.waiting == GO_ON_BYTES


@pytest.mark.asyncio
async def test_the_end_comes_after_the_pieces_and_lets_the_source_go() -> None:
    pieces, source = ResultPieces(), Connection()
    outcome = PlatformError("engine", "it is stopping", "")
    for _ in range(8):
        pieces.put(PIECE, source)
    pieces.end(outcome)
    assert not source.held
    assert [await asyncio.wait_for(pieces.get(), 1) for _ in range(9)] == [PIECE] * 8 + [outcome]
