"""What of AWS Lambda is here: every operation, and the behaviours that differ. docs/aws-compatibility.md is written from this.

`python -m jupyter_lambda.api.aws.compatibility > docs/aws-compatibility.md` writes the page again.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Final

from jupyter_lambda.api.aws.operations.refused import TABLE as REFUSED
from jupyter_lambda.api.aws.operations.table import HANDLERS
from jupyter_lambda.api.aws.rpc.compatibility import sections
from jupyter_lambda.api.aws.service_model import service_model


class Level(StrEnum):
    """How far an operation goes."""

    SUPPORTED = "supported"
    KEPT = "kept"  # stored and answered, and nothing acts on it
    REFUSED = "refused"
    ABSENT = "absent"


OWN_DOORS: Final = frozenset(
    {"Invoke", "InvokeWithResponseStream"}
)  # not in the table of handlers: they have protocols of their own

NOTES: Final[dict[str, str]] = {
    "AddPermission": "Function URLs ask for it. The engine has one account and one key: no other call is refused for want of one.",
    "AddLayerVersionPermission": "There is one account here, and it may use all its layers: nobody is left to be refused.",
    "CreateFunction": "`ZipFile`, and `S3Bucket` from `--aws-endpoint`. `ImageUri` names an image that the daemon has, where there are "
    "containers; `ImageConfig` holds. `VpcConfig`, `KMSKeyArn`, `FileSystemConfigs`, `SnapStart` and `TracingConfig` are kept; "
    "`CapacityProviderConfig`, `DurableConfig`, `TenancyConfig`, `PublishTo`, `RuntimeConfig` and `AcceleratorConfig` are refused; "
    "`DeadLetterConfig` gets the event where `--aws-endpoint` has the queue or topic.",
    "CreateEventSourceMapping": "Checked, kept and answered with its state; no record is read from a source yet.",
    "CreateCapacityProvider": "Newer area of AWS that needs machines of its own.",
    "CheckpointDurableExecution": "Durable functions are not here.",
    "DeleteFunction": "Status 204, as AWS answers, and not the model's 200.",
    "GetAccountSettings": "`TotalCodeSize` is AWS's quota and not enforced; concurrency is the engine's own.",
    "GetFunction": "`Code.Location` is a presigned URL of the engine, for ten minutes.",
    "GetFunctionScalingConfig": "Belongs to capacity providers.",
    "Invoke": "All three types, `LogType`, `ClientContext`, `Qualifier`, weighted aliases. `DurableExecutionName` and `TenantId` are "
    "refused.",
    "InvokeWithResponseStream": "Events leave while the handler runs, where its runtime streams by the Runtime API; another runtime's "
    "result is one event. 200 MB at most; no limit to the rate. A reader who stops makes the function wait, about a megabyte ahead; "
    "one who leaves ends the invocation, where AWS lets it run.",
    "ListTags": "Tags of functions and event source mappings; no other resource has any.",
    "PutFunctionEventInvokeConfig": "Retries and maximum age hold for the queue from the next attempt on; a destination "
    "gets AWS's record, kept in the transaction that ends the event; queues, topics, buses and buckets are those of `--aws-endpoint`.",
    "PutFunctionRecursionConfig": "A chain of calls that comes back to a function for the 16th time is ended, counted by `Lineage` in "
    "the trace header, unless it says `Allow`.",
    "PutProvisionedConcurrencyConfig": "Real environments, initialised ahead and kept. An alias provisions its first version only; what "
    "is no longer wanted ends when it has been idle for `environment_idle_seconds`; it is not taken from the account's concurrency.",
    "CreateCodeSigningConfig": "No signature can be checked here, so every package and layer is untrusted: `Enforce` refuses it, `Warn` "
    "takes it.",
    "PublishLayerVersion": "`ZipFile`, and `S3Bucket` from `--aws-endpoint`. A function runs on one package of all its "
    "layers, at a path of its own, which `PATH`, `LD_LIBRARY_PATH` and the module path name; it stands at `/opt` too in containers made of "
    "this machine, and in processes where the host has mount namespaces, unless the interpreter itself is below `/opt`.",
    "DeleteLayerVersion": "Functions that use it keep it; the number is not given out again.",
    "PutResourcePolicy": "Of July 2026. `AddPermission` makes the same statements.",
    "PutRuntimeManagementConfig": "The interpreters are the machine's, and nothing updates them.",
    "CreateFunctionUrlConfig": "Answers at `/url/<id>/` on the engine's address and at `<id>.lambda-url.localhost`. Both permissions are "
    "asked of `NONE`; a valid signature is enough for `AWS_IAM`. Buffered and streamed, CORS, payload format 2.0.",
    "UpdateFunctionCode": "`ZipFile`, `S3Bucket`, `ImageUri`. With `DryRun`, `Publish`, `RevisionId`.",
}

_KEPT_WORDS: Final = ("RuntimeManagement", "LayerVersionPermission", "LayerVersionPolicy", "EventSourceMapping")
KEPT: Final = frozenset(name for name in HANDLERS if any(word in name for word in _KEPT_WORDS))

BEHAVIOURS: Final[tuple[tuple[str, str], ...]] = (
    ("Signatures", "SigV4 by header and by query, `UNSIGNED-PAYLOAD`, `STREAMING-UNSIGNED-PAYLOAD-TRAILER`; five minutes of skew; AWS's "
     "errors. The service in the scope may be any, and a session token is not asked for. No SigV4A."),
    ("Authorization", "Whoever has the engine's key may do everything. The credentials in an execution environment hold at its own "
     "port only, for operations that invoke and that read. `--auth any` takes any credentials, or none."),
    ("Validation", "Constraints of botocore's model, all broken ones in one message, with AWS's words; enumerations in the model's order, "
     "where AWS's own order is known only for some."),
    ("Types in requests", "SerializationException with AWS's words where they are known."),
    ("States", "`Pending` and `InProgress` stand only in the answer of the operation that made or changed a function; every later look "
     "says `Active` and `Successful`, so that waiters end at once; a function whose image is being built is `Pending` until it "
     "is there. A runtime that the machine lacks is `Failed`, `InvalidRuntime`."),
    ("Runtimes", "`pythonX.Y` runs on a Python of that version found on the machine with the packages that it has (no `/var/runtime` with "
     "boto3 of its own). `nodejs…` runs on AWS's own client `aws-lambda-ric`, which the user installs; `ruby…` and `java…` on small "
     "clients of ours (Java: handlers of bytes or text; no `Context` of AWS's library). A newer version of the language serves too: "
     "INIT_START names the one that ran. `provided.al2023` runs the `bootstrap` of the package, else of a layer. What the machine lacks, "
     "and .NET, is `Failed`, `InvalidRuntime`."),
    ("Extensions", "Programs in `extensions/` of a layer, and internal ones; `INVOKE`, `SHUTDOWN`, deadlines, shutdown phase, and "
     "the errors `Extension.Crash`, `.LaunchError`, `.InitError`, `.ExitError`. The caller's answer waits until the extensions are done "
     "with the invocation, where AWS may send it before. Extensions of a function share the machine's ports in the process sandbox: two "
     "environments can't both listen on 8080."),
    ("Telemetry API", "All three schema versions are taken, events are those of the newest; HTTP and TCP to `sandbox.localdomain`, which "
     "is the environment's own loopback; the name resolves where the host allows mounts, delivery needs no name. A batch is tried again "
     "until the buffer is full; what is dropped is told as `platform.logsDropped`. No spans. Not for a function whose extensions are all "
     "internal, and no Logs API: both are answered as AWS's emulator does, 202 with `Telemetry.NotSupported` or `Logs.NotSupported`."),
    ("Architectures", "Answered as given; code runs on the machine's."),
    ("Pages", "At most 50 items, whatever `MaxItems` says, as AWS does for functions and versions."),
    ("Update in progress", "No 409: an update is over when it is answered."),
    ("Throttling", "429 with `Reason`, `Type` and `Retry-After: 1`. Memory that is not to be had is a 429 as well, and names the budget. "
     "A function that wants more than 1,000 new environments in 10 seconds (`scaling_rate`) is throttled with "
     "`FunctionInvocationRateLimitExceeded`, or with `ReservedFunctionInvocationRateLimitExceeded`; which reason AWS gives is not known. "
     "No limit of 10 requests a second for each environment."),
    ("Logs", "`LogFormat: JSON`: `ApplicationLogLevel` holds for what goes through Python's `logging` and through Node's `console`; the "
     "platform's lines are JSON, from `SystemLogLevel` on. The lines that explain a timeout or an exit stay text."),
)  # fmt: skip


def level(name: str) -> Level:
    """How far an operation goes."""
    if name in REFUSED:
        return Level.REFUSED
    if name in KEPT:
        return Level.KEPT
    return Level.SUPPORTED if name in HANDLERS or name in OWN_DOORS else Level.ABSENT


def page() -> str:
    """The page, in Markdown."""
    names = sorted(service_model().operations)
    levels = {name: level(name) for name in names}
    counts = ", ".join(f"{sum(1 for one in levels.values() if one is word)} {word}" for word in Level)
    lines = [
        "# AWS Lambda's API, and what is here of it", "",
        "<!-- Written by `python -m jupyter_lambda.api.aws.compatibility`: change the tables there. -->", "",
        f"Operations of {service_model().source}: {counts}. *Supported* acts as AWS does but for what its note says. *Kept* is stored and",
        "answered, and nothing acts on it. *Refused*: reading finds nothing, lists are empty, making one is an error that says so.",
        "*Absent* is answered with `UnknownOperationException`.", "",
        "| Operation | | Note |", "| --- | --- | --- |",
        *(f"| {name} | {levels[name]} | {NOTES.get(name, '')} |" for name in names), "",
        "## Behaviours", "", "| | |", "| --- | --- |", *(f"| {what} | {text} |" for what, text in BEHAVIOURS), "",
        *sections(),
    ]  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(page())
