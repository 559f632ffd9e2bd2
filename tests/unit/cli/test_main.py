"""`jupyter lambda …` without processes: what goes to which stream, and the exit status."""

import io
import json
import shlex
from contextlib import nullcontext

import pytest

from jupyter_lambda.cli.engine_commands import export_lines, status_text
from jupyter_lambda.cli.main import main
from jupyter_lambda.cli.terminal import Terminal
from jupyter_lambda.errors import EngineUnavailable, NewerHome, RequestError
from jupyter_lambda.model.engine_api import LogEvent
from jupyter_lambda.model.runtime_file import RuntimeFile
from jupyter_lambda.testing.engine_client import FakeEngineClient

RUNTIME = RuntimeFile(
    host="here", boot_id="b", pid=4127, started=1.0, url="http://127.0.0.1:4566", socket="/s", token="secret", protocol=1,
    version="0.1", home="/home/lambda", sandbox="process", access_key_id="AKIA", secret_access_key="it's a secret",
)  # fmt: skip


class FakeEngines:
    def __init__(self, client, *, running=True, fails=None):
        self.client, self.running, self.fails, self.asked = client, running, fails, []

    def ensure(self, home, **options):
        self.asked.append((home, options))
        if self.fails:
            raise self.fails
        self.running = True
        return RUNTIME

    def find(self, home):
        self.asked.append((home, None))
        return RUNTIME if self.running else None

    def stop(self, home):
        was, self.running = self.running, False
        return was

    def connected(self, runtime):
        return nullcontext(self.client)


class Shell:
    """Runs commands and keeps what they wrote."""

    def __init__(self, **engines):
        self.client = FakeEngineClient()
        self.engines = FakeEngines(self.client, **engines)

    def run(self, line, stdin=b""):
        out, err = io.BytesIO(), io.StringIO()
        status = main(shlex.split(line), engines=self.engines, terminal=Terminal(out, err, io.BytesIO(stdin)))
        self.out, self.err = out.getvalue(), err.getvalue()
        return status


@pytest.fixture
def shell():
    shell = Shell()
    shell.client.add("double", lambda event: event * 2)
    shell.client.add("fail", lambda event: event["missing"])
    return shell


def test_start_prints_exactly_the_contract_line():
    shell = Shell(running=False)
    assert shell.run("engine start --home /h --port 4566 --sandbox process --set idle_seconds=60 --set concurrency=2") == 0
    assert json.loads(shell.out) == {"url": "http://127.0.0.1:4566", "pid": 4127, "home": "/home/lambda", "sandbox": "process"}
    assert shell.out.count(b"\n") == 1
    home, options = shell.engines.asked[-1]
    assert home == "/h"
    assert options["port"] == 4566
    assert options["settings"] == {"idle_seconds": "60", "concurrency": "2"}


def test_starting_twice_prints_the_same_line_and_says_that_options_change_nothing(shell):
    assert shell.run("engine start --port 1") == 0
    assert json.loads(shell.out)["pid"] == 4127
    assert "runs already" in shell.err


def test_auth_any_is_loud():
    shell = Shell(running=False)
    shell.run("engine start --auth any")
    assert "WARNING" in shell.err


def test_status_as_json_and_as_text(shell):
    assert shell.run("engine status --json") == 0
    facts = json.loads(shell.out)
    assert {"url", "pid", "home", "sandbox", "environments", "version", "protocol", "runtime_file"} <= facts.keys()
    assert shell.run("engine status") == 0
    assert b"sandbox" in shell.out


def test_status_of_no_engine_is_3_with_an_empty_result():
    shell = Shell(running=False)
    assert shell.run("engine status --json") == 3
    assert shell.out == b""
    assert "isn't running" in shell.err


def test_stop(shell):
    assert shell.run("engine stop") == 0
    assert shell.run("engine stop") == 3


def test_env_prints_lines_for_eval(shell):
    assert shell.run("env") == 0
    lines = shell.out.decode().splitlines()
    assert "export AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:4566" in lines
    assert "export AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=http://127.0.0.1:4566" in lines
    assert "export AWS_ENDPOINT_URL_CLOUDWATCH=http://127.0.0.1:4566" in lines
    assert shlex.split(lines[4]) == ["export", "AWS_SECRET_ACCESS_KEY=it's a secret"]
    assert "export AWS_DEFAULT_REGION=us-east-1" in lines


