"""Who is in flight, who waits in line (engine/admission.py)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from jupyter_lambda.engine.admission import Admission
from jupyter_lambda.engine.invocations import Invocation, InvokeRequest
from jupyter_lambda.model.function import Configuration, Version


@dataclass
class Reservations:
    """Functions' reserved concurrency, as the catalog would say it."""

    of: dict[str, int] = field(default_factory=dict)

    def total(self) -> int:
        return sum(self.of.values())


def invocation(request_id: str, name: str = "f", *, patient: bool = False) -> Invocation:
    version = Version(
        function_name=name, version="1", configuration=Configuration(), package_sha256="", package_bytes=0, content_digest="",
        revision_id="", last_modified="",
    )  # fmt: skip
    request = InvokeRequest(function_name=name, payload=b"1", request_id=request_id, patient=patient)
    return Invocation(request, version, 0.0, 0.0, lambda _: None)


@pytest.fixture
def reservations() -> Reservations:
    return Reservations()


@pytest.fixture
def admission(reservations: Reservations) -> Admission:
    return Admission(2, reservations.of.get, reservations.total, lambda *_: None)


def test_refuses_above_the_limit_and_admits_again_after_an_end(admission: Admission) -> None:
    first, second, third = (invocation(f"i{n}") for n in range(3))

    assert admission.ask(first) is None
    assert admission.ask(second) is None
    refusal = admission.ask(third)
    assert refusal is not None
    assert refusal.reason == "ConcurrentInvocationLimitExceeded"

    admission.end(first)
    assert admission.ask(third) is None
    assert len(admission) == 2


def test_the_patient_wait_in_line_in_their_order(admission: Admission) -> None:
    running = [invocation("i0"), invocation("i1")]
    waiting = [invocation("i2", patient=True), invocation("i3", patient=True)]
    for one in (*running, *waiting):
        assert admission.ask(one) is None
    assert admission.find("i2") is None
    assert admission.next_in_line() is None

    admission.end(running[0])
    assert admission.next_in_line() is waiting[0]
    assert admission.leave_line("i3") is waiting[1]
    admission.end(running[1])
    assert admission.next_in_line() is None


def test_nobody_waits_for_a_reservation_of_nothing(admission: Admission, reservations: Reservations) -> None:
    reservations.of["f"] = 0

    assert admission.ask(invocation("i0", patient=True)) is not None


def test_a_reservation_made_meanwhile_leaves_no_wrong_count(admission: Admission, reservations: Reservations) -> None:
    first = invocation("i0")
    admission.ask(first)
    reservations.of["f"] = 1
    admission.end(first)
    reservations.of.clear()

    assert admission.ask(invocation("i1", "g")) is None
    assert admission.ask(invocation("i2", "g")) is None
    assert admission.ask(invocation("i3", "g")) is not None


def test_others_share_what_is_not_reserved(admission: Admission, reservations: Reservations) -> None:
    reservations.of["f"] = 1

    assert admission.ask(invocation("i0", "g")) is None
    assert admission.ask(invocation("i1", "g")) is not None
    assert admission.ask(invocation("i2", "f")) is None
