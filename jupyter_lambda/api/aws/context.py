"""What every operation needs: the engine, and the function that a request names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lambda.engine.engine import Engine
from jupyter_lambda.errors import AccessDenied, AliasNotFound, FunctionNotFound, NotFound, RequestError, VersionNotFound
from jupyter_lambda.model.names import (
    LATEST,
    FunctionReference,
    check_qualifier,
    function_arn,
    is_version_number,
    parse_function_reference,
)

if TYPE_CHECKING:
    from jupyter_lambda.engine.catalog import Entry
    from jupyter_lambda.model.function import Version

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """One request's surroundings.

    Attributes:
        engine: The engine.
        package_url: Makes an URL from which whoever has it may fetch a package (by its hash) for ten minutes.
        host: The engine's address as the caller wrote it, with the port.
    """

    engine: Engine
    package_url: Callable[[str], str]
    host: str

    def function_url(self, url_id: str) -> str:
        """Where a function URL answers."""
        return f"http://{self.host}/url/{url_id}/"

    @property
    def region(self) -> str:
        """The engine's region."""
        return self.engine.settings.region

    @property
    def account_id(self) -> str:
        """The engine's account."""
        return self.engine.settings.account_id

    def arn(self, name: str, qualifier: str | None = None) -> str:
        """A function's ARN."""
        return function_arn(self.region, self.account_id, name, qualifier)

    def reference(self, values: Values) -> FunctionReference:
        """The function that `FunctionName` and `Qualifier` name, which need not exist.

        Raises:
            ValidationError: `FunctionName` is no name.
            RequestError: The name's qualifier is not `Qualifier`.
            NotFound: It is of another region.
            AccessDenied: It is of another account.
        """
        reference = parse_function_reference(values["FunctionName"])
        check_reachable(reference, self.region, self.account_id)
        given = values.get("Qualifier")
        if given is not None and reference.qualifier is not None and given != reference.qualifier:
            raise derived_qualifier_differs()
        qualifier = given or reference.qualifier
        if qualifier is not None:
            check_qualifier(qualifier)
        return FunctionReference(reference.name, qualifier, reference.region, reference.account)

    def unqualified(self, values: Values) -> str:
        """The name of a function that is named without a version or alias (RequestError)."""
        reference = self.reference(values)
        if reference.qualifier not in (None, LATEST) or ("Qualifier" not in values and reference.qualifier is not None):
            raise RequestError(
                f'function "{reference.name}"', f'"{reference.qualifier}" can not stand here', "Name the function alone.",
                aws_message="This operation is permitted on Lambda functions only. Aliases and versions do not support this "
                "operation. Please specify either a function name or an unqualified function ARN.", members={"Type": "User"},
            )  # fmt: skip
        return reference.name

    def entry(self, reference: FunctionReference) -> Entry:
        """The function with its versions (FunctionNotFound, which names the ARN as it was asked for)."""
        found = self.engine.catalog.find(reference.name)
        if found is None:
            raise self.not_found(reference)
        return found

    def version(self, reference: FunctionReference) -> Version:
        """The version that a reference means; an alias stands for its first version."""
        entry, qualifier = self.entry(reference), reference.qualifier
        if qualifier is None or qualifier == LATEST:
            return entry.function.latest
        try:
            if is_version_number(qualifier):
                return self.engine.catalog.version(entry, qualifier)
            return self.engine.catalog.version(entry, self.engine.target_alias(entry, qualifier).version)
        except (VersionNotFound, AliasNotFound) as error:
            raise self.not_found(reference) from error

    def not_found(self, reference: FunctionReference) -> FunctionNotFound:
        """The error for a function, version or alias that there is none of."""
        arn = self.arn(reference.name, reference.qualifier)
        return FunctionNotFound(
            f'function "{reference.name}"', "there is no such function, version or alias", "ListFunctions shows what there is.",
            aws_message=f"Function not found: {arn}", members={"Type": "User"},
        )  # fmt: skip


Handler = Callable[[Context, Values], Awaitable[dict[str, Any] | None]]


def check_reachable(reference: FunctionReference, region: str, account_id: str) -> None:
    """Refuse an ARN of another region (NotFound) or account (AccessDenied)."""
    if reference.region is not None and reference.region != region:
        raise NotFound(
            f'function "{reference.name}"', f"its ARN is of {reference.region}, and this engine is {region}", "",
            aws_message=f"Functions from '{reference.region}' are not reachable in this region ('{region}')",
            members={"Type": "User"},
        )  # fmt: skip
    if reference.account is not None and reference.account != account_id:
        raise AccessDenied(
            f'function "{reference.name}"', f"its ARN is of account {reference.account}, and this engine is {account_id}",
            f"Use {account_id}, or start the engine with --account-id {reference.account}.",
            aws_message=f"User: arn:aws:iam::{account_id}:root is not authorized to perform this operation on resource: "
            f"{function_arn(reference.region or region, reference.account, reference.name)} because no resource-based policy "
            "allows it",
        )  # fmt: skip


def derived_qualifier_differs() -> RequestError:
    """The error for a name whose qualifier is not the one beside it."""
    return RequestError(
        "qualifier", "the function's name says another one", "Give one of them.",
        aws_message="The derived qualifier from the function name does not match the specified qualifier.",
        members={"Type": "User"},
    )  # fmt: skip
