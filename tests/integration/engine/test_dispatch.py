"""What becomes of an invocation: cold and warm, failures, resets, limits (engine/dispatcher.py)."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.errors import FunctionNotFound, PlatformError, SandboxError, Throttled, VersionNotFound
from jupyter_lambda.model.environment import EnvironmentState, EnvironmentView
from jupyter_lambda.model.invocation import InvocationRecord, Status
from jupyter_lambda.sandbox.protocol import Death, DeathCause
from jupyter_lambda.testing.sandbox import FakeEnvironment, FakeSandbox, HandlerRaisedError, RuntimeEndedError, Turn

if TYPE_CHECKING:
    from tests.integration.engine.conftest import MakeEngine

pytestmark = pytest.mark.asyncio


class Gate:
    """A handler that waits until the test lets it go on."""

    def __init__(self) -> None:
        self.entered = asyncio.Semaphore(0)
        self.open = asyncio.Event()

    async def __call__(self, turn: Turn) -> bytes:
        self.entered.release()
        await self.open.wait()
        return turn.event


async def test_the_first_call_is_cold_and_the_second_warm(make: MakeEngine) -> None:
    bench = await make()

    first, second = await bench.result(b'{"a": 1}'), await bench.result(b"2")

    assert (first.payload, second.payload) == (b'{"a": 1}', b"2")
    assert (first.record.cold, second.record.cold) == (True, False)
    assert first.record.init_ms > 0
    assert first.record.environment_id == second.record.environment_id


async def test_a_deployment_is_prepared_before_it_is_called(make: MakeEngine) -> None:
    bench = await make()

    async with asyncio.timeout(2):
        assert await bench.sandbox.prepared.get() == "f"
    assert not bench.sandbox.started


async def test_the_log_has_the_lines_in_order(make: MakeEngine) -> None:
    async def talk(turn: Turn) -> bytes:
        turn.print("hello\n")
        return b"null"

    bench = await make(FakeSandbox(talk))

    result = await bench.result(request_id="r-1")

    lines = result.log.decode().splitlines()
    assert [line.split(" ")[0] for line in lines] == ["INIT_START", "START", "hello", "END", "REPORT"]
    assert lines[1] == "START RequestId: r-1 Version: $LATEST"
    assert "Init Duration:" in lines[4]
    assert "Max Memory Used: 20 MB" in lines[4]


async def test_ten_thousand_lines_printed_just_before_the_answer_are_all_there(make: MakeEngine) -> None:
    async def shout(turn: Turn) -> bytes:
        text = "".join(f"line {i}\n" for i in range(10_000))
        await asyncio.to_thread(turn.print, text)  # a pipe holds less: somebody has to read meanwhile
        return b"null"

    bench = await make(FakeSandbox(shout))

    result = await bench.result()

    assert result.log.decode().count("\nline ") == 10_000


async def test_scales_out_to_as_many_as_are_asked_at_once(make: MakeEngine) -> None:
    gate = Gate()
    bench = await make(FakeSandbox(gate))

    calls = [asyncio.create_task(bench.result()) for _ in range(5)]
    for _ in range(5):
        await gate.entered.acquire()
    gate.open.set()
    results = await asyncio.gather(*calls)

    assert len({r.record.environment_id for r in results}) == 5
    assert all(r.record.cold for r in results)


async def test_an_exception_keeps_the_environment(make: MakeEngine) -> None:
    async def boom(_: Turn) -> bytes:
        raise HandlerRaisedError("ValueError", "no such side")

    bench = await make(FakeSandbox(boom))

    first, second = await bench.result(), await bench.result()

    assert first.function_error == "Unhandled"
    assert (first.record.status, first.record.error_type, first.record.error_message) == (
        Status.FAILED, "ValueError", "no such side",
    )  # fmt: skip
    assert second.record.environment_id == first.record.environment_id
    assert not second.record.cold
    assert "Status:" not in first.log.decode()


@pytest.mark.parametrize(
    ("death", "status", "error_type", "message"),
    [
        (Death(DeathCause.EXIT, 3), Status.EXITED, "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        (Death(DeathCause.EXIT, 0), Status.EXITED, "Runtime.ExitError", "Runtime exited without providing a reason"),
        (Death(DeathCause.SIGNAL, 11), Status.EXITED, "Runtime.ExitError", "Runtime exited with error: signal: segmentation fault"),
        (Death(DeathCause.SIGNAL, 9), Status.EXITED, "Runtime.ExitError", "Runtime exited with error: signal: killed"),
        (
            Death(DeathCause.OUT_OF_MEMORY, 9), Status.OUT_OF_MEMORY, "Runtime.OutOfMemory",
            "Runtime exited with error: signal: killed",
        ),
    ],
)  # fmt: skip
async def test_a_death_is_lambdas_error_and_resets_the_environment(
    make: MakeEngine, death: Death, status: Status, error_type: str, message: str
) -> None:
    async def die_once(turn: Turn) -> bytes:
        if turn.environment.starts == 1:
            turn.print("last words\n")
            raise RuntimeEndedError(death)
        return turn.event

    bench = await make(FakeSandbox(die_once))

    failed, after = await bench.result(request_id="r-1"), await bench.result()

    assert failed.record.status is status
    assert json.loads(failed.payload) == {"errorType": error_type, "errorMessage": f"RequestId: r-1 Error: {message}"}
    assert "last words" in failed.log.decode()
    assert after.record.status is Status.SUCCEEDED
    assert after.record.environment_id == failed.record.environment_id  # the same environment, another process
    if status is Status.OUT_OF_MEMORY:
        assert failed.record.max_memory_mib == failed.record.memory_mib == 128


async def test_time_up_kills_and_says_so(make: MakeEngine) -> None:
    async def hang(_: Turn) -> bytes:
        await asyncio.Event().wait()
        return b""

    bench = await make(FakeSandbox(hang), deploy={"options": {"timeout_seconds": 1}})

    result = await bench.result(request_id="r-1")

    assert result.record.status is Status.TIMED_OUT
    assert json.loads(result.payload) == {
        "errorType": "Sandbox.Timedout", "errorMessage": "RequestId: r-1 Error: Task timed out after 1.00 seconds",
    }  # fmt: skip
    assert result.record.duration_ms == 1000.0
    assert "Status: timeout" in result.log.decode()
    assert " r-1 Task timed out after 1.00 seconds\n\n" in result.log.decode()


async def test_a_cancelled_invocation_ends_at_once(make: MakeEngine) -> None:
    gate = Gate()
    bench = await make(FakeSandbox(gate))

    call = asyncio.create_task(bench.result(request_id="r-1"))
    await gate.entered.acquire()
    bench.engine.cancel("r-1")

    assert (await call).record.status is Status.CANCELLED


async def test_init_that_fails_is_tried_once_more_within_the_invocation(make: MakeEngine) -> None:
    async def fail(environment: FakeEnvironment) -> None:
        raise HandlerRaisedError("Runtime.ImportModuleError", "No module named 'nope'")

    bench = await make(FakeSandbox(init=fail))

    result = await bench.result()

    log = result.log.decode()
    assert result.record.error_type == "Runtime.ImportModuleError"
    assert json.loads(result.payload)["requestId"] == ""
    assert log.count("Phase: init\tStatus: error\tError Type: Runtime.ImportModuleError") == 1
    assert log.count("Phase: invoke\tStatus: error\tError Type: Runtime.ImportModuleError") == 1
    assert len(bench.sandbox.started) == 1  # the same environment twice


async def test_init_that_fails_once_does_no_harm(make: MakeEngine) -> None:
    async def fail_first(environment: FakeEnvironment) -> None:
        if environment.starts == 1:
            raise HandlerRaisedError("Runtime.ImportModuleError", "not yet")

    bench = await make(FakeSandbox(init=fail_first))

    assert (await bench.result(b"7")).payload == b"7"


async def test_init_has_its_own_limit(make: MakeEngine) -> None:
    async def slow_first(environment: FakeEnvironment) -> None:
        if environment.starts == 1:
            await asyncio.Event().wait()

    bench = await make(FakeSandbox(init=slow_first), init_seconds=0.05)

    result = await bench.result(b"7")

    assert result.payload == b"7"
    assert "Phase: init\tStatus: timeout" in result.log.decode()


async def test_an_environment_that_can_not_be_made_is_the_callers_error(make: MakeEngine) -> None:
    bench = await make()
    bench.sandbox.refuses = True
    assert isinstance(await bench.call(), SandboxError)

    bench.sandbox.refuses = False
    assert (await bench.result()).record.status is Status.SUCCEEDED


async def test_reserved_concurrency_throttles_and_is_counted(make: MakeEngine) -> None:
    gate = Gate()
    bench = await make(FakeSandbox(gate), deploy={"reserved_concurrency": 1})

    call = asyncio.create_task(bench.result())
    await gate.entered.acquire()
    refused = await bench.call()
    gate.open.set()
    await call

    assert isinstance(refused, Throttled)
    assert refused.members["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    metrics = await bench.engine.store.metrics("f")
    assert (metrics.invocations, metrics.throttles) == (1, 1)


async def test_a_patient_caller_waits_in_line(make: MakeEngine) -> None:
    gate = Gate()
    bench = await make(FakeSandbox(gate), concurrency=1)

    calls = [asyncio.create_task(bench.result(patient=True)) for _ in range(3)]
    await gate.entered.acquire()
    gate.open.set()
    results = await asyncio.gather(*calls)

    assert [r.record.status for r in results] == [Status.SUCCEEDED] * 3
    assert len({r.record.environment_id for r in results}) == 1


async def test_memory_that_is_nowhere_free_is_a_throttle_that_names_the_budget(make: MakeEngine) -> None:
    gate = Gate()
    bench = await make(FakeSandbox(gate), budget_mib=200, budget_wait_seconds=0.05)

    call = asyncio.create_task(bench.result())
    await gate.entered.acquire()
    refused = await bench.call()
    gate.open.set()
    await call

    assert isinstance(refused, Throttled)
    assert "budget of 200 MB" in str(refused)
    assert refused.members["Reason"] == "ConcurrentInvocationLimitExceeded"


async def test_idle_environments_give_way(make: MakeEngine) -> None:
    bench = await make(budget_mib=140)
    await bench.deploy("g", "d2")

    first = await bench.result(name="f")
    second = await bench.result(name="g")

    assert (first.record.status, second.record.status) == (Status.SUCCEEDED, Status.SUCCEEDED)
    reasons = {v.function_name: v.reason for v in bench.engine.environments() if v.ended}
    assert reasons == {"f": "its memory was needed elsewhere"}


async def test_a_function_larger_than_the_budget_runs_held_at_the_budget_and_says_so(make: MakeEngine) -> None:
    bench = await make(budget_mib=200, deploy={"options": {"memory_mib": 1024}})

    result = await bench.result()

    assert result.record.memory_mib == 200
    assert b"held at 200 MB of the 1,024 MB asked for" in result.log


async def test_a_function_within_the_budget_has_no_such_line(make: MakeEngine) -> None:
    bench = await make(budget_mib=2_048, deploy={"options": {"memory_mib": 1024}})

    assert b"held at" not in (await bench.result()).log


async def test_idle_environments_freeze_and_thaw(make: MakeEngine) -> None:
    bench = await make(freeze_after_seconds=0.01)
    with bench.engine.live.watch() as watcher:
        await bench.result()
        async with asyncio.timeout(2):
            async for change in watcher.changes():
                if isinstance(change.body, EnvironmentView) and change.body.state is EnvironmentState.FROZEN:
                    break
    (environment,) = bench.sandbox.environments.values()
    assert environment.frozen

    assert (await bench.result(b"5")).payload == b"5"
    assert not environment.frozen


async def test_idle_environments_end(make: MakeEngine) -> None:
    bench = await make(freeze_after_seconds=0.01, environment_idle_seconds=0.05)
    await bench.result()

    with bench.engine.live.watch() as watcher:
        async with asyncio.timeout(2):
            async for _ in watcher.changes():
                if not bench.engine.dispatcher.environments:
                    break

    assert bench.engine.is_idle
    assert not bench.sandbox.environments


async def test_a_new_revision_does_not_reuse_old_environments(make: MakeEngine) -> None:
    gate = Gate()
    bench = await make(FakeSandbox(gate))
    old = asyncio.create_task(bench.result())
    await gate.entered.acquire()

    await bench.deploy(digest="d2")
    gate.open.set()
    before = await old
    after = await bench.result()

    assert after.record.cold
    assert after.record.environment_id != before.record.environment_id


async def test_an_unchanged_deployment_keeps_environments_warm(make: MakeEngine) -> None:
    bench = await make()
    await bench.result()

    await bench.deploy()

    assert not (await bench.result()).record.cold


async def test_versions_and_aliases_are_executed_as_asked(make: MakeEngine) -> None:
    bench = await make()
    await bench.deploy(digest="d2", alias="prod")

    assert (await bench.result(qualifier="1")).record.version == "1"
    assert (await bench.result(qualifier="prod")).record.version == "2"
    assert (await bench.result()).record.version == "$LATEST"
    assert isinstance(await bench.call(qualifier="9"), VersionNotFound)
    assert isinstance(await bench.call(name="nope"), FunctionNotFound)


async def test_recorded_before_the_answer(make: MakeEngine) -> None:
    bench = await make()

    result = await bench.result()

    found = await bench.engine.store.invocation(result.record.request_id)
    assert found is not None
    assert found[0] == result.record
    assert found[1] == result.log.decode()


async def test_stopping_ends_what_runs_with_an_error(make: MakeEngine) -> None:
    gate = Gate()
    bench = await make(FakeSandbox(gate))
    call = asyncio.create_task(bench.call())
    await gate.entered.acquire()

    await bench.engine.aclose()

    assert isinstance(await call, PlatformError)
    assert isinstance(await bench.call(), PlatformError)


async def test_every_change_is_told(make: MakeEngine) -> None:
    bench = await make()
    with bench.engine.live.watch() as watcher:
        result = await bench.result()
        told = []
        async with asyncio.timeout(2):
            async for change in watcher.changes():
                told.append(change)
                if isinstance(change.body, InvocationRecord):
                    break

    assert told[-1].body == result.record
    assert [c.number for c in told] == list(range(told[0].number, told[0].number + len(told)))


async def test_cancelled_while_it_waits_for_memory_to_wake_an_environment(make: MakeEngine) -> None:
    gate = Gate()
    bench = await make(FakeSandbox(gate), budget_mib=140, budget_wait_seconds=30.0)
    await bench.deploy("g", "d2")
    gate.open.set()
    await bench.result(name="g")
    gate.open.clear()
    busy = asyncio.create_task(bench.result(name="f"))  # reclaims nothing: 20 MB of g and 128 of f don't fit, so g goes
    await gate.entered.acquire()
    await gate.entered.acquire()

    waiting = asyncio.create_task(bench.result(name="g", request_id="r-1"))
    await asyncio.sleep(0)  # one turn: it is admitted
    assert bench.engine.dispatcher.running == 2
    bench.engine.cancel("r-1")

    assert (await waiting).record.status is Status.CANCELLED
    gate.open.set()
    assert (await busy).record.status is Status.SUCCEEDED


async def test_cancelled_during_the_repeated_init(make: MakeEngine) -> None:
    second_init = asyncio.Event()

    async def fail_then_hang(environment: FakeEnvironment) -> None:
        if environment.starts == 1:
            raise HandlerRaisedError("Runtime.ImportModuleError", "not yet")
        second_init.set()
        await asyncio.Event().wait()

    bench = await make(FakeSandbox(init=fail_then_hang), deploy={"options": {"timeout_seconds": 900}})

    call = asyncio.create_task(bench.result(request_id="r-1"))
    await second_init.wait()
    bench.engine.cancel("r-1")

    assert (await call).record.status is Status.CANCELLED
    async with asyncio.timeout(2):
        await bench.engine.dispatcher.until_quiet()
