"""The Runtime API's state machine: every call in every state (engine/runtime_session.py)."""

from __future__ import annotations

import pytest

from jupyter_lambda.engine.runtime_session import ACCEPTED, INVALID_ID, INVALID_STATE, TOO_LARGE, Delivery, RuntimeSession, State


class Told:
    """Listens, and remembers what it was told."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def on_ready(self) -> None:
        self.words.append("ready")

    def on_free(self) -> None:
        self.words.append("free")

    def on_response(self, payload: bytes, *, too_large: bool) -> None:
        self.words.append(f"response {payload.decode()} {too_large}")

    def on_error(self, payload: bytes) -> None:
        self.words.append(f"error {payload.decode()}")

    def on_init_error(self, payload: bytes) -> None:
        self.words.append(f"init error {payload.decode()}")

    def on_closed(self) -> None:
        self.words.append("closed")


def delivery(request_id: str = "r1") -> Delivery:
    return Delivery(request_id, 0, "arn", "", b"{}")


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def session(told: Told) -> RuntimeSession:
    return RuntimeSession(told)


def test_the_usual_round(session: RuntimeSession, told: Told) -> None:
    sent: list[Delivery] = []

    assert session.next(sent.append) is None
    session.deliver(delivery())
    assert session.response("r1", b"1") == ACCEPTED
    assert session.next(sent.append) is None

    assert sent == [delivery()]
    assert told.words == ["ready", "response 1 False", "free"]


def test_an_answer_for_another_invocation_is_refused(session: RuntimeSession, told: Told) -> None:
    session.next(lambda _: None)
    session.deliver(delivery())

    assert session.response("r2", b"1") == INVALID_ID
    assert session.error("r2", b"1") == INVALID_ID
    assert told.words == ["ready"]


def test_nothing_is_answered_twice(session: RuntimeSession) -> None:
    session.next(lambda _: None)
    session.deliver(delivery())
    session.error("r1", b"{}")

    assert session.response("r1", b"1") == INVALID_STATE
    assert session.error("r1", b"{}") == INVALID_STATE


def test_a_response_that_is_too_large_can_not_be_followed_by_an_error(session: RuntimeSession, told: Told) -> None:
    session.next(lambda _: None)
    session.deliver(delivery())

    assert session.response("r1", b"", too_large=True) == TOO_LARGE
    assert session.error("r1", b"{}") == INVALID_STATE
    assert told.words == ["ready", "response  True"]


def test_after_an_init_error_nothing_is_served(session: RuntimeSession, told: Told) -> None:
    assert session.init_error(b"{}") == ACCEPTED

    assert session.next(lambda _: None) == INVALID_STATE
    assert session.init_error(b"{}") == INVALID_STATE
    assert told.words == ["init error {}"]


def test_an_init_error_after_init_is_refused(session: RuntimeSession) -> None:
    session.next(lambda _: None)

    assert session.init_error(b"{}") == INVALID_STATE


def test_no_next_while_one_is_running(session: RuntimeSession) -> None:
    session.next(lambda _: None)
    session.deliver(delivery())

    assert session.next(lambda _: None) == INVALID_STATE


def test_what_is_delivered_to_a_runtime_that_has_just_gone_is_its_own(session: RuntimeSession) -> None:
    session.next(lambda _: pytest.fail("nobody is there"))
    session.closed()
    session.deliver(delivery())
    assert (session.state, session.request_id) == (State.BUSY, "r1")
