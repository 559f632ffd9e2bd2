"""The engine's command line, as `engine start` hands it on."""

from pathlib import Path

import pytest

from jupyter_lambda.client.launch import EngineOptions
from jupyter_lambda.errors import RequestError, SandboxError
from jupyter_lambda.service.arguments import Arguments, parse_arguments, ready_descriptor
from jupyter_lambda.service.sandbox_choice import choose_sandbox
from jupyter_lambda.service.settings import Settings


def test_the_defaults_are_those_of_engine_start():
    assert parse_arguments([], {"JUPYTER_LAMBDA_HOME": "/h"}) == Arguments(
        home=Path("/h"), host="127.0.0.1", port=0, sandbox="auto", auth="sigv4", account_id="000000000000", region="us-east-1",
        aws_endpoint=None, settings=Settings(), foreground=False,
    )  # fmt: skip


def test_a_launchers_options_arrive_as_they_were_given():
    options = EngineOptions(
        home=Path("/h"), sandbox="process", host="::1", port=4566, auth="any", account_id="123456789012", region="eu-central-1",
        aws_endpoint="http://localhost:9000", settings={"concurrency": "7"},
    )  # fmt: skip

    parsed = parse_arguments(options.arguments(), {})

    assert parsed == Arguments(
        home=Path("/h"), sandbox="process", host="::1", port=4566, auth="any", account_id="123456789012", region="eu-central-1",
        aws_endpoint="http://localhost:9000", settings=Settings(concurrency=7), foreground=False,
    )  # fmt: skip


def test_the_environment_gives_sandbox_and_endpoint():
    parsed = parse_arguments([], {"JUPYTER_LAMBDA_SANDBOX": "process", "AWS_ENDPOINT_URL": "http://localhost:4566"})

    assert (parsed.sandbox, parsed.aws_endpoint) == ("process", "http://localhost:4566")


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("--port=70000", "--port"), ("--port=x", "--port"), ("--port=-1", "--port"), ("--sandbox=chroot", "auto, process or docker"),
        ("--auth=none", "sigv4 or any"), ("--account-id=12", "twelve digits"), ("--region=here", "us-east-1"),
        ("--aws-endpoint=ftp://x", "http or https"), ("--set=colour=red", "no such setting"), ("--bogus", "--bogus"), ("stray", "stray"),
    ],
)  # fmt: skip
def test_a_wrong_argument_says_what_is_taken(argument, words):
    with pytest.raises(RequestError, match=words):
        parse_arguments([argument], {})


@pytest.mark.parametrize(
    ("arguments", "descriptor"),
    [([], None), (["--ready-fd=7"], 7), (["--bogus", "--ready-fd=7"], 7), (["--ready-fd=x"], None)],
)
def test_the_pipe_is_known_whatever_else_is_wrong(arguments, descriptor):
    assert ready_descriptor(arguments) == descriptor


@pytest.mark.parametrize(("requested", "why"), [("auto", "the only one in this version"), ("process", "as asked for")])
def test_the_process_sandbox_is_chosen_and_says_why_and_what_it_does_not_hold(requested, why):
    choice = choose_sandbox(requested)

    assert choice.kind == "process"
    assert why in choice.note
    assert "not hostile code" in choice.note


def test_docker_is_refused_while_there_is_none():
    with pytest.raises(SandboxError, match="--sandbox process"):
        choose_sandbox("docker")
