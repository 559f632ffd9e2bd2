"""Extensions: real processes of a layer and threads of the runtime, their events, their failures, and the telemetry they get.

Source: AWS Lambda Developer Guide, "Using the Lambda Extensions API to create extensions", "Understanding the Lambda execution
environment lifecycle", "Lambda Telemetry API reference".
"""

from __future__ import annotations

import base64
import http.server
import json
import queue
import re
import sys
import threading
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.conftest import zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conformance.conftest import Functions

# Tells the test of every event; what else it does is in the function's variable MODE.
WATCHER = f"""#!{sys.executable}
import http.client, http.server, json, os, socket, sys, threading, time

api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
modes = os.environ["MODE"].split(",")
telemetry = []

def call(method, path, body=None, **headers):
    api.request(method, path, body and json.dumps(body), {{name.replace("_", "-"): value for name, value in headers.items()}})
    answer = api.getresponse()
    return answer, json.loads(answer.read() or b"null")

def tell(what):
    test = http.client.HTTPConnection("127.0.0.1", int(os.environ["TEST_PORT"]))
    test.request("POST", "/", json.dumps(what))
    test.getresponse().read()

class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        tell({{"telemetry": json.loads(self.rfile.read(int(self.headers["Content-Length"])))}})
        self.send_response(200)
        self.end_headers()
    def log_message(self, *arguments):
        pass

def lines(server):
    while True:
        connection, _ = server.accept()
        tell({{"telemetry": [json.loads(line) for line in connection.makefile()]}})

if "crash-in-init" in modes:
    sys.exit(3)
print("watching", os.environ.get("_HANDLER"), flush=True)
answer, about = call("POST", "/2020-01-01/extension/register", {{"events": ["INVOKE", "SHUTDOWN"]}}, Lambda_Extension_Name="watcher",
                     Lambda_Extension_Accept_Feature="accountId")
own = {{"Lambda_Extension_Identifier": answer.getheader("Lambda-Extension-Identifier")}}
tell({{"registered": about, "status": answer.status}})
if "init-error" in modes:
    call("POST", "/2020-01-01/extension/init/error", {{}}, Lambda_Extension_Function_Error_Type="Extension.NoKey", **own)
    sys.exit(1)
for protocol in ("HTTP", "TCP"):
    if protocol in modes:
        if protocol == "HTTP":
            server = http.server.ThreadingHTTPServer(("sandbox.localdomain", 0), Listener)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            destination = {{"protocol": "HTTP", "URI": f"http://sandbox.localdomain:{{server.server_port}}/sink"}}
        else:
            server = socket.create_server(("127.0.0.1", 0))
            threading.Thread(target=lines, args=(server,), daemon=True).start()
            destination = {{"protocol": "TCP", "URI": f"tcp://sandbox.localdomain:{{server.getsockname()[1]}}"}}
        wrong, fault = call("PUT", "/2022-07-01/telemetry", {{"schemaVersion": "2022-12-13", "types": []}}, **own)
        answer, said = call("PUT", "/2022-07-01/telemetry", {{
            "schemaVersion": "2025-01-29", "types": ["platform", "function", "extension"], "destination": destination,
            "buffering": {{"timeoutMs": 25}}}}, **own)
        tell({{"subscribed": said, "status": answer.status, "wrong": [wrong.status, fault]}})
while True:
    answer, event = call("GET", "/2020-01-01/extension/event/next", **own)
    tell(event)
    if event["eventType"] == "SHUTDOWN":
        break
    print("saw", event["requestId"], flush=True)
    if "slow" in modes:
        time.sleep(0.3)
    if "crash" in modes:
        os._exit(9)
"""

HANDLER = """
import os, time

def handler(event, context):
    print("handling", event)
    if event == "exit":
        os._exit(4)
    if event == "sleep":
        time.sleep(30)
    return os.getpid()
"""


