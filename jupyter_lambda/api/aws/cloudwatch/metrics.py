"""ListMetrics, GetMetricStatistics, GetMetricData. Source: Amazon CloudWatch API Reference."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.api.aws.cloudwatch.figures import dimensions_of, refused, span_of, values_by_period
from jupyter_lambda.api.aws.rpc.wire_formats import Entries
from jupyter_lambda.errors import InvalidNextToken, MissingParameter, ParametersConflict
from jupyter_lambda.telemetry.metric_series import METRICS, NAMESPACE, series
from jupyter_lambda.telemetry.statistics import SIMPLE, statistic

if TYPE_CHECKING:
    from datetime import datetime

    from jupyter_lambda.api.aws.cloudwatch.figures import Span
    from jupyter_lambda.engine.engine import Engine
    from jupyter_lambda.telemetry.metric_series import Dimensions

Values = dict[str, Any]
_LISTED_MAX: Final = 500
_LISTED_SECONDS: Final = 14 * 86_400.0
_RECENT_SECONDS: Final = 3 * 3_600.0
_POINTS_MAX: Final = 1_440
_DATA_POINTS_MAX: Final = 100_800
_QUERIES_MAX: Final = 500
_ID: Final = re.compile(r"[a-z][a-zA-Z0-9_]*")


async def list_metrics(engine: Engine, values: Values) -> dict[str, Any]:
    """Series that had values in the last two weeks, or three hours."""
    start = _offset(values.get("NextToken"))
    if values.get("RecentlyActive") not in (None, "PT3H"):
        raise refused("Invalid value for RecentlyActive. Valid values are [PT3H]")
    now = engine.clock.epoch()
    since = now - (_RECENT_SECONDS if values.get("RecentlyActive") else _LISTED_SECONDS)
    facts = await engine.store.metric_facts(None, since, now + 1.0)
    found = await asyncio.to_thread(lambda: [one for one in series(facts) if _is_asked_for(values, *one)])
    told = [
        {
            "Namespace": NAMESPACE, "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
        }
        for name, dimensions in found[start : start + _LISTED_MAX]
    ]  # fmt: skip
    more = start + _LISTED_MAX < len(found)
    return {"Metrics": told, **({"NextToken": _token(start + _LISTED_MAX)} if more else {})}


def _is_asked_for(values: Values, name: str, dimensions: Dimensions) -> bool:
    has = dict(dimensions)
    return (
        values.get("Namespace") in (None, NAMESPACE)
        and values.get("MetricName") in (None, name)
        and all(one["Name"] in has and one.get("Value") in (None, has[one["Name"]]) for one in values.get("Dimensions", ()))
    )


async def get_metric_statistics(engine: Engine, values: Values) -> dict[str, Any]:
    """A metric's statistics in each period."""
    simple, extended = values.get("Statistics", []), values.get("ExtendedStatistics", [])
    if not simple and not extended:
        raise MissingParameter(
            "request", "it asks for no statistic", "Give Statistics or ExtendedStatistics.",
            aws_message="At least one of the parameters Statistics and ExtendedStatistics must be specified.",
        )  # fmt: skip
    functions = {name: statistic(name) for name in (*simple, *extended)}
    unknown = [name for name, function in functions.items() if function is None or (name in extended and name in SIMPLE)]
    if unknown:
        parameter = "ExtendedStatistics" if unknown[0] in extended else "Statistics"
        raise refused(f"The value {unknown[0]} for parameter {parameter} is invalid.")
    span = span_of(engine, values["StartTime"], values["EndTime"], values["Period"])
    if span.periods > _POINTS_MAX:
        raise ParametersConflict(
            "request", f"{span.periods:,} data points", "Make Period larger, or the time shorter.",
            aws_message=f"You have requested up to {span.periods:,} datapoints, which exceeds the limit of {_POINTS_MAX:,}. You may reduce "
            "the datapoints requested by increasing Period, or decreasing the time range.",
        )  # fmt: skip
    metric, unit = values["MetricName"], values.get("Unit")
    periods = await values_by_period(engine, values["Namespace"], metric, dimensions_of(values.get("Dimensions", ())), span, unit)
    points = []
    for begin, figures in periods.items():
        point = {"Timestamp": begin, **{name: functions[name](figures) for name in simple}, "Unit": METRICS[metric].unit}  # type: ignore[misc]
        if extended:
            point["ExtendedStatistics"] = Entries({name: functions[name](figures) for name in extended})  # type: ignore[misc]
        points.append(point)
    return {"Label": metric, "Datapoints": points}


