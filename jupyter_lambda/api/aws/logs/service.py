"""CloudWatch Logs as a service: which function carries out which operation."""

from __future__ import annotations

import functools
from typing import Final

from jupyter_lambda.api.aws.logs import events, groups
from jupyter_lambda.api.aws.rpc.service import Handler, Service
from jupyter_lambda.api.aws.service_model import service_model

EMPTY: Final = {  # what can't be made here is listed as none
    "DescribeAccountPolicies": "accountPolicies",
    "DescribeDestinations": "destinations",
    "DescribeExportTasks": "exportTasks",
    "DescribeFieldIndexes": "fieldIndexes",
    "DescribeIndexPolicies": "indexPolicies",
    "DescribeMetricFilters": "metricFilters",
    "DescribeQueries": "queries",
    "DescribeQueryDefinitions": "queryDefinitions",
    "DescribeResourcePolicies": "resourcePolicies",
    "DescribeSubscriptionFilters": "subscriptionFilters",
    "ListLogAnomalyDetectors": "anomalyDetectors",
}
HANDLERS: Final[dict[str, Handler]] = {
    "CreateLogGroup": groups.create_log_group,
    "DeleteLogGroup": groups.delete_log_group,
    "DeleteLogStream": groups.delete_log_stream,
    "DeleteRetentionPolicy": groups.delete_retention_policy,
    "DescribeLogGroups": groups.describe_log_groups,
    "DescribeLogStreams": groups.describe_log_streams,
    "FilterLogEvents": events.filter_log_events,
    "GetLogEvents": events.get_log_events,
    "ListLogGroups": groups.list_log_groups,
    "ListTagsForResource": groups.list_tags,
    "ListTagsLogGroup": groups.list_tags,
    "PutRetentionPolicy": groups.put_retention_policy,
    "TagLogGroup": groups.tag,
    "TagResource": groups.tag,
    "TestMetricFilter": events.match_messages,
    "UntagLogGroup": groups.untag,
    "UntagResource": groups.untag,
    **{name: events.nothing(member) for name, member in EMPTY.items()},
}


@functools.cache
def logs() -> Service:
    """The service."""
    return Service(
        name="logs",
        title="CloudWatch Logs",
        target="Logs_20140328",
        model=service_model("logs"),
        handlers=HANDLERS,
        codes={
            "ValidationException": "InvalidParameterException",
            "InvalidParameterValueException": "InvalidParameterException",
            "InvalidRequestContentException": "SerializationException",
            "ServiceException": "ServiceUnavailableException",
        },
    )
