"""The commands that the shell and the notebook share, on an engine in memory."""

import argparse
import json

import pytest

from jupyter_lambda.client.commands.catalog import COMMANDS, command_named, parser_of, runner_of
from jupyter_lambda.client.commands.parsing import HelpWanted, WrongUse, span_seconds
from jupyter_lambda.errors import AliasNotFound, Conflict, FunctionNotFound, NotFound, RequestError
from jupyter_lambda.testing.engine_client import FakeEngineClient


@pytest.fixture
def engine():
    fake = FakeEngineClient()
    fake.add("resize", source="def handler(event, context):\n    return 1\n", memory_mib=128)
    fake.add("resize", source="def handler(event, context):\n    return 2\n", memory_mib=512)
    fake.add("resize", source="def handler(event, context):\n    return 3\n")
    return fake


def run(engine, *words):
    command = command_named(words[0])
    return runner_of(command)(engine, parser_of(command, "jupyter lambda").parse(words[1:]))


def test_lists_functions(engine):
    engine.add("classify", timeout_seconds=10)
    engine.put_alias("resize", "prod", _request("2", "3", 0.1))
    lines = run(engine, "list").text().splitlines()
    assert lines[0].split() == ["Function", "Version", "Aliases", "Memory", "Timeout", "Environments", "Runtime", "Changed"]
    assert lines[1].startswith("classify  1")
    assert "prod → 2 (90 %), 3 (10 %)" in lines[2]
    assert "512 MB" in lines[2]


def test_an_empty_list_says_what_to_do():
    assert "`%%lambda`" in run(FakeEngineClient(), "list").text()


def test_shows_one_function(engine):
    text = run(engine, "show", "resize").text()
    assert text.startswith("resize\n")
    assert "memory        512 MB" in text
    assert "none: the first call makes one" in text
    assert "    return 3" in text


def test_compares_two_versions(engine):
    text = run(engine, "versions", "resize", "1", "2").text()
    assert "resize, version 1 → 2: what changed" in text
    assert "  memory: 128 MB → 512 MB" in text
    assert "-    return 1\n+    return 2" in text


def test_one_version_is_compared_with_latest(engine):
    assert "version 1 → $LATEST" in run(engine, "versions", "resize", "v1").text()


def test_equal_versions_are_said_to_be_the_same(engine):
    assert run(engine, "versions", "resize", "3", "$LATEST").text().endswith(": the same")


def test_lists_versions_newest_first(engine):
    engine.put_alias("resize", "prod", _request("2"))
    lines = run(engine, "versions", "resize").text().splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["3", "2", "1"]
    assert "prod" in lines[2]


def test_points_an_alias_and_shows_it(engine):
    assert run(engine, "alias", "resize", "prod=2").text() == "resize:prod → 2"
    assert run(engine, "alias", "resize", "prod=2,3=0.25").text() == "resize:prod → 2 (75 %), 3 (25 %)"
    assert run(engine, "alias", "resize", "prod").text() == "resize:prod → 2 (75 %), 3 (25 %)"
    assert run(engine, "alias", "resize").text() == "resize:prod → 2 (75 %), 3 (25 %)"


def test_an_alias_keeps_its_description(engine):
    run(engine, "alias", "resize", "prod=2", "--description", "what people see")
    run(engine, "alias", "resize", "prod=3")
    assert engine.function("resize").aliases[0].description == "what people see"


def test_rolls_back_a_split_then_a_version(engine):
    run(engine, "alias", "resize", "prod=2,3=0.1")
    assert run(engine, "alias", "resize", "prod", "--rollback").text() == "resize:prod → 2"
    run(engine, "alias", "resize", "prod=3")
    assert run(engine, "alias", "resize", "prod", "--rollback").text() == "resize:prod → 2"
    assert run(engine, "alias", "resize", "prod", "--rollback").text() == "resize:prod → 1"
    with pytest.raises(RequestError, match="no version is older than 1"):
        run(engine, "alias", "resize", "prod", "--rollback")


def test_removes_an_alias(engine):
    run(engine, "alias", "resize", "prod=2")
    assert "is removed" in run(engine, "alias", "resize", "prod", "--delete").text()
    assert "has no aliases" in run(engine, "alias", "resize").text()


def test_an_alias_that_is_not_there_is_not_removed(engine):
    run(engine, "alias", "resize", "production=2")
    with pytest.raises(AliasNotFound, match='Did you mean "production"'):
        run(engine, "alias", "resize", "prodution", "--delete")
    with pytest.raises(AliasNotFound, match="It has production"):
        run(engine, "rm", "resize", "--alias", "blue")


