"""A handle inside a function becomes a small client: it invokes by name over the environment's own port, or with boto3 on AWS."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from jupyter_lambda.capture.package_reference import package_module


class Handle:
    """What the client's handles look like to a capture."""

    def __init__(self, name):
        self.__jupyter_lambda_function__ = name
        self.lock = threading.Lock()

    def __call__(self, event):
        raise RuntimeError("the notebook's handle travelled")


class LambdaPort(BaseHTTPRequestHandler):
    """The Lambda API as an environment's port serves it."""

    seen: ClassVar[list] = []
    answer: ClassVar[tuple] = (200, {}, b"null")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).seen.append((self.path, self.headers["X-Amz-Invocation-Type"], json.loads(body)))
        status, headers, content = type(self).answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words):
        pass


@pytest.fixture
def port(monkeypatch):
    LambdaPort.seen = []
    server = HTTPServer(("127.0.0.1", 0), LambdaPort)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", f"127.0.0.1:{server.server_port}")
    yield LambdaPort
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def function():
    return package_module("functions").LambdaFunction("resize")


def test_a_handle_is_captured_as_a_client(notebook, deploy, call, port, monkeypatch):
    notebook.namespace["resize"] = Handle("resize")
    notebook.run("def both(x):\n    return [resize(x), tools['r'](x)]")
    notebook.namespace["tools"] = {"r": notebook["resize"]}
    port.answer = (200, {}, b'{"side": 320}')
    capture = deploy("def handler(event, context):\n    return both(event)")
    assert call(capture, {"side": 640}) == {"result": [{"side": 320}] * 2}
    assert port.seen == [("/2015-03-31/functions/resize/invocations", "RequestResponse", {"side": 640})] * 2
    (row,) = [t for t in capture.report.taken if t.name == "resize"]
    assert (row.type_text, row.notes[0].text) == ("Lambda function", "calls the function `resize` by its name")


def test_invokes_a_qualifier_and_events(port, function):
    port.answer = (202, {}, b"")
    assert function.invoke([1], qualifier="prod", invocation_type="Event") is None
    assert port.seen == [("/2015-03-31/functions/resize/invocations?Qualifier=prod", "Event", [1])]


def test_a_failing_function_raises_with_its_error(port, function):
    port.answer = (200, {"X-Amz-Function-Error": "Unhandled"}, b'{"errorType": "ValueError", "errorMessage": "boom"}')
    with pytest.raises(package_module("functions").FunctionError, match='function "resize" failed: ValueError: boom') as caught:
        function({})
    assert (caught.value.error_type, caught.value.error_message) == ("ValueError", "boom")


def test_a_refused_call_says_why(port, function):
    port.answer = (404, {"X-Amzn-ErrorType": "ResourceNotFoundException"}, b'{"Message": "Function not found: resize"}')
    with pytest.raises(RuntimeError, match='function "resize" could not be invoked: Function not found: resize'):
        function({})


def test_on_aws_boto3_takes_over(port, function, monkeypatch):
    calls = []

    class Client:
        def invoke(self, **arguments):
            calls.append(arguments)
            return {"Payload": type("Body", (), {"read": lambda self: b"5"})()}

    monkeypatch.setitem(__import__("sys").modules, "boto3", type("boto3", (), {"client": staticmethod(lambda name: Client())}))
    port.answer = (404, {}, b"404 page not found")
    assert function.invoke(1, qualifier="2") == 5
    assert calls == [{"FunctionName": "resize", "Payload": b"1", "InvocationType": "RequestResponse", "Qualifier": "2"}]