@pytest.fixture
def told() -> Iterator[Any]:
    """What extensions tell; `next(key)` waits for something that has this key."""
    heard: queue.Queue[dict[str, Any]] = queue.Queue()

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    class Told:
        port = str(server.server_port)

        def next(self, key: str) -> dict[str, Any]:
            while True:
                what = heard.get(timeout=20)
                if key in what:
                    return what

    yield Told()
    server.shutdown()
    server.server_close()


@pytest.fixture
def watched(client: Any, functions: Functions, told: Any) -> Callable[..., str]:
    """Make a function with the watcher in a layer."""

    def make(mode: str = "", source: str = HANDLER, program: str = WATCHER, **options: Any) -> str:
        layer = client.publish_layer_version(
            LayerName=f"watcher-{uuid.uuid4().hex[:8]}", Content={"ZipFile": zipped("", **{"extensions/watcher": program})}
        )
        variables = {"MODE": mode, "TEST_PORT": told.port}
        options = {"Timeout": 10, **options}
        return functions.create(source, Layers=[layer["LayerVersionArn"]], Environment={"Variables": variables}, **options)

    return make


def invoke(client: Any, name: str, event: Any = None) -> tuple[Any, str, Any]:
    """Result, log, and the answer."""
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    return json.loads(answer["Payload"].read()), base64.b64decode(answer["LogResult"]).decode(), answer


def test_an_extension_gets_its_events(client: Any, functions: Functions, told: Any, watched: Callable[..., str]) -> None:
    name = watched()
    before = datetime.now(tz=UTC).timestamp() * 1000  # noqa: TID251 - the engine's clock is the machine's
    _, log, answer = invoke(client, name, 1)
    request_id = answer["ResponseMetadata"]["RequestId"]

    about = told.next("registered")
    assert (about["status"], about["registered"]) == (
        200, {"functionName": name, "functionVersion": "$LATEST", "handler": "f.handler", "accountId": "000000000000"},
    )  # fmt: skip
    event = told.next("eventType")
    assert (event["eventType"], event["requestId"]) == ("INVOKE", request_id)
    assert event["invokedFunctionArn"] == f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    assert before + 9_000 < event["deadlineMs"] < before + 20_000
    assert event["tracing"]["type"] == "X-Amzn-Trace-Id"
    assert "EXTENSION\tName: watcher\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n" in log
    assert "watching None\n" in log
    assert f"saw {request_id}\n" in log
    assert "handling 1\n" in log

    invoke(client, name, 2)
    assert told.next("eventType")["eventType"] == "INVOKE"
    client.delete_function(FunctionName=name)
    last = told.next("eventType")
    assert (last["eventType"], last["shutdownReason"]) == ("SHUTDOWN", "spindown")


def test_an_invocation_lasts_until_its_extensions_are_done(client: Any, watched: Callable[..., str]) -> None:
    name = watched("slow")
    pid, log, _ = invoke(client, name)
    report = re.search(r"REPORT.*\tDuration: ([\d.]+) ms\tBilled Duration: (\d+) ms", log)
    assert report is not None
    assert float(report[1]) >= 300
    assert int(report[2]) >= 300
    assert invoke(client, name)[0] == pid


@pytest.mark.parametrize(
    ("mode", "program", "error_type", "reason", "line"),
    [
        ("crash-in-init", WATCHER, "Extension.Crash", "exit status 3", "State: Started\tEvents: []\tError Type: Extension.Crash"),
        (
            "init-error", WATCHER, "Extension.InitError", "Extension.NoKey",
            "State: InitError\tEvents: [INVOKE, SHUTDOWN]\tError Type: Extension.NoKey",
        ),
        (
            "", "#!/nowhere\n", "Extension.LaunchError", "No such file or directory",
            "State: LaunchError\tEvents: []\tError Type: Extension.LaunchError",
        ),
    ],
)  # fmt: skip
def test_an_extension_that_can_not_start(
    client: Any, watched: Callable[..., str], mode: str, program: str, error_type: str, reason: str, line: str
) -> None:
    result, log, answer = invoke(client, watched(mode, program=program))
    assert answer["FunctionError"] == "Unhandled"
    assert result["errorType"] == error_type
    assert result["errorMessage"].endswith(f"Error: {reason}")
    assert f"EXTENSION\tName: watcher\t{line}\n" in log
    assert f"Phase: init\tStatus: error\tError Type: {error_type}" in log


