from __future__ import annotations

import hashlib
import threading
from contextlib import closing

import msgspec
import pytest

from jupyter_lambda.client.engine_client import EngineClient
from jupyter_lambda.errors import (
    AccessDenied,
    AliasNotFound,
    Conflict,
    EngineUnavailable,
    FunctionNotFound,
    InvocationNotFound,
    OwnedByAnotherNotebook,
    RequestError,
    VersionNotFound,
)
from jupyter_lambda.model.engine_api import AliasRequest, ConfigurationChange, DeployRequest, LogEvent
from jupyter_lambda.model.function import PythonEnvironment
from jupyter_lambda.model.invocation import Status
from jupyter_lambda.testing.engine_server import EngineServer

pytestmark = pytest.mark.anyio


def test_says_who_answers(client):
    assert client.hello().sandbox == "process"
    assert client.status().pid == 1


def test_stop_and_drain(server, client):
    client.stop()
    assert server.stopped == "stop"
    client.stop(drain=True)
    assert server.stopped == "drain"


def test_reads_functions(server, client):
    server.engine.add("other", memory_mib=512)

    assert [detail.function.name for detail in client.functions()] == ["echo", "other"]
    assert client.function("other").function.latest.configuration.memory_mib == 512


def test_deploys(server, client):
    request = DeployRequest(
        package_sha256="0" * 64, content_digest="d", handler="m.f", runtime="python3.11", notebook="a.ipynb",
        python=PythonEnvironment(executable="python3", prefix="", base_prefix="", version="3.11.7"), options={"memory_mib": 256},
    )  # fmt: skip

    answer = client.deploy("fresh", request)

    assert (answer.created, answer.version) == (True, "1")
    with pytest.raises(OwnedByAnotherNotebook) as raised:
        client.deploy("fresh", msgspec.structs.replace(request, notebook="b.ipynb"))
    assert raised.value.where == 'function "fresh"'
    assert raised.value.suggestion == "Add --take-over to the line."


def test_versions_and_aliases(server, client):
    client.configure("echo", ConfigurationChange(options={"memory_mib": 1024}))
    assert client.publish("echo", description="bigger").version == "2"
    assert client.version("echo", "2").description == "bigger"
    assert client.difference("echo", "1", "2").configuration == {"memory_mib": (128, 1024)}

    alias = client.put_alias("echo", "prod", AliasRequest(version="1", additional_version="2", additional_weight=0.1))
    assert client.function("echo").aliases == (alias,)
    with pytest.raises(Conflict):
        client.delete("echo", qualifier="1")
    client.delete_alias("echo", "prod")
    client.delete("echo", qualifier="1")
    client.delete("echo")
    assert client.functions() == ()


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda c: c.function("ecco"), FunctionNotFound),
        (lambda c: c.version("echo", "9"), VersionNotFound),
        (lambda c: c.delete_alias("echo", "none"), AliasNotFound),
        (lambda c: c.invocation("nothing"), InvocationNotFound),
        (lambda c: c.cancel("nothing"), InvocationNotFound),
        (lambda c: c.invoke("ecco", b"{}"), FunctionNotFound),
        (lambda c: c.open_batch("ecco"), FunctionNotFound),
        (lambda c: list(c.follow_logs("ecco")), FunctionNotFound),
    ],
)
def test_raises_what_the_engine_raised(client, call, kind):
    with pytest.raises(kind):
        call(client)


def test_an_errors_three_parts_survive(client):
    with pytest.raises(FunctionNotFound) as raised:
        client.function("ecco")

    assert (raised.value.where, raised.value.what) == ('function "ecco"', "there is no such function")
    assert raised.value.suggestion == 'Did you mean "echo"?'


def test_uploads_a_package_once(server, client, tmp_path):
    package = tmp_path / "package.zip"
    package.write_bytes(b"z" * 3_000_000)

    sha256 = client.upload_blob(package)

    assert sha256 == hashlib.sha256(b"z" * 3_000_000).hexdigest()
    assert server.blobs == {sha256: b"z" * 3_000_000}
    server.requests.clear()
    assert client.upload_blob(b"z" * 3_000_000) == sha256
    assert server.requests == [f"HEAD /engine/v1/blobs/{sha256}"]


def test_a_package_that_is_not_there(client, tmp_path):
    with pytest.raises(RequestError, match="can't be read"):
        client.upload_blob(tmp_path / "none.zip")


def test_logs_metrics_environments(server, client):
    server.engine.log_events = [
        LogEvent(sequence=n, timestamp=float(n), request_id=f"r{n}", log_stream="s", text=f"line {n}\n") for n in (1, 2)
    ]
    client.invoke("echo", b"{}")

    assert [event.text for event in client.logs("echo", since=1.5)] == ["line 2\n"]
    assert [event.request_id for event in client.follow_logs("echo")] == ["r1", "r2"]
    assert client.metrics("echo").invocations == 1
    assert [record.function_name for record in client.invocations("echo")] == ["echo"]
    assert client.environments()[0].environment_id == "e1"
    client.end_environment("e1")
    assert server.ended_environments == ["e1"]


