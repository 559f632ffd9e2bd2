"""CloudWatch's metrics of AWS/Lambda, in each of the three protocols that its clients speak: CBOR, JSON, and query with XML.

Source: Amazon CloudWatch API Reference; AWS Lambda Developer Guide, "Types of metrics for Lambda functions".
"""

from __future__ import annotations

import gzip
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore
import botocore.session
import pytest
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conformance.conftest import Functions, Keys, Refused

PROTOCOLS = ("smithy-rpc-v2-cbor", "json", "query")
WORKER = """
def handler(event, context):
    if event == "raise":
        raise ValueError("boom")
    return event
"""


@pytest.fixture(scope="module", params=PROTOCOLS)
def cloudwatch(request: pytest.FixtureRequest, keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """botocore's client with the protocol that it, or an older one, takes first."""
    folder = tmp_path_factory.mktemp("models")
    target = folder / "cloudwatch" / "2010-08-01"
    target.mkdir(parents=True)
    source = Path(botocore.__file__).parent / "data" / "cloudwatch" / "2010-08-01"
    for file in source.iterdir():
        if file.name != "service-2.json.gz":
            (target / file.name).write_bytes(file.read_bytes())
    model = json.loads(gzip.decompress((source / "service-2.json.gz").read_bytes()))
    model["metadata"].update(protocol=request.param, protocols=[request.param])
    (target / "service-2.json").write_text(json.dumps(model))
    session = botocore.session.Session()
    session.get_component("data_loader").search_paths.insert(0, str(folder))
    client = session.create_client(
        "cloudwatch", endpoint_url=keys.url, region_name=keys.region, aws_access_key_id=keys.key_id,
        aws_secret_access_key=keys.secret, config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )  # fmt: skip
    assert client.meta.service_model.resolved_protocol == request.param
    yield client
    client.close()


@pytest.fixture(scope="module")
def worked(keys: Keys) -> Iterator[str]:
    """A function that was called five times, twice through an alias, and failed once."""
    from tests.conformance.conftest import Functions

    client = keys.client()
    functions = Functions(client)
    name = functions.create(WORKER)
    version = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    for qualifier, payload in (("$LATEST", "1"), ("$LATEST", "2"), ("$LATEST", '"raise"'), ("live", "4"), ("live", "5")):
        client.invoke(FunctionName=name, Qualifier=qualifier, Payload=payload)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    for _ in range(3):
        with pytest.raises(client.exceptions.TooManyRequestsException):
            client.invoke(FunctionName=name)
    yield name
    client.delete_function(FunctionName=name)
    client.close()


def span() -> dict[str, datetime]:
    now = datetime.now(UTC)  # noqa: TID251
    return {"StartTime": now - timedelta(minutes=30), "EndTime": now + timedelta(minutes=1)}


def dimensions(name: str, **more: str) -> list[dict[str, str]]:
    return [{"Name": key, "Value": value} for key, value in {"FunctionName": name, **more}.items()]


def total(client: Any, metric: str, where: list[dict[str, str]], statistic: str = "Sum") -> float | None:
    answer = client.get_metric_statistics(
        Namespace="AWS/Lambda", MetricName=metric, Dimensions=where, Period=3600, Statistics=[statistic], **span()
    )
    return sum(point[statistic] for point in answer["Datapoints"]) if answer["Datapoints"] else None


def test_metrics_are_those_of_the_calls(cloudwatch: Any, worked: str) -> None:
    of_function = dimensions(worked)
    told = {metric: total(cloudwatch, metric, of_function) for metric in ("Invocations", "Errors", "Throttles")}
    assert told == {"Invocations": 5.0, "Errors": 1.0, "Throttles": 3.0}
    assert total(cloudwatch, "Errors", of_function, "SampleCount") == 5.0
    assert total(cloudwatch, "Invocations", dimensions(worked, Resource=worked)) == 3.0
    assert total(cloudwatch, "Invocations", dimensions(worked, Resource=f"{worked}:live")) == 2.0
    assert total(cloudwatch, "Invocations", dimensions(worked, Resource=f"{worked}:live", ExecutedVersion="1")) == 2.0
    assert total(cloudwatch, "Invocations", dimensions(worked, Resource=f"{worked}:live", ExecutedVersion="2")) is None
    assert total(cloudwatch, "Invocations", dimensions("none")) is None
    assert total(cloudwatch, "ConcurrentExecutions", of_function, "Maximum") == 1.0
    everybody = total(cloudwatch, "Invocations", [])
    assert everybody is not None
    assert everybody >= 5.0


def test_a_data_point_has_the_metrics_unit_and_all_that_was_asked_for(cloudwatch: Any, worked: str) -> None:
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda", MetricName="Duration", Dimensions=dimensions(worked), Period=86_400, **span(),
        Statistics=["Average", "Minimum", "Maximum", "Sum", "SampleCount"], ExtendedStatistics=["p50", "p99.9", "tm90", "IQM"],
    )  # fmt: skip
    assert answer["Label"] == "Duration"
    (point,) = answer["Datapoints"]
    assert point["Unit"] == "Milliseconds"
    assert point["SampleCount"] == 5.0
    assert point["Timestamp"].tzinfo is not None
    assert point["Timestamp"].second == 0
    extended = point["ExtendedStatistics"]
    assert 0 < point["Minimum"] <= extended["p50"] <= extended["p99.9"] == point["Maximum"] < 60_000
    assert point["Average"] == pytest.approx(point["Sum"] / 5)
    assert point["Minimum"] <= extended["IQM"] <= point["Maximum"]
    assert ("RequestId" in answer["ResponseMetadata"]) or answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]