def test_an_extension_that_crashes_ends_the_invocation(client: Any, watched: Callable[..., str]) -> None:
    name = watched("crash")
    result, log, answer = invoke(client, name, "sleep")
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert (answer["FunctionError"], result["errorType"]) == ("Unhandled", "Extension.Crash")
    assert result["errorMessage"] == f"RequestId: {request_id} Error: exit status 9"
    assert "Status: error\tError Type: Extension.Crash" in log


@pytest.mark.parametrize(
    ("event", "timeout", "error_type", "reason"),
    [("exit", 10, "Runtime.ExitError", "failure"), ("sleep", 2, "Sandbox.Timedout", "timeout")],
)
def test_extensions_are_told_why_an_environment_is_reset(
    client: Any, told: Any, watched: Callable[..., str], event: str, timeout: int, error_type: str, reason: str
) -> None:
    name = watched(Timeout=timeout)
    result, _, _ = invoke(client, name, event)
    assert result["errorType"] == error_type
    assert told.next("eventType")["eventType"] == "INVOKE"
    assert told.next("eventType")["shutdownReason"] == reason
    assert isinstance(invoke(client, name)[0], int)


@pytest.mark.parametrize("protocol", ["HTTP", "TCP"])
def test_telemetry_arrives(client: Any, told: Any, watched: Callable[..., str], protocol: str) -> None:
    name = watched(protocol)
    _, log, answer = invoke(client, name, "said")
    request_id = answer["ResponseMetadata"]["RequestId"]
    subscribed = told.next("subscribed")
    assert (subscribed["subscribed"], subscribed["status"]) == ("OK", 200)
    status, fault = subscribed["wrong"]
    assert (status, fault["errorType"]) == (400, "ValidationError")
    assert "types should not be empty" in fault["errorMessage"]
    assert "URI port is not provided" in fault["errorMessage"]
    assert "TELEMETRY\tName: watcher\tState: Subscribed\tTypes: [platform, function, extension]\n" in log

    events: dict[str, list[Any]] = {}
    while "platform.report" not in events:
        for event in told.next("telemetry")["telemetry"]:
            events.setdefault(event["type"], []).append(event["record"])
    assert events["function"] == ["handling said"]
    assert "watching None" in events["extension"]
    assert {"platform.initStart", "platform.telemetrySubscription", "platform.initRuntimeDone", "platform.extension",
            "platform.initReport", "platform.start", "platform.runtimeDone", "platform.report"} <= events.keys()  # fmt: skip
    assert events["platform.start"][0]["requestId"] == events["platform.report"][0]["requestId"] == request_id
    assert events["platform.report"][0]["status"] == "success"


