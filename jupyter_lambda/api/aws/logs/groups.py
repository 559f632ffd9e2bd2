"""Operations on log groups and streams, and their tags. Source: Amazon CloudWatch Logs API Reference."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.api.aws.logs.names import group_arn, group_name, list_key, list_token, name_in, refused
from jupyter_lambda.errors import NotFound
from jupyter_lambda.model.logs import RETENTION_DAYS
from jupyter_lambda.model.resources import LogGroup

if TYPE_CHECKING:
    from jupyter_lambda.engine.engine import Engine

Values = dict[str, Any]
_PAGE: Final = 50
_TAGS_MAX: Final = 50


async def describe_log_groups(engine: Engine, values: Values) -> dict[str, Any]:
    """Groups by name, with what they store."""
    prefix, pattern = values.get("logGroupNamePrefix"), values.get("logGroupNamePattern")
    if prefix is not None and pattern is not None:
        raise refused("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    wanted = {name_in(engine, one) for one in values.get("logGroupIdentifiers", ())}
    found = [
        (group, size)
        for group, size in await engine.log_groups.all()
        if group.name.startswith(prefix or "")
        and (pattern or "") in group.name
        and (not wanted or group.name in wanted)
        and values.get("logGroupClass") in (None, group.group_class)
    ]
    page, token = _page(found, values, _PAGE)
    told = [_described(engine, group, size) for group, size in page]
    return {"logGroups": told, **({"nextToken": token} if token else {})}


async def list_log_groups(engine: Engine, values: Values) -> dict[str, Any]:
    """Names of groups, whose pattern is up to five pieces between bars, each from the beginning where `^` says so."""
    pieces = values.get("logGroupNamePattern", "").split("|")
    found = [
        (group, size)
        for group, size in await engine.log_groups.all()
        if values.get("logGroupClass") in (None, group.group_class)
        and any(group.name.startswith(p[1:]) if p.startswith("^") else p in group.name for p in pieces)
    ]
    page, token = _page(found, values, _PAGE)
    told = [{"logGroupName": g.name, "logGroupArn": group_arn(engine, g.name), "logGroupClass": g.group_class} for g, _ in page]
    return {"logGroups": told, **({"nextToken": token} if token else {})}


async def describe_log_streams(engine: Engine, values: Values) -> dict[str, Any]:
    """Streams of a group, by name or by their last event."""
    name = group_name(engine, values)
    prefix, by_time = values.get("logStreamNamePrefix", ""), values.get("orderBy", "LogStreamName") == "LastEventTime"
    if prefix and by_time:
        raise refused("Cannot order by LastEventTime with a logStreamNamePrefix.")
    group = await engine.log_groups.find(name)
    begins = engine.log_groups.begins_ms(group)
    streams = [s for s in await engine.store.log_streams(name) if s.log_stream.startswith(prefix) and s.last_ms >= begins]
    streams.sort(key=lambda s: (s.last_ms if by_time else 0, s.log_stream), reverse=values.get("descending", False))
    after, limit = list_key(values.get("nextToken")), values.get("limit", _PAGE)
    names = [s.log_stream for s in streams]
    if after is not None and after not in names:
        raise refused("The specified nextToken is invalid.")
    start = 0 if after is None else names.index(after) + 1
    told = [
        {
            "logStreamName": s.log_stream, "creationTime": s.first_ms, "firstEventTimestamp": max(s.first_ms, begins),
            "lastEventTimestamp": s.last_ms, "lastIngestionTime": s.last_ms, "storedBytes": 0,
            "arn": f"{group_arn(engine, name)}:log-stream:{s.log_stream}",
        }
        for s in streams[start : start + limit]
    ]  # fmt: skip
    more = start + limit < len(streams)
    return {"logStreams": told, **({"nextToken": list_token(names[start + limit - 1])} if more else {})}


async def create_log_group(engine: Engine, values: Values) -> None:
    """Make a group that nothing was written to yet."""
    group = LogGroup(
        name=values["logGroupName"], created_ms=int(engine.clock.epoch() * 1000), tags=values.get("tags", {}),
        group_class=values.get("logGroupClass", "STANDARD"),
    )  # fmt: skip
    await engine.log_groups.create(group)


async def delete_log_group(engine: Engine, values: Values) -> None:
    """Remove a group with its events."""
    await engine.log_groups.delete(values["logGroupName"])


async def delete_log_stream(engine: Engine, values: Values) -> None:
    """Remove a stream with its events."""
    name, stream = group_name(engine, values), values["logStreamName"]
    await engine.log_groups.find(name)
    await check_stream(engine, name, stream)
    await engine.log_groups.delete(name, stream)


async def put_retention_policy(engine: Engine, values: Values) -> None:
    """Keep events for so many days."""
    days = values["retentionInDays"]
    if days not in RETENTION_DAYS:
        known = ", ".join(map(str, sorted(RETENTION_DAYS)))
        raise refused(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum "
            f"value set: [{known}]"
        )
    await engine.log_groups.keep_for(values["logGroupName"], days)


async def delete_retention_policy(engine: Engine, values: Values) -> None:
    """Keep events for as long as the engine keeps logs."""
    await engine.log_groups.keep_for(values["logGroupName"], None)


async def list_tags(engine: Engine, values: Values) -> dict[str, Any]:
    """A group's tags."""
    return {"tags": (await engine.log_groups.find(_tagged(engine, values))).tags}


