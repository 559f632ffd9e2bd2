"""CloudWatch Logs, as boto3, the paginators and `sam logs` read it.

Source: Amazon CloudWatch Logs API Reference; AWS Lambda Developer Guide, "Viewing CloudWatch logs for Lambda functions".
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conformance.conftest import Functions, Keys, Refused

TALKER = """
import json, time

def handler(event, context):
    for line in event.get("lines", []):
        print(line if isinstance(line, str) else json.dumps(line))
    time.sleep(event.get("seconds", 0))
    print("done")
    if event.get("raises"):
        raise ValueError("boom")
"""


@pytest.fixture(scope="module")
def logs(keys: Keys) -> Iterator[Any]:
    """boto3's client of CloudWatch Logs."""
    client = keys.client("logs")
    yield client
    client.close()


@pytest.fixture
def talker(functions: Functions) -> str:
    return functions.create(TALKER)


@pytest.fixture
def say(client: Any) -> Callable[..., str]:
    """Invoke; returns the request id."""

    def call(name: str, *lines: Any, **event: Any) -> str:
        answer = client.invoke(FunctionName=name, Payload=json.dumps({"lines": lines, **event}))
        return answer["ResponseMetadata"]["RequestId"]

    return call


def test_a_group_is_there_after_the_first_invocation(
    logs: Any, talker: str, say: Callable[..., str], refused: Callable[..., Refused]
) -> None:
    group = f"/aws/lambda/{talker}"
    missing = refused(logs.filter_log_events, logGroupName=group)
    assert (missing.code, missing.status) == ("ResourceNotFoundException", 400)
    assert missing.message == "The specified log group does not exist."
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []

    say(talker)

    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}"
    assert (found["logGroupName"], found["arn"], found["logGroupArn"]) == (group, f"{arn}:*", arn)
    assert found["storedBytes"] > 100
    assert abs(found["creationTime"] / 1000 - time.time()) < 120  # noqa: TID251
    assert "retentionInDays" not in found
    (stream,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream["logStreamName"])
    assert stream["arn"] == f"{arn}:log-stream:{stream['logStreamName']}"
    assert found["creationTime"] <= stream["firstEventTimestamp"] <= stream["lastEventTimestamp"] <= stream["lastIngestionTime"]


def test_events_are_lines_in_order_with_their_times(logs: Any, talker: str, say: Callable[..., str]) -> None:
    request_id = say(talker, "first", seconds=0.3, raises=True)
    events = logs.filter_log_events(logGroupName=f"/aws/lambda/{talker}")["events"]
    texts = [event["message"] for event in events]
    start = texts.index(f"START RequestId: {request_id} Version: $LATEST\n")
    assert texts[0].startswith("INIT_START Runtime Version: ")
    assert texts[start + 1 : start + 3] == ["first\n", "done\n"]
    assert texts[start + 3].startswith(
        '[ERROR] ValueError: boom\nTraceback (most recent call last):\n\xa0\xa0File "/var/task/f.py"'
    )
    assert texts[start + 4] == f"END RequestId: {request_id}\n"
    assert texts[start + 5].startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    assert texts[start + 5].endswith("\t\n")
    assert len(texts) == start + 6
    times = [event["timestamp"] for event in events]
    assert times == sorted(times)
    assert 250 <= times[start + 2] - times[start + 1] <= 5_000
    assert len({event["eventId"] for event in events}) == len(events)
    assert all(event["ingestionTime"] >= event["timestamp"] for event in events)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("REPORT", r"REPORT RequestId"),
        ("?alpha ?beta", r"alpha one|beta two|\{"),
        ('alpha -"two" -level', "alpha one"),
        ('"beta two"', "beta two"),
        ("%^(a|b)%", None),
        ("%^al[pq]ha\\s%", "alpha one"),
        ('{ $.level = "ERROR" && $.code >= 500 }', r"\{.*500"),
        ("{ $.user NOT EXISTS }", r"\{.*404"),
        ("[w1=alpha, w2]", "alpha one"),
        ("[w1, w2=t*]", "beta two"),
    ],
)
def test_filter_patterns(
    logs: Any, talker: str, say: Callable[..., str], refused: Callable[..., Refused], pattern: str, expected: str | None
) -> None:
    say(talker, "alpha one", "beta two", {"level": "ERROR", "code": 500, "user": "alpha"}, {"level": "ERROR", "code": 404})
    group = f"/aws/lambda/{talker}"
    if expected is None:
        assert refused(logs.filter_log_events, logGroupName=group, filterPattern=pattern).code == "InvalidParameterException"
        return
    found = [event["message"] for event in logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"]]
    assert found
    assert all(re.match(expected, message) for message in found), found


def test_pages_of_every_list(logs: Any, talker: str, say: Callable[..., str]) -> None:
    group = f"/aws/lambda/{talker}"
    for n in range(4):
        say(talker, *(f"line {n}.{m}" for m in range(5)))
    whole = logs.filter_log_events(logGroupName=group, filterPattern="line")["events"]
    assert [event["message"] for event in whole] == [f"line {n}.{m}\n" for n in range(4) for m in range(5)]
    pages = list(
        logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern="line", PaginationConfig={"PageSize": 3}
        )
    )
    assert [event for page in pages for event in page["events"]] == whole
    assert all(len(page["events"]) <= 3 for page in pages)
    span = {"startTime": whole[5]["timestamp"], "endTime": whole[9]["timestamp"]}
    within = logs.filter_log_events(logGroupName=group, filterPattern="line", **span)["events"]
    assert whole[5] in within
    assert whole[9] in within
    assert all(span["startTime"] <= event["timestamp"] <= span["endTime"] for event in within)
    backward = logs.filter_log_events(logGroupName=group, filterPattern="line", startFromHead=False, limit=7)["events"]
    assert backward == whole[:-8:-1]
    groups = list(logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 1}))
    names = [one["logGroupName"] for page in groups for one in page["logGroups"]]
    assert group in names
    assert names == sorted(names)
    assert len(groups) >= len(names)
    streams = logs.get_paginator("describe_log_streams").paginate(logGroupName=group, orderBy="LastEventTime", descending=True)
    assert len([stream for page in streams for stream in page["logStreams"]]) >= 1