def test_metric_data_comes_for_several_queries_in_pages(cloudwatch: Any, worked: str) -> None:
    def query(identifier: str, metric: str, stat: str, **more: Any) -> dict[str, Any]:
        which = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": dimensions(worked)}
        return {"Id": identifier, "MetricStat": {"Metric": which, "Period": 3600, "Stat": stat}, **more}

    queries = [
        query("calls", "Invocations", "Sum"), query("longest", "Duration", "p100", Label="longest"),
        query("hidden", "Errors", "Sum", ReturnData=False), query("none", "IteratorAge", "Maximum"),
    ]  # fmt: skip
    pages = list(cloudwatch.get_paginator("get_metric_data").paginate(MetricDataQueries=queries, **span()))
    results = {result["Id"]: result for page in pages for result in page["MetricDataResults"]}
    assert set(results) == {"calls", "longest", "none"}
    assert sum(results["calls"]["Values"]) == 5.0
    assert results["longest"]["Label"] == "longest"
    assert results["none"]["Values"] == []
    assert all(result["StatusCode"] == "Complete" for result in results.values())
    assert all(isinstance(moment, datetime) for moment in results["calls"]["Timestamps"])

    first = cloudwatch.get_metric_data(MetricDataQueries=queries[:2], MaxDatapoints=1, **span())
    assert [len(result["Values"]) for result in first["MetricDataResults"]] == [1, 0]
    second = cloudwatch.get_metric_data(MetricDataQueries=queries[:2], NextToken=first["NextToken"], **span())
    assert [len(result["Values"]) for result in second["MetricDataResults"]] == [0, 1]


def test_metrics_are_listed_with_their_dimensions(cloudwatch: Any, worked: str) -> None:
    pages = cloudwatch.get_paginator("list_metrics").paginate(
        Namespace="AWS/Lambda", Dimensions=[{"Name": "FunctionName", "Value": worked}], RecentlyActive="PT3H"
    )
    found = [metric for page in pages for metric in page["Metrics"]]
    assert {metric["MetricName"] for metric in found} == {
        "Invocations",
        "Errors",
        "Throttles",
        "Duration",
        "ConcurrentExecutions",
    }
    executed = [
        m for m in found if m["MetricName"] == "Duration" and any(d["Name"] == "ExecutedVersion" for d in m["Dimensions"])
    ]
    assert [{d["Name"]: d["Value"] for d in metric["Dimensions"]} for metric in executed] == [
        {"FunctionName": worked, "Resource": f"{worked}:live", "ExecutedVersion": "1"}
    ]
    assert cloudwatch.list_metrics(Namespace="AWS/EC2")["Metrics"] == []
    account = cloudwatch.list_metrics(MetricName="UnreservedConcurrentExecutions")["Metrics"]
    assert [metric["Dimensions"] for metric in account] == [[]]