async def tag(engine: Engine, values: Values) -> None:
    """Add tags to a group."""
    new = values["tags"]

    def with_tags(group: LogGroup) -> LogGroup:
        tags = {**group.tags, **new}
        if len(tags) > _TAGS_MAX:
            raise refused(f"A resource can have at most {_TAGS_MAX} tags.")
        return msgspec.structs.replace(group, tags=tags)

    await engine.log_groups.change(_tagged(engine, values), with_tags)


async def untag(engine: Engine, values: Values) -> None:
    """Take tags from a group."""
    gone: list[str] = values.get("tagKeys") or values.get("tags") or []
    await engine.log_groups.change(
        _tagged(engine, values),
        lambda group: msgspec.structs.replace(group, tags={k: v for k, v in group.tags.items() if k not in gone}),
    )


async def check_stream(engine: Engine, name: str, stream: str) -> None:
    """Refuse a stream that is not there (NotFound)."""
    if not any(facts.log_stream == stream for facts in await engine.store.log_streams(name)):
        raise NotFound(
            f'log stream "{stream}"', "there is none", "DescribeLogStreams shows what there is.",
            aws_message="The specified log stream does not exist.",
        )  # fmt: skip


def _tagged(engine: Engine, values: Values) -> str:
    arn = values.get("resourceArn")
    if arn is None:
        return str(values["logGroupName"])
    if not re.match("arn:", arn):
        raise refused(f"'{arn}' is no ARN")
    return name_in(engine, arn)


def _described(engine: Engine, group: LogGroup, stored_bytes: int) -> dict[str, Any]:
    arn = group_arn(engine, group.name)
    return {
        "logGroupName": group.name, "creationTime": max(0, group.created_ms), "metricFilterCount": 0, "arn": f"{arn}:*",
        "storedBytes": stored_bytes, "logGroupClass": group.group_class, "logGroupArn": arn,
        **({} if group.retention_days is None else {"retentionInDays": group.retention_days}),
    }  # fmt: skip


def _page(groups: list[tuple[LogGroup, int]], values: Values, size: int) -> tuple[list[tuple[LogGroup, int]], str | None]:
    after, limit = list_key(values.get("nextToken")), values.get("limit", size)
    rest = [one for one in groups if after is None or one[0].name > after]
    return rest[:limit], list_token(rest[limit - 1][0].name) if len(rest) > limit else None