def test_a_stream_is_read_in_both_directions(
    logs: Any, talker: str, say: Callable[..., str], refused: Callable[..., Refused]
) -> None:
    group = f"/aws/lambda/{talker}"
    for n in range(3):
        say(talker, f"line {n}")
    name = logs.describe_log_streams(logGroupName=group)["logStreams"][0]["logStreamName"]
    where = {"logGroupName": group, "logStreamName": name}
    whole = logs.get_log_events(**where, startFromHead=True)["events"]
    assert [e["message"] for e in whole if e["message"].startswith("line")] == ["line 0\n", "line 1\n", "line 2\n"]
    assert set(whole[0]) == {"timestamp", "message", "ingestionTime"}

    read: list[Any] = []
    page = logs.get_log_events(**where, startFromHead=True, limit=4)
    while page["events"]:
        read += page["events"]
        before, page = page, logs.get_log_events(**where, startFromHead=True, limit=4, nextToken=page["nextForwardToken"])
    assert read == whole
    assert page["nextForwardToken"] == before["nextForwardToken"]
    say(talker, "later")
    later = logs.get_log_events(**where, startFromHead=True, nextToken=page["nextForwardToken"])["events"]
    assert any(event["message"] == "later\n" for event in later)

    page = logs.get_log_events(**where, limit=4)
    assert page["events"] == (whole + later)[-4:]
    page = logs.get_log_events(**where, limit=4, nextToken=page["nextBackwardToken"])
    assert page["events"] == (whole + later)[-8:-4]
    assert refused(logs.get_log_events, **where, nextToken="x").message == "The specified nextToken is invalid."
    assert (
        refused(logs.get_log_events, **{**where, "logStreamName": "none"}).message == "The specified log stream does not exist."
    )


@pytest.mark.parametrize("token", ["f/" + "9" * 56, "b/" + "9" * 56, "f/" + "0" * 56, "b/" + "0" * 56])
def test_a_token_of_any_moment_is_taken(logs: Any, talker: str, say: Callable[..., str], token: str) -> None:
    say(talker)
    group = f"/aws/lambda/{talker}"
    found = bool(logs.filter_log_events(logGroupName=group, nextToken=token)["events"])
    assert found is (token[:3] in ("b/9", "f/0"))