def test_env_overrides_what_would_win_over_it():
    lines = export_lines(RUNTIME, {"AWS_SESSION_TOKEN": "of another account", "AWS_REGION": "eu-central-1"})
    assert "export AWS_SESSION_TOKEN=''" in lines
    assert "export AWS_REGION=us-east-1" in lines
    assert not any("of another account" in line for line in lines)


def test_invoke_writes_the_payload_and_nothing_else(shell):
    assert shell.run("invoke double --event 21") == 0
    assert (shell.out, shell.err) == (b"42", "")


def test_invoke_reads_standard_input_and_files(shell, tmp_path):
    assert shell.run("invoke double --event -", b'"ab"') == 0
    assert shell.out == b'"abab"'
    (tmp_path / "event.json").write_text("[1]")
    assert shell.run(f"invoke double --event @{tmp_path}/event.json") == 0
    assert shell.out == b"[1, 1]"


def test_a_failing_function_is_1_and_its_error_is_the_result(shell):
    assert shell.run("invoke fail") == 1
    assert json.loads(shell.out)["errorType"] == "KeyError"
    assert "failed" in shell.err


def test_tail_goes_to_standard_error(shell):
    assert shell.run("invoke double --event 1 --tail") == 0
    assert shell.out == b"2"
    assert "START\nEND\n" in shell.err


def test_async_answers_the_request_id(shell):
    assert shell.run("invoke double --event 1 --async") == 0
    assert shell.out.decode().strip() == shell.client.records[-1].request_id
    assert shell.client.records[-1].invocation_type == "Event"


def test_logs_follow_until_the_end(shell):
    shell.client.log_events = [
        LogEvent(sequence=n, timestamp=1.0, request_id="r", log_stream="s", text=f"line {n}\n") for n in (1, 2)
    ]
    assert shell.run("logs double --follow") == 0
    assert shell.out == b"line 1\nline 2\n"


@pytest.mark.parametrize(
    ("line", "status", "says"),
    [
        ("", 2, "jupyter lambda COMMAND"),
        ("lst", 2, 'Did you mean "list"'),
        ("enginee start", 2, 'Did you mean "engine"'),
        ("engine", 2, "start, status, stop"),
        ("engine strat", 2, 'Did you mean "start"'),
        ("engine start --port many", 2, "invalid int value"),
        ("engine start --sandbox podman", 2, "invalid choice"),
        ("engine start --set idle_seconds", 2, "a setting is NAME=VALUE"),
        ("show", 2, "usage: jupyter lambda show"),
        ("show a --jsn", 2, 'Did you mean "--json"'),
        ("versions a 1 2 3", 2, "two versions at most"),
        ("alias double prod=x", 2, "is not a version's number"),
        ("invoke double --event @/no/such/file", 2, "the file can't be read"),
        ("metrics double --since yesterday", 2, "no span of time"),
        ("--home", 2, "its value is missing"),
        ("show doubel", 4, 'Did you mean "double"'),
        ("rm double --qualifier 9", 4, "there is no such version"),
    ],
)
def test_says_what_went_wrong_on_standard_error(shell, line, status, says):
    assert shell.run(line) == status
    assert shell.out == b""
    assert says in shell.err


@pytest.mark.parametrize(
    "error", [EngineUnavailable("engine", "it did not start"), NewerHome("home", "written by a newer version")]
)
def test_no_engine_is_3(error):
    shell = Shell(running=False, fails=error)
    assert shell.run("list") == 3
    assert error.what in shell.err


def test_a_start_with_an_option_out_of_range_is_wrong_use():
    shell = Shell(running=False, fails=RequestError('setting "nope"', "there is no such setting"))
    assert shell.run("engine start --set nope=3") == 2
    assert "there is no such setting" in shell.err


def test_the_home_may_stand_on_either_side(shell):
    shell.run("--home /a list")
    shell.run("list --home /b")
    shell.run("--home=/c engine status")
    assert [home for home, _ in shell.engines.asked] == ["/a", "/b", "/c"]


def test_help_is_a_result(shell):
    assert shell.run("--help") == 0
    assert b"engine start|status|stop" in shell.out
    assert shell.run("alias -h") == 0
    assert b"--rollback" in shell.out


def test_json_of_every_reading_command(shell):
    for line in ("list", "show double", "metrics double", "versions double", "alias double", "logs double"):
        assert shell.run(f"{line} --json") == 0
        json.loads(shell.out)


def test_the_status_says_why_this_sandbox(shell):
    assert "process: Docker doesn't answer." in status_text(shell.client.status())
