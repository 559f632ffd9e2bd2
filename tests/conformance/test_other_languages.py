"""Functions in Go, Ruby, Java and shell, by small Runtime API clients of our own: zip with boto3, invoke, error, log.

Source: AWS Lambda Developer Guide, "Using the Lambda runtime API", "Building a custom runtime", and for each language "function errors".
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_lambda.sandbox.languages import CLIENTS
from tests.conformance.conftest import zipped
from tests.runtime_programs import NODE_FOLDER, needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "runtimes"

RUBY = """
def handler(event:, context:)
  puts "side #{event['side']}"
  raise ZeroDivisionError, "no side" if event["side"] == 0
  exit 5 if event["side"] < 0
  { side: event["side"] / 2, name: context.function_name, id: context.aws_request_id, left: context.get_remaining_time_in_millis }
end

module App
  class Greeter
    def self.greet(event:, context:)
      "hello #{event}"
    end
  end
end
"""
JAVA = """
package app;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;

public class Sides {
    public String half(String event, Map<String, String> context) {
        System.out.println("side " + event);
        int side = Integer.parseInt(event.trim());
        if (side == 0) {
            throw new IllegalStateException("no \\"side\\"", new ArithmeticException("zero"));
        }
        if (side < 0) {
            System.exit(5);
        }
        return "{\\"side\\": " + side / 2 + ", \\"id\\": \\"" + context.get("lambda-runtime-aws-request-id") + "\\"}";
    }

    public void handleRequest(InputStream in, OutputStream out) throws Exception {
        out.write(in.readAllBytes());
    }
}
"""

Call = tuple[Any, "str | None", str, str]


@pytest.fixture(scope="module")
def make(client: Any) -> Iterator[Callable[..., str]]:
    """Create a function; it lives as long as this file's tests."""
    made: list[str] = []

    def create(name: str, runtime: str, handler: str, **files: str | bytes) -> str:
        if name not in made:
            client.create_function(
                FunctionName=name, Runtime=runtime, Handler=handler, Role="arn:aws:iam::000000000000:role/r", MemorySize=512,
                Timeout=20, Code={"ZipFile": zipped("", **files)},
            )  # fmt: skip
            made.append(name)
            look = client.get_function_configuration(FunctionName=name)
            assert look["State"] == "Active", look.get("StateReason")
        return name

    yield create
    for name in made:
        client.delete_function(FunctionName=name)


def call(client: Any, name: str, event: Any) -> Call:
    """Result, FunctionError, log and request id."""
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode()
    return json.loads(answer["Payload"].read()), answer.get("FunctionError"), log, answer["ResponseMetadata"]["RequestId"]


def lines(log: str) -> list[str]:
    """An invocation's own lines: what stands between START and END."""
    text = log.splitlines()
    return text[1 + next(i for i, line in enumerate(text) if line.startswith("START")) : -2]


@needs("curl")
def test_a_shell_script(client: Any, make: Callable[..., str]) -> None:
    name = make("in-shell", "provided.al2023", "any", bootstrap=(EXAMPLES / "shell" / "bootstrap").read_text())
    result, error, log, _ = call(client, name, "hello")
    assert (result, error, lines(log)) == ({"bytes": 7}, None, ["an event of 7 bytes"])
    result, error, log, _ = call(client, name, "fail")
    assert error == "Unhandled"
    assert result == {"errorMessage": "handle ended with status 3", "errorType": "Shell.Failed"}
    assert call(client, name, [1])[0] == {"bytes": 3}