INTERNAL = """
import http.client, json, os, queue, threading

api, seen = os.environ["AWS_LAMBDA_RUNTIME_API"], queue.Queue()

def call(connection, method, path, body=None, **headers):
    connection.request(method, path, body and json.dumps(body), {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read()), answer

def register(name, *events):
    return call(http.client.HTTPConnection(api), "POST", "/2020-01-01/extension/register", {"events": events}, Lambda_Extension_Name=name)

too_much = register("inside", "INVOKE", "SHUTDOWN")[:2]
status, about, answer = register("inside", "INVOKE")
own = {"Lambda_Extension_Identifier": answer.getheader("Lambda-Extension-Identifier")}
twice = register("inside")[:2]
logs = call(http.client.HTTPConnection(api), "PUT", "/2020-08-15/logs", {}, **own)[:2]

def watch():
    connection = http.client.HTTPConnection(api)
    while True:
        seen.put(call(connection, "GET", "/2020-01-01/extension/event/next", **own)[1])

threading.Thread(target=watch, daemon=True).start()

def handler(event, context):
    late = register("late")[:2]
    connection = http.client.HTTPConnection(api)
    path = "/2020-01-01/extension/event/next"
    wrong = [call(connection, "GET", path, **headers)[:2] for headers in (
        {}, {"Lambda_Extension_Identifier": "x"}, {"Lambda_Extension_Identifier": "00000000-0000-4000-8000-000000000000"})]
    return {"event": seen.get(timeout=5), "id": context.aws_request_id, "status": status, "too_much": too_much, "twice": twice,
            "logs": logs, "late": late, "wrong": wrong}
"""


SIGTERM = """
import http.client, json, os, signal, sys, threading

def call(address, path, body, method="POST", **headers):
    connection = http.client.HTTPConnection(address)
    connection.request(method, path, json.dumps(body), headers)
    return connection.getresponse()

def end(number, frame):
    call(f"127.0.0.1:{os.environ['TEST_PORT']}", "/", {"signal": number, "mode": os.environ["MODE"]})
    sys.exit(0)

signal.signal(signal.SIGTERM, end)
if os.environ["MODE"] == "internal":
    api, path = os.environ["AWS_LAMBDA_RUNTIME_API"], "/2020-01-01/extension/"
    answer = call(api, path + "register", {"events": []}, **{"Lambda-Extension-Name": "inside"})
    own = {"Lambda-Extension-Identifier": answer.getheader("Lambda-Extension-Identifier")}
    threading.Thread(target=call, args=(api, path + "event/next", {}, "GET"), kwargs=own, daemon=True).start()

def handler(event, context):
    return event
"""


def test_the_runtime_is_asked_to_end_where_there_are_extensions(client: Any, told: Any, watched: Callable[..., str]) -> None:
    name = watched(source=SIGTERM)
    assert invoke(client, name, 1)[0] == 1
    client.delete_function(FunctionName=name)
    assert told.next("signal")["signal"] == 15
    assert told.next("eventType")["eventType"] == "SHUTDOWN"


def test_an_internal_one_is_enough_and_without_any_the_runtime_just_ends(client: Any, functions: Functions, told: Any) -> None:
    for mode in ("none", "internal"):
        name = functions.create(SIGTERM, Environment={"Variables": {"MODE": mode, "TEST_PORT": told.port}}, Timeout=10)
        assert invoke(client, name, 1)[0] == 1
        client.delete_function(FunctionName=name)
    assert told.next("signal") == {"signal": 15, "mode": "internal"}


def test_an_internal_extension_and_what_it_is_refused(client: Any, functions: Functions) -> None:
    name = functions.create(INTERNAL, Timeout=10)
    result, log, _ = invoke(client, name)
    assert (result["status"], result["event"]["requestId"]) == (200, result["id"])
    refused = {key: (result[key][0], result[key][1]["errorType"]) for key in ("too_much", "twice", "logs", "late")}
    assert refused == {
        "too_much": (403, "Extension.InvalidEventType"), "twice": (403, "Extension.InvalidExtensionState"),
        "logs": (202, "Logs.NotSupported"), "late": (403, "Extension.RegistrationClosed"),
    }  # fmt: skip
    assert [answer["errorType"] for _, answer in result["wrong"]] == [
        "Extension.MissingExtensionIdentifier", "Extension.InvalidExtensionIdentifier", "Extension.UnknownExtensionIdentifier",
    ]  # fmt: skip
    assert "EXTENSION\tName: inside\tState: Ready\tEvents: [INVOKE]\n" in log
    assert invoke(client, name)[0]["event"]["eventType"] == "INVOKE"