def test_groups_are_made_tagged_kept_for_days_and_deleted(
    logs: Any, functions: Functions, say: Callable[..., str], refused: Callable[..., Refused]
) -> None:
    name = functions.name()
    group = f"/aws/lambda/{name}"
    logs.create_log_group(logGroupName=group, tags={"team": "a"})
    again = refused(logs.create_log_group, logGroupName=group)
    assert (again.code, again.message) == ("ResourceAlreadyExistsException", "The specified log group already exists")
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["retentionInDays"] == 7
    assert refused(logs.put_retention_policy, logGroupName=group, retentionInDays=6).code == "InvalidParameterException"
    arn = logs.describe_log_groups(logGroupNamePattern=name)["logGroups"][0]["logGroupArn"]
    logs.tag_resource(resourceArn=arn, tags={"part": "b"})
    logs.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"part": "b"}
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"part": "b"}

    functions.create(TALKER, FunctionName=name)
    say(name, "hello")
    assert logs.filter_log_events(logGroupIdentifier=arn, filterPattern="hello")["events"]
    logs.delete_retention_policy(logGroupName=group)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    functions.client.delete_function(FunctionName=name)
    assert logs.filter_log_events(logGroupName=group, filterPattern="hello")["events"]
    stream = logs.describe_log_streams(logGroupName=group)["logStreams"][0]["logStreamName"]
    logs.delete_log_stream(logGroupName=group, logStreamName=stream)
    assert logs.filter_log_events(logGroupName=group)["events"] == []
    logs.delete_log_group(logGroupName=group)
    assert refused(logs.delete_log_group, logGroupName=group).code == "ResourceNotFoundException"


def test_a_function_may_write_to_a_group_of_its_own(logs: Any, functions: Functions, say: Callable[..., str]) -> None:
    name = functions.name()
    functions.create(TALKER, FunctionName=name, LoggingConfig={"LogFormat": "Text", "LogGroup": f"/mine/{name}"})
    say(name, "hello")
    assert logs.filter_log_events(logGroupName=f"/mine/{name}", filterPattern="hello")["events"]
    assert [g["logGroupName"] for g in logs.describe_log_groups(logGroupNamePattern=name)["logGroups"]] == [f"/mine/{name}"]
    (stream,) = logs.describe_log_streams(logGroupName=f"/mine/{name}")["logStreams"]
    assert re.fullmatch(rf"\d{{4}}/\d\d/\d\d/{name}\[\$LATEST\][0-9a-f]{{32}}", stream["logStreamName"])


def test_what_is_not_carried_out_is_refused_by_name(logs: Any, refused: Callable[..., Refused]) -> None:
    asked = {"logGroupName": "/g", "startTime": 0, "endTime": 1, "queryString": "fields @message"}
    refusal = refused(logs.start_query, **asked)
    assert (refusal.code, refusal.status) == ("UnknownOperationException", 400)
    assert "StartQuery" in refusal.message
    assert logs.describe_metric_filters()["metricFilters"] == []
    found = logs.test_metric_filter(filterPattern="b", logEventMessages=["a", "b"])["matches"]
    assert [match["eventNumber"] for match in found] == [2]


@pytest.mark.parametrize(
    ("operation", "values", "message"),
    [
        ("filter_log_events", {}, "Exactly one of logGroupName and logGroupIdentifier must be given."),
        ("describe_log_groups", {"limit": 51}, "1 validation error detected: Value '51' at 'limit' failed to satisfy constraint: "),
        ("describe_log_groups", {"nextToken": "é"}, "The specified nextToken is invalid."),
        ("describe_log_groups", {"logGroupNamePrefix": "a", "logGroupNamePattern": "b"}, "LogGroup name prefix and"),
        ("filter_log_events", {"logGroupName": "/g", "logStreamNames": ["a"], "logStreamNamePrefix": "a"}, "logStreamNames and"),
        ("filter_log_events", {"logGroupName": "/g", "filterPattern": "{ $.a }"}, "Invalid filter pattern"),
    ],
)  # fmt: skip
def test_what_is_out_of_rules_is_refused(
    logs: Any, refused: Callable[..., Refused], operation: str, values: dict[str, Any], message: str
) -> None:
    refusal = refused(getattr(logs, operation), **values)
    assert (refusal.code, refusal.status) == ("InvalidParameterException", 400)
    assert refusal.message.startswith(message)


def test_signatures_are_asked_for(keys: Keys, refused: Callable[..., Refused]) -> None:
    assert refused(keys.client("logs", secret="other").describe_log_groups).code == "InvalidSignatureException"
    assert refused(keys.client("logs", key_id="other").describe_log_groups).code == "UnrecognizedClientException"