@pytest.fixture(scope="session")
def compiled_go(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The example, compiled without a module or a network."""
    program = tmp_path_factory.mktemp("go") / "bootstrap"
    variables = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOCACHE": str(NODE_FOLDER.parent / "go-cache"),  # a minute the first time on a small machine
    }
    subprocess.run(["go", "build", "-ldflags=-s -w", "-o", program, "."], cwd=EXAMPLES / "go", env=variables, check=True)
    return program.read_bytes()


@needs("go")
def test_a_compiled_program(client: Any, make: Callable[..., str], compiled_go: bytes) -> None:
    name = make("in-go", "provided.al2023", "bootstrap", bootstrap=compiled_go)
    result, error, log, request_id = call(client, name, {"side": 640})
    assert (result, error, lines(log)) == ({"side": 320, "requestId": request_id}, None, ["halving 640"])

    result, error, log, _ = call(client, name, {"side": -1})
    assert (result, error) == ({"errorMessage": "a side is not negative", "errorType": "errorString"}, "Unhandled")
    assert lines(log)[0] == "halving -1"

    result, error, log, _ = call(client, name, {"side": 0})
    assert (result["errorMessage"], result["errorType"], error) == ("nothing to halve", "string", "Unhandled")
    assert any(frame["label"] == "main.half" and frame["line"] > 0 for frame in result["stackTrace"])
    assert call(client, name, {"side": 2})[0]["side"] == 1  # in an environment that was reset


# Debian's Ruby may be older than any `ruby…` runtime: the package brings the client along.
RUBY_CLIENT = {
    "bootstrap": '#!/bin/sh\nexec ruby "$LAMBDA_TASK_ROOT/runtime.rb"\n',
    "runtime.rb": (CLIENTS / "ruby" / "runtime.rb").read_text(),
}


@needs("ruby")
def test_ruby(client: Any, make: Callable[..., str]) -> None:
    name = make("in-ruby", "provided.al2023", "app.handler", **RUBY_CLIENT, **{"app.rb": RUBY})
    result, error, log, request_id = call(client, name, {"side": 640})
    assert 10_000 < result.pop("left") <= 20_000
    assert (result, error) == ({"side": 320, "name": name, "id": request_id}, None)
    assert lines(log) == ["side 640"]

    result, error, log, _ = call(client, name, {"side": 0})
    assert (result["errorMessage"], result["errorType"], error) == ("no side", "Function<ZeroDivisionError>", "Unhandled")
    assert "app.rb:4:in `handler'" in result["stackTrace"][0]
    assert lines(log)[:2] == ["side 0", "Error raised from handler method"]

    result, error, _, _ = call(client, name, {"side": -1})
    assert (result["errorType"], error) == ("Runtime.ExitError", "Unhandled")
    assert "exit status 5" in result["errorMessage"]


@needs("ruby")
def test_a_method_of_a_ruby_class_and_one_that_is_not_there(client: Any, make: Callable[..., str]) -> None:
    greeter = make("in-ruby-class", "provided.al2023", "app.App::Greeter.greet", **RUBY_CLIENT, **{"app.rb": RUBY})
    assert call(client, greeter, "you")[0] == "hello you"
    absent = make("in-ruby-absent", "provided.al2023", "absent.handler", **RUBY_CLIENT)
    result, error, log, _ = call(client, absent, 1)
    assert (result["errorType"], error) == ("Init<LoadError>", "Unhandled")
    assert "Init error when loading handler absent.handler" in log


@pytest.fixture(scope="session")
def compiled_java(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The class files of the handlers, by their path in a package."""
    folder = tmp_path_factory.mktemp("java")
    source = folder / "Sides.java"
    source.write_text(JAVA)
    subprocess.run(["javac", "--release", "11", "-d", folder / "classes", source], check=True)
    return {str(file.relative_to(folder / "classes")): file.read_bytes() for file in (folder / "classes").rglob("*.class")}


@needs("java", "javac")
def test_java(client: Any, make: Callable[..., str], compiled_java: dict[str, bytes]) -> None:
    name = make("in-java", "java17", "app.Sides::half", **compiled_java)
    result, error, log, request_id = call(client, name, 640)
    assert (result, error) == ({"side": 320, "id": request_id}, None)
    assert lines(log) == ["side 640"]
    assert "INIT_START Runtime Version: java:" in log

    result, error, log, _ = call(client, name, 0)
    assert (result["errorMessage"], result["errorType"], error) == ('no "side"', "java.lang.IllegalStateException", "Unhandled")
    assert result["stackTrace"][0].startswith("app.Sides.half(Sides.java:")
    assert (result["cause"]["errorType"], result["cause"]["errorMessage"]) == ("java.lang.ArithmeticException", "zero")
    assert lines(log)[1] == 'java.lang.IllegalStateException: no "side"'

    result, error, _, _ = call(client, name, -1)
    assert (result["errorType"], error) == ("Runtime.ExitError", "Unhandled")
    assert "exit status 5" in result["errorMessage"]


@needs("java", "javac")
def test_a_java_stream_handler_and_a_class_that_is_not_there(
    client: Any, make: Callable[..., str], compiled_java: dict[str, bytes]
) -> None:
    name = make("in-java-bytes", "java11", "app.Sides", **compiled_java)
    assert call(client, name, {"as": ["it", "comes"]})[0] == {"as": ["it", "comes"]}
    absent = make("in-java-absent", "java17", "app.Absent", **compiled_java)
    result, error, _, _ = call(client, absent, 1)
    assert (result["errorType"], error) == ("java.lang.ClassNotFoundException", "Unhandled")


def test_a_language_that_does_not_run_here(client: Any, functions: Any) -> None:
    name = functions.create(Runtime="dotnet10")
    look = client.get_function_configuration(FunctionName=name)
    assert (look["State"], look["StateReasonCode"]) == ("Failed", "InvalidRuntime")
    assert "it is none of those that run here" in look["StateReason"]
