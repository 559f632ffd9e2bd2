"""Operations on log events. Source: Amazon CloudWatch Logs API Reference; limits are AWS's: 1 MB and 10,000 events a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.api.aws.logs.groups import check_stream
from jupyter_lambda.api.aws.logs.names import TIME_MAX_MS, group_name, position_of, position_text, refused
from jupyter_lambda.model.logs import LogPosition, LogQuery
from jupyter_lambda.telemetry.filter_patterns import filter_pattern

if TYPE_CHECKING:
    from jupyter_lambda.engine.engine import Engine
    from jupyter_lambda.model.logs import LogPage
    from jupyter_lambda.model.resources import LogGroup

Values = dict[str, Any]
_EVENTS_MAX: Final = 10_000
_FIRST: Final = LogPosition(0, 0, 0)
_LAST: Final = LogPosition(TIME_MAX_MS, 0, 0)


async def get_log_events(engine: Engine, values: Values) -> dict[str, Any]:
    """A page of one stream's events, ascending, with tokens for both directions."""
    name, stream, token = group_name(engine, values), values["logStreamName"], values.get("nextToken")
    group = await engine.log_groups.find(name)
    await check_stream(engine, name, stream)
    backward = token.startswith("b/") if token else not values.get("startFromHead", False)
    beyond = position_of(token) if token else None
    page = await engine.store.find_log_events(
        LogQuery(
            log_group=name,
            log_streams=(stream,),
            start_ms=_from(engine, group, values),
            end_ms=min(values.get("endTime", TIME_MAX_MS), TIME_MAX_MS),
            beyond=beyond,
            backward=backward,
            limit=values.get("limit", _EVENTS_MAX),
        )
    )
    first, last = (page.events[0].position, page.events[-1].position) if page.events else _around(beyond, backward)
    return {
        "events": [
            {"timestamp": e.position.timestamp_ms, "message": e.message, "ingestionTime": e.ingested_ms} for e in page.events
        ],
        "nextForwardToken": f"f/{position_text(last)}",
        "nextBackwardToken": f"b/{position_text(first)}",
    }  # fmt: skip


def _from(engine: Engine, group: LogGroup, values: Values) -> int:
    """The first moment that is asked for, and not before what the group keeps."""
    start: int = min(values.get("startTime", 0), TIME_MAX_MS)
    return max(start, engine.log_groups.begins_ms(group))


def _around(beyond: LogPosition | None, backward: bool) -> tuple[LogPosition, LogPosition]:
    """From where an empty page goes on in both directions: where it was, so that new events are found."""
    if beyond is None:
        return (_LAST, _FIRST)
    return beyond, beyond


async def filter_log_events(engine: Engine, values: Values) -> dict[str, Any]:
    """A page of a group's events that match a pattern, by their times."""
    name, token = group_name(engine, values), values.get("nextToken")
    streams, prefix = values.get("logStreamNames"), values.get("logStreamNamePrefix")
    if streams is not None and prefix is not None:
        raise refused("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
    pattern = values.get("filterPattern", "").strip()
    matches = filter_pattern(pattern) if pattern else None
    group = await engine.log_groups.find(name)
    for stream in streams or ():
        await check_stream(engine, name, stream)
    backward = token.startswith("b/") if token else not values.get("startFromHead", True)
    page = await engine.store.find_log_events(
        LogQuery(
            log_group=name,
            log_streams=None if streams is None else tuple(streams),
            prefix=prefix or "",
            start_ms=_from(engine, group, values),
            end_ms=min(values.get("endTime", TIME_MAX_MS), TIME_MAX_MS) + 1,
            beyond=position_of(token) if token else None,
            backward=backward,
            limit=values.get("limit", _EVENTS_MAX),
            matches=matches,
        )
    )
    return {"events": _found(page, backward), "searchedLogStreams": [], **_goes_on(page, backward)}


def _found(page: LogPage, backward: bool) -> list[dict[str, Any]]:
    return [
        {
            "logStreamName": e.log_stream, "timestamp": e.position.timestamp_ms, "message": e.message,
            "ingestionTime": e.ingested_ms, "eventId": position_text(e.position),
        }
        for e in (reversed(page.events) if backward else page.events)
    ]  # fmt: skip


def _goes_on(page: LogPage, backward: bool) -> dict[str, str]:
    return {} if page.more is None else {"nextToken": f"{'b' if backward else 'f'}/{position_text(page.more)}"}


async def match_messages(_: Engine, values: Values) -> dict[str, Any]:
    """Which messages a pattern matches."""
    matches = filter_pattern(values["filterPattern"])
    return {
        "matches": [
            {"eventNumber": number, "eventMessage": message, "extractedValues": {}}
            for number, message in enumerate(values["logEventMessages"], start=1)
            if matches(message)
        ]
    }


def nothing(member: str) -> Any:
    """An operation that lists what there is none of."""

    async def handler(_: Engine, values: Values) -> dict[str, Any]:
        return {member: []}

    return handler