def test_an_alias_that_is_not_there_proposes_one(engine):
    run(engine, "alias", "resize", "production=2")
    with pytest.raises(AliasNotFound, match='Did you mean "production"'):
        run(engine, "alias", "resize", "prodution")


@pytest.mark.parametrize("routing", ["prod=x", "prod=2,3", "3=2"])
def test_a_malformed_routing_is_wrong_use(engine, routing):
    with pytest.raises(WrongUse):
        run(engine, "alias", "resize", routing)


def test_publishes_only_changes(engine):
    assert run(engine, "publish", "resize").text() == 'Function "resize": unchanged, version 3.'
    engine.deploy("resize", _changed(engine))
    assert "3 + changes" in run(engine, "list").text()
    assert run(engine, "publish", "resize").text() == 'Function "resize": version 4 is published.'


def test_removes_functions_and_versions(engine):
    run(engine, "alias", "resize", "prod=2")
    with pytest.raises(Conflict):
        run(engine, "rm", "resize", "--qualifier", "2")
    assert run(engine, "rm", "resize:1").text() == 'Version 1 of function "resize" is removed.'
    run(engine, "rm", "resize")
    with pytest.raises(FunctionNotFound):
        run(engine, "show", "resize")


def test_metrics_and_logs_have_words_for_nothing(engine):
    assert "p50          –" in run(engine, "metrics", "resize").text()
    assert run(engine, "logs", "resize").text() == 'Function "resize" has logged nothing yet.'


@pytest.mark.parametrize(
    "words", [("list",), ("show", "resize"), ("versions", "resize", "1", "2"), ("metrics", "resize"), ("alias", "resize")]
)
def test_each_view_is_json_and_html_too(engine, words):
    view = run(engine, *words)
    assert json.dumps(view.as_json())
    assert view._repr_html_().startswith('<div class="jla-view"')


def test_html_escapes_what_users_wrote(engine):
    engine.add("resize", source="<script>alert(1)</script>", description="<b>bold</b>")
    for words in (("show", "resize"), ("versions", "resize"), ("versions", "resize", "1", "4"), ("list",)):
        html = run(engine, *words)._repr_html_()
        assert "<script>" not in html
        assert "<b>" not in html


def test_proposes_commands_and_options():
    with pytest.raises(WrongUse, match='Did you mean "invoke"'):
        command_named("invok")
    with pytest.raises(WrongUse, match='Did you mean "--follow"'):
        parser_of(command_named("logs"), "jupyter lambda").parse(["f", "--folow"])
    with pytest.raises(WrongUse, match="usage: jupyter lambda show"):
        parser_of(command_named("show"), "jupyter lambda").parse([])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_help(command):
    with pytest.raises(HelpWanted, match=command.name):
        parser_of(command, "jupyter lambda").parse(["-h"])


def test_spans_of_time():
    assert [span_seconds(text) for text in ("90", "15m", "1.5h", "2d")] == [90, 900, 5400, 172800]
    with pytest.raises(argparse.ArgumentTypeError, match="no span of time"):
        span_seconds("yesterday")


def _request(version, additional=None, weight=0.0):
    from jupyter_lambda.model.engine_api import AliasRequest

    return AliasRequest(version=version, additional_version=additional, additional_weight=weight)


def _changed(engine):
    from jupyter_lambda.model.engine_api import DeployRequest

    latest = engine.function("resize").function.latest
    return DeployRequest(
        package_sha256="1" * 64,
        content_digest="other",
        handler="resize.handler",
        runtime="python3.11",
        python=latest.python,
        publish=False,
    )


def test_saves_shows_and_removes_test_events(engine):
    assert "resize small --save" in run(engine, "test-events", "resize").text()
    assert run(engine, "test-events", "resize", "big", "--save", '{"side": 640}').text() == (
        'Test event "big" of function "resize" is saved.'
    )
    assert run(engine, "test-events", "resize", "big").text() == '{"side": 640}'
    row = run(engine, "test-events", "resize").text().splitlines()[1]
    assert row.split()[:3] == ["big", "13", "B"]
    run(engine, "test-events", "resize", "big", "--delete")
    assert run(engine, "test-events", "resize").as_json() == ()


def test_a_test_event_that_is_not_there(engine):
    run(engine, "test-events", "resize", "big", "--save", "1")
    with pytest.raises(NotFound, match="there is no such event") as refused:
        run(engine, "test-events", "resize", "bg")
    assert "big" in refused.value.suggestion
    with pytest.raises(WrongUse, match="name is missing"):
        run(engine, "test-events", "resize", "--delete")