def test_invoke_gives_payload_record_and_log(client):
    result = client.invoke("echo", b'{"a": 1}', request_id="11111111-2222-3333-4444-555555555555")

    assert (result.payload, result.log) == (b'{"a": 1}', b"START\nEND\n")
    assert (result.record.request_id, result.record.status) == ("11111111-2222-3333-4444-555555555555", Status.SUCCEEDED)
    assert client.invocation(result.record.request_id).record == result.record


def test_names_are_quoted(server, client):
    with pytest.raises(FunctionNotFound):
        client.function("arn:aws:lambda:us-east-1:000000000000:function:a/b?c")

    assert server.requests[-1] == "GET /engine/v1/functions/arn:aws:lambda:us-east-1:000000000000:function:a/b?c"


def test_an_event_is_queued(client):
    result = client.invoke("echo", b"{}", invocation_type="Event", request_id="r1")

    assert (result.record.status, result.record.request_id, result.payload) == (Status.QUEUED, "r1", b"")
    assert client.invoke("echo", b"{}", invocation_type="DryRun").record.status is Status.SUCCEEDED
    with pytest.raises(RequestError, match="no such type"):
        client.invoke("echo", b"{}", invocation_type="event\r\n")


async def test_invokes_on_a_loop(server, client):
    result = await client.ainvoke("echo", b"[1]")

    assert result.payload == b"[1]"
    await client.ainvoke("echo", b"[2]")
    assert server.connections == 1


# -- engines that go away -----------------------------------------------------------------------------------------------------


@pytest.fixture
def replaced(short_folder):
    """A client whose engine ends; `connect` starts another one at the same path with another token."""

    class World:
        starts = 0
        server = EngineServer(short_folder / "engine.sock", token="first")

        def connect(self):
            self.starts += 1
            self.server = EngineServer(short_folder / "engine.sock", token=f"next{self.starts}")
            self.server.engine.add("echo")
            return self.server.start().runtime

    world = World()
    world.server.engine.add("echo")
    world.server.start()
    world.client = EngineClient(world.server.runtime, world.connect)
    with closing(world.client):
        yield world
    world.server.close()


def test_a_client_outlives_its_engine(replaced):
    replaced.client.invoke("echo", b"1")
    replaced.server.close()

    assert replaced.client.invoke("echo", b"2").payload == b"2"
    assert replaced.starts == 1


def test_an_engine_that_went_before_the_first_call(replaced):
    replaced.server.close()

    assert replaced.client.hello().protocol == 1


def test_another_engine_at_the_same_path_does_not_know_our_token(replaced):
    """Somebody else found the engine dead and started a new one."""
    replaced.server.close()
    replaced.connect()

    def connect():
        return replaced.server.runtime

    with closing(EngineClient(msgspec.structs.replace(replaced.server.runtime, token="old"), connect)) as client:
        assert client.invoke("echo", b"3").payload == b"3"


def test_a_wrong_token_without_another_engine_is_refused(server):
    runtime = msgspec.structs.replace(server.runtime, token="wrong")

    for connect in (None, lambda: runtime):
        with closing(EngineClient(runtime, connect)) as client, pytest.raises(AccessDenied):
            client.hello()


def test_an_invocation_cut_in_the_middle_is_not_sent_again(replaced):
    replaced.server.die_after_reading = True

    with pytest.raises(EngineUnavailable, match="may have been done"):
        replaced.client.invoke("echo", b"1")
    assert replaced.starts == 0
    assert replaced.client.invoke("echo", b"2").payload == b"2"


def test_what_does_no_harm_twice_is_sent_again(replaced):
    replaced.server.die_after_reading = True

    assert replaced.client.function("echo").function.name == "echo"
    assert replaced.starts == 1


def test_nobody_may_start_an_engine(server, client):
    server.close()

    with pytest.raises(EngineUnavailable, match="no engine listens") as raised:
        client.hello()
    assert "engine start" in raised.value.suggestion


async def test_a_client_outlives_its_engine_on_a_loop(replaced):
    await replaced.client.ainvoke("echo", b"1")
    replaced.server.close()

    assert (await replaced.client.ainvoke("echo", b"2")).payload == b"2"
    replaced.server.die_after_reading = True
    with pytest.raises(EngineUnavailable, match="may have been done"):
        await replaced.client.ainvoke("echo", b"3")


def test_idle_connections_that_the_engine_closed_are_no_trouble(server, client):
    client.hello()
    server.close_connections()

    assert client.invoke("echo", b"1").payload == b"1"


def test_one_of_many_threads_finds_the_new_engine(replaced):
    replaced.server.close()
    results = []
    threads = [threading.Thread(target=lambda: results.append(replaced.client.invoke("echo", b"7").payload)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert (results, replaced.starts) == ([b"7"] * 5, 1)
