"""The Extensions API as a state machine."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_lambda.engine.extensions import EXTENSIONS_MAX, INVOKE, SHUTDOWN, Extension, Extensions, Refusal, State


class Listener:
    def __init__(self) -> None:
        self.moves = 0
        self.failures: list[tuple[str, str, str]] = []

    def on_extensions_moved(self) -> None:
        self.moves += 1

    def on_extension_failed(self, extension: Extension, error_type: str, reason: str) -> None:
        self.failures.append((extension.name, error_type, reason))


@pytest.fixture
def listener() -> Listener:
    return Listener()


def registered(extensions: Extensions, name: str, *events: str) -> Extension:
    extension = extensions.register(name, events or (INVOKE, SHUTDOWN))
    assert isinstance(extension, Extension)
    return extension


def waiting(extensions: Extensions, name: str, *events: str) -> tuple[Extension, list[dict[str, Any]]]:
    """One that has asked for its first event, and what it gets."""
    extension, got = registered(extensions, name, *events), []
    assert extensions.next(extension, got.append) is None
    return extension, got


def test_init_is_over_when_all_have_asked(listener: Listener):
    extensions = Extensions(["a", "b"], listener)
    assert not extensions.have_registered
    a = registered(extensions, "a")
    assert (extensions.have_registered, extensions.are_waiting) == (False, False)
    waiting(extensions, "b")
    assert (extensions.have_registered, extensions.are_waiting) == (True, False)
    extensions.next(a, print)
    assert extensions.are_waiting


def test_an_invocation_is_over_when_those_that_were_told_ask_again(listener: Listener):
    extensions = Extensions(["a", "b"], listener)
    a, got = waiting(extensions, "a")
    _, nothing = waiting(extensions, "b", SHUTDOWN)
    extensions.invoke({"eventType": INVOKE})
    assert (got, nothing, extensions.are_waiting) == ([{"eventType": INVOKE}], [], False)
    extensions.next(a, got.append)
    assert extensions.are_waiting


def test_the_shutdown_reaches_a_busy_one_when_it_asks(listener: Listener):
    extensions = Extensions(["a", "b", "c"], listener)
    a, got = waiting(extensions, "a")
    _, other = waiting(extensions, "b", INVOKE)
    _, third = waiting(extensions, "c", SHUTDOWN)
    extensions.invoke({"eventType": INVOKE})
    extensions.shut_down({"eventType": SHUTDOWN})
    assert (len(got), len(other), third) == (1, 1, [{"eventType": SHUTDOWN}])
    extensions.next(a, got.append)
    assert got[-1] == {"eventType": SHUTDOWN}
    extensions.ended("a", "exit code 0")
    assert (a.state, listener.failures) == (State.EXITED, [])


def test_an_end_that_nobody_asked_for_is_a_crash(listener: Listener):
    extensions = Extensions(["a"], listener)
    a, _ = waiting(extensions, "a")
    extensions.ended("a", "exit status 1")
    assert listener.failures == [("a", "Extension.Crash", "exit status 1")]
    assert (a.state, a.error_type) == (State.EXITED, "Extension.Crash")
    extensions.ended("a", "exit status 1")
    extensions.ended("unknown", "exit status 1")
    assert len(listener.failures) == 1


def test_errors_that_an_extension_tells_end_once(listener: Listener):
    extensions = Extensions(["a", "b"], listener)
    a, b = registered(extensions, "a"), registered(extensions, "b")
    assert extensions.init_error(a, "Extension.NoKey") is None
    assert extensions.exit_error(b, "Extension.Full") is None
    assert listener.failures == [("a", "Extension.InitError", "Extension.NoKey"), ("b", "Extension.ExitError", "Extension.Full")]
    extensions.ended("a", "exit status 1")
    assert (a.state, a.error_type, len(listener.failures)) == (State.EXITED, "Extension.NoKey", 2)
    assert not extensions.are_waiting


@pytest.mark.parametrize("state", list(State))
def test_calls_in_the_wrong_state_are_refused(listener: Listener, state: State):
    extensions = Extensions(["a"], listener)
    extension = next(iter(extensions))
    allowed = {
        "register": {State.LAUNCHED}, "next": {State.REGISTERED, State.RUNNING}, "init": {State.REGISTERED},
        "exit": {State.REGISTERED, State.READY, State.RUNNING},
    }  # fmt: skip
    calls = {
        "register": lambda: extensions.register("a", [INVOKE]), "next": lambda: extensions.next(extension, print),
        "init": lambda: extensions.init_error(extension, "E"), "exit": lambda: extensions.exit_error(extension, "E"),
    }  # fmt: skip
    for call, states in allowed.items():
        extension.state = state
        refused = calls[call]()
        assert isinstance(refused, Refusal) is (state not in states), call
        if isinstance(refused, Refusal):
            assert refused.error_type == "Extension.InvalidExtensionState"
            assert f"from {state.value} to " in refused.message


def test_registrations_that_are_refused(listener: Listener):
    extensions = Extensions(["a"], listener)
    assert extensions.register("", [INVOKE]).error_type == "Extension.InvalidExtensionName"
    assert extensions.register("a", ["START"]).error_type == "Extension.InvalidEventType"
    assert extensions.register("inside", [SHUTDOWN]).error_type == "Extension.InvalidEventType"
    for number in range(EXTENSIONS_MAX - 1):
        registered(extensions, f"inside-{number}", INVOKE)
    assert extensions.register("inside-0", [INVOKE]).error_type == "Extension.InvalidExtensionState"
    assert extensions.register("one-more", [INVOKE]).error_type == "Extension.TooManyExtensions"
    extensions.invoke({})
    assert extensions.register("late", [INVOKE]).error_type == "Extension.RegistrationClosed"


def test_a_program_that_can_not_be_run(listener: Listener):
    extensions = Extensions(["a"], listener)
    extensions.could_not_launch("a", "Exec format error")
    extensions.ended("a", "exit status 126")
    assert listener.failures == [("a", "Extension.LaunchError", "Exec format error")]


def test_identifiers_are_found_in_either_case(listener: Listener):
    extensions = Extensions(["a"], listener)
    extension = next(iter(extensions))
    assert extensions.find(extension.identifier.upper()) is extension
    assert extensions.find("another") is None
