"""Small settings of functions: recursion, runtime management.

Recursion's effect is real: a chain of calls that comes back to a function for the 16th time is ended unless it is `Allow`. Runtime
management is kept and answered: interpreters here are the machine's, and nothing updates them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.api.aws.operations.functions import refused
from jupyter_lambda.model.function_settings import RuntimeManagement
from jupyter_lambda.model.names import LATEST

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Context, Handler, Values


async def get_recursion(context: Context, values: Values) -> dict[str, Any]:
    """GetFunctionRecursionConfig."""
    context.unqualified(values)
    return {"RecursiveLoop": context.entry(context.reference(values)).function.settings.recursive_loop}


async def put_recursion(context: Context, values: Values) -> dict[str, Any]:
    """PutFunctionRecursionConfig."""
    name = context.unqualified(values)
    context.entry(context.reference(values))
    chosen: str = values["RecursiveLoop"]
    await context.engine.changes.change_settings(name, recursive_loop=lambda _, __: chosen)
    return {"RecursiveLoop": chosen}


async def get_runtime_management(context: Context, values: Values) -> dict[str, Any]:
    """GetRuntimeManagementConfig."""
    reference = context.reference(values)
    version = context.version(reference)
    key = reference.qualifier or LATEST
    kept = context.entry(reference).function.settings.runtime_management.get(key, RuntimeManagement())
    return _describe_management(context.arn(version.function_name, key), kept)


async def put_runtime_management(context: Context, values: Values) -> dict[str, Any]:
    """PutRuntimeManagementConfig."""
    reference = context.reference(values)
    context.version(reference)
    key, mode, arn = reference.qualifier or LATEST, values["UpdateRuntimeOn"], values.get("RuntimeVersionArn")
    if mode == "Manual" and arn is None:
        raise refused("RuntimeVersionArn is required for Manual runtime update mode.")
    if mode != "Manual" and arn is not None:
        raise refused("RuntimeVersionArn can only be specified for Manual runtime update mode.")
    chosen = RuntimeManagement(update_runtime_on=mode, runtime_version_arn=arn)
    await context.engine.changes.change_settings(reference.name, runtime_management=lambda _, present: {**present, key: chosen})
    return _describe_management(context.arn(reference.name, key), chosen)


def _describe_management(arn: str, kept: RuntimeManagement) -> dict[str, Any]:
    answer: dict[str, Any] = {"UpdateRuntimeOn": kept.update_runtime_on, "FunctionArn": arn}
    if kept.runtime_version_arn is not None:
        answer["RuntimeVersionArn"] = kept.runtime_version_arn
    return answer


TABLE: Final[dict[str, Handler]] = {
    "GetFunctionRecursionConfig": get_recursion,
    "PutFunctionRecursionConfig": put_recursion,
    "GetRuntimeManagementConfig": get_runtime_management,
    "PutRuntimeManagementConfig": put_runtime_management,
}