STATISTICS = {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Period": 60, "Statistics": ["Sum"]}
LONG_AGO = {"StartTime": datetime(2026, 1, 1, tzinfo=UTC), "EndTime": datetime(2026, 1, 4, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("operation", "values", "code"),
    [
        ("get_metric_statistics", {**STATISTICS, **LONG_AGO}, "InvalidParameterCombination"),
        ("get_metric_statistics", {**STATISTICS, **LONG_AGO, "Period": 61}, "InvalidParameterValue"),
        ("get_metric_statistics", {**STATISTICS, **LONG_AGO, "Statistics": []}, ("ValidationError", "MissingParameter")),
        ("get_metric_statistics", {**STATISTICS, **LONG_AGO, "Statistics": ["p50"]}, ("ValidationError", "InvalidParameterValue")),
        ("get_metric_statistics", {**STATISTICS, "StartTime": LONG_AGO["EndTime"], "EndTime": LONG_AGO["StartTime"]},
         "InvalidParameterValue"),
        ("get_metric_statistics", {**LONG_AGO}, "ValidationError"),
        ("get_metric_data", {"MetricDataQueries": [{"Id": "e", "Expression": "1+1"}], **LONG_AGO}, "InvalidParameterValue"),
        ("list_metrics", {"NextToken": "é"}, "InvalidNextToken"),
        ("put_metric_alarm", {"AlarmName": "a"}, "InvalidAction"),
    ],
)  # fmt: skip
def test_what_is_out_of_rules_is_refused(
    cloudwatch: Any, refused: Callable[..., Refused], operation: str, values: dict[str, Any], code: Any
) -> None:
    refusal = refused(getattr(cloudwatch, operation), **values)
    assert refusal.status == 400
    assert refusal.code in ((code,) if isinstance(code, str) else code)
    assert refusal.message


def test_alarms_are_listed_as_none(cloudwatch: Any) -> None:
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_signatures_are_asked_for(keys: Keys, refused: Callable[..., Refused]) -> None:
    refusal = refused(keys.client("cloudwatch", secret="other").list_metrics)
    assert (refusal.code, refusal.status) == ("SignatureDoesNotMatch", 403)


def test_provisioned_concurrency_is_told(keys: Keys, functions: Functions) -> None:
    client, cloudwatch = keys.client(), keys.client("cloudwatch")
    name = functions.create()
    version = client.publish_version(FunctionName=name)["Version"]
    client.put_provisioned_concurrency_config(FunctionName=name, Qualifier=version, ProvisionedConcurrentExecutions=2)
    for _ in range(3):
        client.invoke(FunctionName=name, Qualifier=version, Payload="1")
    client.invoke(FunctionName=name, Payload="1")
    where = dimensions(name, Resource=f"{name}:{version}")
    assert total(cloudwatch, "ProvisionedConcurrencyInvocations", where) == 3.0
    assert total(cloudwatch, "ProvisionedConcurrencyInvocations", dimensions(name)) == 3.0
    assert total(cloudwatch, "ProvisionedConcurrencySpilloverInvocations", where) is None
    assert total(cloudwatch, "ProvisionedConcurrentExecutions", where, "Maximum") == 1.0
    assert total(cloudwatch, "ProvisionedConcurrencyUtilization", where, "Maximum") == 0.5
    claimed, unreserved = (
        total(cloudwatch, m, [], "Maximum") for m in ("ClaimedAccountConcurrency", "UnreservedConcurrentExecutions")
    )
    assert claimed is not None
    assert unreserved is not None
    assert claimed >= unreserved + 2.0


def test_what_happens_to_events_is_told(keys: Keys, functions: Functions) -> None:
    client, cloudwatch = keys.client(), keys.client("cloudwatch")
    name = functions.create(WORKER)
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    for payload in ("1", '"raise"'):
        assert client.invoke(FunctionName=name, InvocationType="Event", Payload=payload)["StatusCode"] == 202
    deadline = time.monotonic() + 20
    while total(cloudwatch, "AsyncEventsDropped", dimensions(name)) is None:
        assert time.monotonic() < deadline
    told = {
        metric: total(cloudwatch, metric, dimensions(name)) for metric in ("AsyncEventsReceived", "AsyncEventsDropped", "Errors")
    }
    assert told == {"AsyncEventsReceived": 2.0, "AsyncEventsDropped": 1.0, "Errors": 1.0}
    assert total(cloudwatch, "AsyncEventAge", dimensions(name), "SampleCount") == 2.0
