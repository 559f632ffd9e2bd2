"""CloudWatch as a service: which function carries out which operation."""

from __future__ import annotations

import functools
from typing import Final

from jupyter_lambda.api.aws.cloudwatch import metrics
from jupyter_lambda.api.aws.rpc.service import Handler, Service
from jupyter_lambda.api.aws.service_model import service_model

EMPTY: Final = {  # what can't be made here is listed as none
    "DescribeAlarmHistory": ("AlarmHistoryItems",),
    "DescribeAlarms": ("MetricAlarms", "CompositeAlarms"),
    "DescribeAlarmsForMetric": ("MetricAlarms",),
    "DescribeAnomalyDetectors": ("AnomalyDetectors",),
    "DescribeInsightRules": ("InsightRules",),
    "ListDashboards": ("DashboardEntries",),
    "ListMetricStreams": ("Entries",),
}
HANDLERS: Final[dict[str, Handler]] = {
    "GetMetricData": metrics.get_metric_data,
    "GetMetricStatistics": metrics.get_metric_statistics,
    "ListMetrics": metrics.list_metrics,
    **{name: metrics.nothing(*members) for name, members in EMPTY.items()},
}


@functools.cache
def cloudwatch() -> Service:
    """The service."""
    return Service(
        name="monitoring",
        title="CloudWatch",
        target="GraniteServiceVersion20100801",
        model=service_model("cloudwatch"),
        handlers=HANDLERS,
        codes={"InvalidRequestContentException": "SerializationException", "ServiceException": "InternalServiceFault"},
    )
