"""Other runtimes and extensions in containers without a network: what conformance tests show of the process sandbox, once more."""

from __future__ import annotations

import base64
import json
import os
import sys

import pytest

from jupyter_lambda.client.launch import ensure_engine, stop_engine
from jupyter_lambda.sandbox.languages import CLIENTS
from tests.conformance.conftest import Keys, zipped
from tests.docker_daemon import NEEDS_DOCKER
from tests.runtime_programs import NEEDS_NODE, NODE_FOLDER, needs

pytestmark = [*NEEDS_DOCKER, pytest.mark.slow]
ROLE = "arn:aws:iam::000000000000:role/r"

EXTENSION = f"""#!{sys.executable}
import http.client, http.server, json, os, threading

api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

def call(method, path, body=None, **headers):
    api.request(method, path, body and json.dumps(body), {{name.replace("_", "-"): value for name, value in headers.items()}})
    answer = api.getresponse()
    return answer, json.loads(answer.read() or b"null")

def note(what):
    with open("/tmp/seen", "a") as file:
        file.write(json.dumps(what) + "\\n")

class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        for event in json.loads(self.rfile.read(int(self.headers["Content-Length"]))):
            note(event["type"])
        self.send_response(200)
        self.end_headers()
    def log_message(self, *arguments):
        pass

server = http.server.ThreadingHTTPServer(("sandbox.localdomain", 8080), Listener)
threading.Thread(target=server.serve_forever, daemon=True).start()
answer, _ = call("POST", "/2020-01-01/extension/register", {{"events": ["INVOKE", "SHUTDOWN"]}}, Lambda_Extension_Name="watcher")
own = {{"Lambda_Extension_Identifier": answer.getheader("Lambda-Extension-Identifier")}}
call("PUT", "/2022-07-01/telemetry", {{"schemaVersion": "2022-12-13", "types": ["platform", "function"], "buffering": {{"timeoutMs": 25}},
     "destination": {{"protocol": "HTTP", "URI": "http://sandbox.localdomain:8080"}}}}, **own)
while True:
    event = call("GET", "/2020-01-01/extension/event/next", **own)[1]
    note(event["eventType"] + " " + event.get("shutdownReason", ""))
    if event["eventType"] == "SHUTDOWN":
        break
"""
HANDLER = """
import os

def handler(event, context):
    print("handling")
    if event == "exit":
        os._exit(5)
    return open("/tmp/seen").read()
"""


@pytest.fixture(scope="module")
def client(docker_daemon, tmp_path_factory):
    """boto3 against an engine whose functions run in containers."""
    home = tmp_path_factory.mktemp("docker-runtimes") / "home"
    settings = {"node_folder": str(NODE_FOLDER)} if NODE_FOLDER.is_dir() else {}
    before = os.environ.get("DOCKER_HOST")
    os.environ["DOCKER_HOST"] = docker_daemon.host
    try:
        engine = ensure_engine(home, sandbox="docker", settings=settings)
    finally:
        if before is None:
            del os.environ["DOCKER_HOST"]
        else:
            os.environ["DOCKER_HOST"] = before
    client = Keys(engine.url, engine.access_key_id, engine.secret_access_key).client()
    yield client
    client.close()
    stop_engine(home)


def invoke(client, name, event=None):
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    return json.loads(answer["Payload"].read()), base64.b64decode(answer["LogResult"]).decode()


def test_an_extension_and_its_telemetry(client):
    layer = client.publish_layer_version(
        LayerName="watcher", Content={"ZipFile": zipped("", **{"extensions/watcher": EXTENSION})}
    )
    client.create_function(
        FunctionName="watched", Runtime="python3.11", Handler="f.handler", Role=ROLE, Code={"ZipFile": zipped(HANDLER)}, Timeout=20,
        Layers=[layer["LayerVersionArn"]],
    )  # fmt: skip
    log = invoke(client, "watched")[1]
    assert "::runtime:python3.11-docker\n" in log
    assert "EXTENSION\tName: watcher\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n" in log
    assert invoke(client, "watched", "exit")[0]["errorType"] == "Runtime.ExitError"

    seen = [json.loads(line) for line in invoke(client, "watched")[0].splitlines()]  # /tmp is the same after a reset
    assert "SHUTDOWN failure" in seen
    assert {"INVOKE ", "function", "platform.initStart", "platform.report"} <= set(seen)


@NEEDS_NODE
def test_node(client):
    source = "exports.handler = async (event) => { console.log('in', process.version); return { got: event }; };"
    client.create_function(
        FunctionName="node", Runtime="nodejs24.x", Handler="index.handler", Role=ROLE, MemorySize=512, Timeout=20,
        Code={"ZipFile": zipped("", **{"index.js": source})},
    )  # fmt: skip
    result, log = invoke(client, "node", {"a": 1})
    assert result == {"got": {"a": 1}}
    assert "INFO\tin v24." in log


@needs("ruby")
def test_a_bootstrap_that_starts_a_program_of_the_machine(client):
    bootstrap = '#!/bin/sh\nexec ruby "$LAMBDA_TASK_ROOT/runtime.rb"\n'
    source = "def handler(event:, context:)\n  puts 'in ruby'\n  event\nend\n"
    client.create_function(
        FunctionName="ruby", Runtime="provided.al2023", Handler="app.handler", Role=ROLE, MemorySize=512, Timeout=20,
        Code={"ZipFile": zipped("", bootstrap=bootstrap, **{"app.rb": source, "runtime.rb": (CLIENTS / "ruby/runtime.rb").read_text()})},
    )  # fmt: skip
    result, log = invoke(client, "ruby", [1])
    assert (result, "in ruby\n" in log) == ([1], True)
