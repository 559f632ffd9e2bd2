"""What of CloudWatch Logs and CloudWatch is here; sections of docs/aws-compatibility.md, written by `api.aws.compatibility`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_lambda.api.aws.cloudwatch.service import EMPTY as NO_ALARMS
from jupyter_lambda.api.aws.cloudwatch.service import cloudwatch
from jupyter_lambda.api.aws.logs.service import EMPTY as NO_FILTERS
from jupyter_lambda.api.aws.logs.service import logs
from jupyter_lambda.telemetry.metric_series import METRICS

if TYPE_CHECKING:
    from collections.abc import Collection

    from jupyter_lambda.api.aws.rpc.service import Service

LOGS_NOTES: Final[dict[str, str]] = {
    "CreateLogGroup": "Class and tags are kept; no encryption, no deletion protection.",
    "DeleteLogGroup": "The function's next log makes it again, as on AWS.",
    "DeleteLogStream": "An environment that still runs makes it again.",
    "DescribeLogStreams": "One for each environment.",
    "FilterLogEvents": "All three kinds of patterns: terms with `?`, `-`, quotes and `%…%`; JSON; space-delimited fields. Events come by "
    "their times over all streams, in both directions. A search that finds little comes in more pages, some of them empty.",
    "GetLogEvents": "Tokens for both directions; a forward token finds what is written later.",
    "ListTagsForResource": "Of log groups.",
    "PutRetentionPolicy": "Applied at once to what is read, and to what is stored when it is put, at the engine's start and every hour.",
    "TestMetricFilter": "Without extracted values.",
}
CLOUDWATCH_NOTES: Final[dict[str, str]] = {
    "GetMetricData": "`MetricStat`; an `Expression` is refused. Pages of `MaxDatapoints`.",
    "GetMetricStatistics": "All statistics, extended ones too: percentiles, trimmed and winsorized means, counts, sums and ranks.",
    "ListMetrics": "Series that had values in the last two weeks.",
}
LOGS_BEHAVIOURS: Final[tuple[tuple[str, str], ...]] = (
    ("When events are there", "With the end of their invocation; the log of one that runs is not there yet."),
    ("Times", "To the millisecond, when the engine read a line; lines of a log with very many moments share some of them."),
    ("What is one event", "A line with its newline; a Python error with its traceback; a fault with its type. Lines above 256 kB are cut."),
    ("How long", "As long as the engine keeps logs (`retained_log_mib`), or as a retention policy says, if that is less."),
    ("Writing", "`PutLogEvents` and `CreateLogStream` are not here: what a function prints is its log."),
)  # fmt: skip
CLOUDWATCH_BEHAVIOURS: Final[tuple[tuple[str, str], ...]] = (
    ("Protocols", "Smithy RPC v2 CBOR, AWS JSON 1.0 and 1.1, AWS Query with XML; each with its names of errors."),
    ("Metrics", f"{', '.join(f'`{name}`' for name in METRICS)}."),
    ("Dimensions", "None, `FunctionName`, and with it `Resource`; for aliases `ExecutedVersion` too."),
    ("Figures", "Counted from the records of invocations, as `fn.metrics()`, the panel and `jupyter lambda metrics` are: exact, there at "
     "once, and as far back as the engine keeps invocations (`retained_invocations`)."),
    ("Resolution", "One minute: a shorter period finds its values at the full minute. Periods begin with the start of the request."),
    ("Concurrency", "Read whenever an invocation begins, and at each full minute while any runs."),
)  # fmt: skip


def sections() -> list[str]:
    """The lines of both sections."""
    return [
        *_section(logs(), LOGS_NOTES, LOGS_BEHAVIOURS, NO_FILTERS, "what could make one is refused"),
        *_section(
            cloudwatch(), CLOUDWATCH_NOTES, CLOUDWATCH_BEHAVIOURS, NO_ALARMS, "alarms, dashboards and the like can't be made"
        ),
    ]


def _section(
    service: Service, notes: dict[str, str], behaviours: tuple[tuple[str, str], ...], empty: Collection[str], why: str
) -> list[str]:
    supported = [name for name in sorted(service.handlers) if name not in empty]
    rest = len(service.model.operations) - len(service.handlers)
    return [
        f"## {service.title}", "",
        f"Operations of {service.model.source}: {len(supported)} supported, {len(empty)} that list nothing, {rest} refused with",
        "`UnknownOperationException` that names the operation.", "",
        "| Operation | | Note |", "| --- | --- | --- |",
        *(f"| {name} | supported | {notes.get(name, '')} |" for name in supported),
        f"| {', '.join(sorted(empty))} | empty | There is none: {why}. |", "",
        "| | |", "| --- | --- |", *(f"| {what} | {text} |" for what, text in behaviours), "",
    ]  # fmt: skip
