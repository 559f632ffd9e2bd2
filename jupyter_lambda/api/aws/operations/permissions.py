"""Resource policies of functions: statements are kept as IAM would have them, and shown; function URLs ask them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.api.aws.operations.functions import refused
from jupyter_lambda.engine.catalog import new_revision
from jupyter_lambda.errors import Conflict, NotFound, PolicyTooLong, RevisionMismatch
from jupyter_lambda.model.function_settings import Policy
from jupyter_lambda.model.names import LATEST

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.context import Context, Handler, Values
    from jupyter_lambda.engine.catalog import Entry
    from jupyter_lambda.model.names import FunctionReference

POLICY_BYTES_MAX: Final = 20_480
_ACCOUNT: Final = re.compile(r"\d{12}")
_SERVICE: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?|[a-z0-9-]+\.aws\.internal")
_IAM: Final = re.compile(r"arn:aws[a-zA-Z-]*:(iam|sts)::\d{12}:.+")


async def add_permission(context: Context, values: Values) -> dict[str, Any]:
    """AddPermission: adds one statement."""
    reference = _target(context, values)
    key = reference.qualifier or ""
    statement = _statement(context.arn(reference.name, reference.qualifier), values)

    def added(_: Entry, policies: dict[str, Policy]) -> dict[str, Policy]:
        present = policies.get(key)
        _check_revision(values, present)
        statements = present.statements if present else ()
        if any(one["Sid"] == statement["Sid"] for one in statements):
            raise Conflict(
                f'function "{reference.name}"', f'its policy has a statement "{statement["Sid"]}" already', "Choose another id.",
                aws_message=f"The statement id ({statement['Sid']}) provided already exists. Please provide a new statement id, or "
                "remove the existing statement.", members={"Type": "User"},
            )  # fmt: skip
        policy = Policy(statements=(*statements, statement), revision_id=new_revision())
        _check_length(policy)
        return {**policies, key: policy}

    await context.engine.changes.change_settings(reference.name, policies=added)
    return {"Statement": _json(statement)}


async def get_policy(context: Context, values: Values) -> dict[str, Any]:
    """GetPolicy."""
    reference = context.reference(values)
    entry = context.engine.catalog.find(reference.name)
    policy = entry.function.settings.policies.get(reference.qualifier or "") if entry else None
    if policy is None:
        raise NotFound(
            f'function "{reference.name}"', "it has no policy", "AddPermission makes one.",
            aws_message="The resource you requested does not exist.", members={"Type": "User"},
        )  # fmt: skip
    return {"Policy": _document(policy), "RevisionId": policy.revision_id}


async def remove_permission(context: Context, values: Values) -> None:
    """RemovePermission: removes one statement, and the policy with the last one."""
    reference = context.reference(values)
    key, sid = reference.qualifier or "", values["StatementId"]
    if context.engine.catalog.find(reference.name) is None:
        raise _missing(reference, f"No policy found for: {context.arn(reference.name, reference.qualifier)}")

    def removed(_: Entry, policies: dict[str, Policy]) -> dict[str, Policy]:
        present = policies.get(key)
        if present is None:
            raise _missing(reference, "No policy is associated with the given resource.")
        kept = tuple(one for one in present.statements if one["Sid"] != sid)
        if len(kept) == len(present.statements):
            raise _missing(reference, f"Statement {sid} is not found in resource policy.")
        _check_revision(values, present)
        others = {name: policy for name, policy in policies.items() if name != key}
        return {**others, key: Policy(statements=kept, revision_id=new_revision())} if kept else others

    await context.engine.changes.change_settings(reference.name, policies=removed)


def _target(context: Context, values: Values) -> FunctionReference:
    reference = context.reference(values)
    context.version(reference)
    if reference.qualifier == LATEST:
        raise refused("We currently do not support adding policies for $LATEST.")
    return reference


def _statement(arn: str, values: Values) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": values["StatementId"], "Effect": "Allow", "Principal": _principal(values["Principal"]), "Action": values["Action"],
        "Resource": arn,
    }  # fmt: skip
    equals = {key: values[name] for name, key in _EQUALS.items() if name in values}
    condition: dict[str, Any] = {}
    if equals:
        condition["StringEquals"] = equals
    if "InvokedViaFunctionUrl" in values:
        condition["Bool"] = {"lambda:InvokedViaFunctionUrl": "true" if values["InvokedViaFunctionUrl"] else "false"}
    if "SourceArn" in values:
        condition["ArnLike"] = {"AWS:SourceArn": values["SourceArn"]}
    if condition:
        statement["Condition"] = condition
    return statement


_EQUALS: Final = {
    "SourceAccount": "AWS:SourceAccount", "PrincipalOrgID": "aws:PrincipalOrgID",
    "FunctionUrlAuthType": "lambda:FunctionUrlAuthType", "EventSourceToken": "lambda:EventSourceToken",
}  # fmt: skip


def _principal(given: str) -> str | dict[str, str]:
    if given == "*":
        return "*"
    if _ACCOUNT.fullmatch(given):
        return {"AWS": f"arn:aws:iam::{given}:root"}
    if _IAM.fullmatch(given):
        return {"AWS": given}
    if _SERVICE.fullmatch(given):
        return {"Service": given}
    raise refused("The provided principal was invalid. Please check the principal and try again.")


def _check_revision(values: Values, policy: Policy | None) -> None:
    given = values.get("RevisionId")
    if given is not None and (policy is None or given != policy.revision_id):
        raise RevisionMismatch(
            "policy", "it was changed by somebody else in the meantime", "Read it again, then repeat the change.",
            aws_message="The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the "
            "latest Revision Id", members={"Type": "User"},
        )  # fmt: skip


def _check_length(policy: Policy) -> None:
    length = len(_document(policy).encode())
    if length > POLICY_BYTES_MAX:
        raise PolicyTooLong(
            "policy", f"{length:,} bytes, and Lambda takes {POLICY_BYTES_MAX:,}", "Remove statements.",
            aws_message=f"The final policy size ({length}) is bigger than the limit ({POLICY_BYTES_MAX}).", members={"Type": "User"},
        )  # fmt: skip


def _missing(reference: FunctionReference, message: str) -> NotFound:
    return NotFound(f'function "{reference.name}"', message.rstrip("."), "", aws_message=message, members={"Type": "User"})


def _document(policy: Policy) -> str:
    return _json({"Version": "2012-10-17", "Id": "default", "Statement": list(policy.statements)})


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


TABLE: Final[dict[str, Handler]] = {
    "AddPermission": add_permission,
    "GetPolicy": get_policy,
    "RemovePermission": remove_permission,
}