async def get_metric_data(engine: Engine, values: Values) -> dict[str, Any]:
    """Several metrics at once, in pages of data points."""
    queries = values["MetricDataQueries"]
    _check_queries(queries)
    at_most = values.get("MaxDatapoints", _DATA_POINTS_MAX)
    if not 1 <= at_most <= _DATA_POINTS_MAX:
        raise refused(f"The parameter MaxDatapoints must be between 1 and {_DATA_POINTS_MAX:,}.")
    skip = _offset(values.get("NextToken"))
    oldest_first = values.get("ScanBy", "TimestampDescending") == "TimestampAscending"
    results: list[dict[str, Any]] = []
    seen = 0
    for query in queries:
        if not query.get("ReturnData", True):
            continue
        points = await _points(engine, query["MetricStat"], values)
        if not oldest_first:
            points.reverse()
        first, last = max(0, skip - seen), max(0, skip + at_most - seen)
        page = points[first:last]
        seen += len(points)
        results.append(
            {
                "Id": query["Id"], "Label": query.get("Label", query["MetricStat"]["Metric"].get("MetricName", "")),
                "Timestamps": [moment for moment, _ in page], "Values": [value for _, value in page],
                "StatusCode": "PartialData" if last < len(points) else "Complete",
            }
        )  # fmt: skip
    more = seen > skip + at_most
    return {"MetricDataResults": results, "Messages": [], **({"NextToken": _token(skip + at_most)} if more else {})}


def _check_queries(queries: list[Values]) -> None:
    if not 1 <= len(queries) <= _QUERIES_MAX:
        raise refused(f"The collection MetricDataQueries must have a size between 1 and {_QUERIES_MAX}.")
    ids = [query["Id"] for query in queries]
    for query in queries:
        if _ID.fullmatch(query["Id"]) is None:
            raise refused(f'The value for parameter Id "{query["Id"]}" is invalid: it begins with a small letter.')
        if ids.count(query["Id"]) > 1:
            raise refused(f'The values for parameter id in MetricDataQueries are not unique: "{query["Id"]}".')
        if ("MetricStat" in query) == ("Expression" in query):
            raise refused("Exactly one of MetricStat and Expression must be given in each of MetricDataQueries.")
        if "Expression" in query:
            raise refused("Metric math is not supported by this endpoint: give MetricStat.")
        if statistic(query["MetricStat"]["Stat"]) is None:
            raise refused(
                f"The value {query['MetricStat']['Stat']} for parameter MetricDataQueries.member.MetricStat.Stat is invalid."
            )


async def _points(engine: Engine, asked: Values, values: Values) -> list[tuple[datetime, float]]:
    metric, compute = asked["Metric"], statistic(asked["Stat"])
    span: Span = span_of(engine, values["StartTime"], values["EndTime"], asked["Period"])
    dimensions = dimensions_of(metric.get("Dimensions", ()))
    periods = await values_by_period(
        engine, metric.get("Namespace", ""), metric.get("MetricName", ""), dimensions, span, asked.get("Unit")
    )
    return [(begin, compute(figures)) for begin, figures in periods.items()] if compute else []


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(str(offset).encode()).decode()


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b64decode(token.encode(), altchars=b"-_", validate=True)[:12])
    except (binascii.Error, ValueError) as error:
        raise InvalidNextToken(
            "NextToken", "it is none that this engine gave out", "Leave it out to begin again.", aws_message="Invalid nextToken"
        ) from error


def nothing(*members: str) -> Any:
    """An operation that lists what there is none of."""

    async def handler(_: Engine, values: Values) -> dict[str, Any]:
        return {member: [] for member in members}

    return handler
