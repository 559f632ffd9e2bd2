"""Functions, versions and aliases: held in memory, changed one at a time per engine, committed before they are believed.

A change is worked out as new values first, then committed to the store in one transaction, then put in place; a failed commit
changes nothing. Reads are plain dictionary look-ups, so an invocation never waits for a deployment.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from jupyter_lambda.engine.deployment import (
    configuration_with,
    describe_changes,
    options_kept,
    same_publication,
    with_provisioned,
)
from jupyter_lambda.engine.supported import check_supported
from jupyter_lambda.errors import (
    AliasNotFound,
    Conflict,
    FunctionNotFound,
    NotFound,
    OwnedByAnotherNotebook,
    RequestError,
    RevisionMismatch,
    VersionNotFound,
)
from jupyter_lambda.model.engine_api import AliasRequest, ConfigurationChange, DeployAnswer, DeployRequest
from jupyter_lambda.model.function import Alias, Configuration, Function, Version, check_alias, check_configuration
from jupyter_lambda.model.function_settings import FunctionSettings
from jupyter_lambda.model.names import (
    LATEST,
    check_alias_name,
    check_function_name,
    did_you_mean,
    function_arn,
    is_version_number,
)
from jupyter_lambda.store.protocol import (
    Change,
    Contents,
    DeleteAlias,
    DeleteFunction,
    DeleteVersion,
    PutAlias,
    PutFunction,
    PutVersion,
    Store,
)

if TYPE_CHECKING:
    from jupyter_lambda.clock import Clock


class Entry:
    """A function with its numbered versions and aliases."""

    __slots__ = ("aliases", "function", "versions")

    def __init__(self, function: Function) -> None:
        self.function = function
        self.versions: dict[str, Version] = {}
        self.aliases: dict[str, Alias] = {}

    @property
    def newest(self) -> Version | None:
        """The version published last, if it still exists."""
        return self.versions.get(str(self.function.last_version))

    @property
    def unpublished_changes(self) -> bool:
        """Whether `$LATEST` differs from the version published last."""
        newest = self.newest
        return newest is None or not same_publication(newest, self.function.latest)


Listener = Callable[[str], None]


class Catalog:
    """What functions there are."""

    def __init__(self, store: Store, clock: Clock, *, region: str, account_id: str) -> None:
        self._store = store
        self._clock = clock
        self._region = region
        self._account_id = account_id
        self._entries: dict[str, Entry] = {}
        self._writing = asyncio.Lock()
        self._listeners: list[Listener] = []
        self.reserved_total = 0

    def load(self, contents: Contents) -> None:
        """Take over what the store kept."""
        for function in contents.functions:
            self._entries[function.name] = Entry(function)
        for version in contents.versions:
            self._entries[version.function_name].versions[version.version] = version
        for alias in contents.aliases:
            self._entries[alias.function_name].aliases[alias.name] = alias
        self._count_reserved()

    def on_change(self, listener: Listener) -> None:
        """Call `listener` with the function's name after each change."""
        self._listeners.append(listener)

    # -- reading ----------------------------------------------------------------------------------------------------------
    def entries(self) -> Iterable[Entry]:
        """Every function, by name."""
        return [self._entries[name] for name in sorted(self._entries)]

    @property
    def count(self) -> int:
        """How many functions there are."""
        return len(self._entries)

    def find(self, name: str) -> Entry | None:
        """The function, None when there is none."""
        return self._entries.get(name)

    def entry(self, name: str) -> Entry:
        """The function (FunctionNotFound)."""
        try:
            return self._entries[name]
        except KeyError:
            hint = did_you_mean(name, self._entries) or "Deploy it with %%lambda; %lambda list shows what there is."
            raise FunctionNotFound(
                f'function "{name}"', "there is no such function", hint,
                aws_message=f"Function not found: {function_arn(self._region, self._account_id, name)}",
                members={"Type": "User"},
            ) from None  # fmt: skip

    def version(self, entry: Entry, number: str) -> Version:
        """`$LATEST` or a numbered version (VersionNotFound)."""
        if number == LATEST:
            return entry.function.latest
        try:
            return entry.versions[number]
        except KeyError:
            name = entry.function.name
            known = ", ".join(entry.versions) or "none is published yet"
            raise VersionNotFound(
                f'function "{name}"', f"there is no version {number}", f"Versions: {known}.",
                aws_message=f"Function not found: {function_arn(self._region, self._account_id, name, number)}",
                members={"Type": "User"},
            ) from None  # fmt: skip

    def alias(self, entry: Entry, name: str) -> Alias:
        """An alias (AliasNotFound)."""
        try:
            return entry.aliases[name]
        except KeyError:
            arn = function_arn(self._region, self._account_id, entry.function.name, name)
            hint = did_you_mean(name, entry.aliases) or f"Make it: %lambda alias {entry.function.name} {name}=VERSION."
            raise AliasNotFound(
                f'function "{entry.function.name}"', f'there is no alias "{name}"', hint,
                aws_message=f"Cannot find alias arn: {arn}", members={"Type": "User"},
            ) from None  # fmt: skip

    # -- writing ----------------------------------------------------------------------------------------------------------
    async def deploy(self, name: str, request: DeployRequest, package_bytes: int, layers_package: str = "") -> DeployAnswer:
        """Create or change a function from a package that the store has, and publish it when that changed anything."""
        check_function_name(name)
        if request.alias is not None:
            check_alias_name(request.alias)
        async with self._writing:
            entry = self._entries.get(name)
            self._check_owner(name, entry, request)
            before = entry.function.latest if entry else None
            configuration = check_configuration(configuration_with(before, request))
            check_supported(name, configuration, request.python)
            latest = self._latest(name, before, request, configuration, package_bytes)
            if latest.layers_package != layers_package:
                latest = msgspec.structs.replace(latest, layers_package=layers_package)
            function = Function(
                name=name,
                latest=latest,
                notebook=request.notebook or (entry.function.notebook if entry else None),
                created=entry.function.created if entry else self.timestamp(),
                last_version=entry.function.last_version if entry else 0,
                reserved_concurrency=self._reserved(name, entry, request.reserved_concurrency),
                settings=entry.function.settings if entry else FunctionSettings(),
            )
            changes: list[Change] = []
            version, published = entry.newest if entry else None, False
            if version is None or not same_publication(version, latest):
                version = None
                if request.publish:
                    version, function = self.next_version(function, request.description)
                    published = True
                    changes.append(PutVersion(version))
            if request.provisioned_concurrency is not None:
                kept = with_provisioned(function, version, request.alias, request.provisioned_concurrency, self.timestamp())
                function = msgspec.structs.replace(function, settings=kept)
            changes.insert(0, PutFunction(function))
            if request.alias is not None:
                changes.append(PutAlias(self._deployed_alias(name, entry, version, request)))
            await self._apply(name, changes)
        return DeployAnswer(
            function=function,
            version=version.version if version else None,
            created=before is None,
            published=published,
            changed=describe_changes(before, latest),
            kept=options_kept(latest.configuration, request.options) if before else (),
            warnings=_kept_ready(name, version, request),
        )

    async def configure(self, name: str, change: ConfigurationChange, layers_package: str | None = None) -> Version:
        """Change `$LATEST`'s configuration; `layers_package` where its layers are part of the change."""
        async with self._writing:
            entry = self.entry(name)
            latest = entry.function.latest
            self.check_revision(change.revision_id, latest.revision_id)
            configuration = check_configuration(configuration_with(latest, change))
            check_supported(name, configuration, latest.python)
            if configuration != latest.configuration:
                latest = msgspec.structs.replace(
                    latest, configuration=configuration, revision_id=new_revision(), last_modified=self.timestamp(),
                    layers_package=latest.layers_package if layers_package is None else layers_package,
                )  # fmt: skip
            reserved = self._reserved(name, entry, change.reserved_concurrency)
            if change.clear_reserved_concurrency:
                reserved = None
            function = msgspec.structs.replace(entry.function, latest=latest, reserved_concurrency=reserved)
            if function != entry.function:
                await self._apply(name, [PutFunction(function)])
            return latest

    async def create(self, function: Function, versions: Sequence[Version] = ()) -> Entry:
        """Add a function that is not there yet (Conflict)."""
        async with self._writing:
            self.check_new(function.name)
            latest = function.latest
            check_supported(function.name, latest.configuration, latest.python)
            await self._apply(function.name, [PutFunction(function), *map(PutVersion, versions)])
            return self._entries[function.name]

    def check_new(self, name: str) -> None:
        """Refuse the name of a function that is there (Conflict)."""
        if name in self._entries:
            raise Conflict(
                f'function "{name}"', "it exists already", "Update it, or delete it first.",
                aws_message=f"Function already exist: {name}", members={"Type": "User"},
            )  # fmt: skip

    async def change(self, name: str, decide: Callable[[Entry], Sequence[Change]]) -> Entry:
        """Commit what `decide` makes of a function as it is now; nothing else changes it in between (FunctionNotFound)."""
        async with self._writing:
            entry = self.entry(name)
            changes = decide(entry)
            for change in changes:
                if isinstance(change, PutFunction) and change.function.latest is not entry.function.latest:
                    latest = change.function.latest
                    check_supported(name, latest.configuration, latest.python)
            if changes:
                await self._apply(name, changes)
            return entry

    async def publish(self, name: str, description: str = "", *, check: Callable[[Version], None] | None = None) -> Version:
        """Publish `$LATEST`; returns the last version when nothing changed since. `check` may refuse what is to be published."""
        async with self._writing:
            entry = self.entry(name)
            if check is not None:
                check(entry.function.latest)
            newest = entry.newest
            if newest is not None and same_publication(newest, entry.function.latest):
                return newest
            version, function = self.next_version(entry.function, description)
            await self._apply(name, [PutFunction(function), PutVersion(version)])
            return version

    async def put_alias(self, name: str, alias_name: str, request: AliasRequest) -> Alias:
        """Create or change an alias."""
        check_alias_name(alias_name)
        async with self._writing:
            entry = self.entry(name)
            existing = entry.aliases.get(alias_name)
            if existing is not None:
                self.check_revision(request.revision_id, existing.revision_id)
            for number in (request.version, request.additional_version):
                if number is not None:
                    self.version(entry, number)
            alias = check_alias(
                Alias(
                    function_name=name, name=alias_name, version=request.version,
                    additional_version=request.additional_version, additional_weight=request.additional_weight,
                    description=request.description, revision_id=new_revision(),
                )
            )  # fmt: skip
            await self._apply(name, [PutAlias(alias)])
            return alias

    async def delete_alias(self, name: str, alias_name: str) -> None:
        """Remove an alias; removing what isn't there is fine, as with AWS."""
        async with self._writing:
            entry = self.entry(name)
            if alias_name in entry.aliases:
                await self._apply(name, [DeleteAlias(name, alias_name)])

    async def delete(self, name: str, qualifier: str | None = None) -> None:
        """Remove a function, or one numbered version that no alias points to."""
        async with self._writing:
            entry = self.entry(name)
            if qualifier is None:
                await self._apply(name, [DeleteFunction(name)])
                return
            if qualifier == LATEST:
                raise RequestError(
                    f'function "{name}"', "$LATEST goes only with the whole function", "Delete the function.",
                    aws_message="$LATEST version cannot be deleted without deleting the function.", members={"Type": "User"},
                )  # fmt: skip
            if not is_version_number(qualifier):
                raise RequestError(f'function "{name}"', f'"{qualifier}" is an alias, not a version', "Delete the alias itself.")
            self.version(entry, qualifier)
            users = sorted(a.name for a in entry.aliases.values() if qualifier in (a.version, a.additional_version))
            if users:
                raise Conflict(
                    f'version {qualifier} of function "{name}"', f'alias "{users[0]}" points to it',
                    f"Point the alias elsewhere first: %lambda alias {name} {users[0]}=VERSION.",
                )  # fmt: skip
            await self._apply(name, [DeleteVersion(name, qualifier)])

    # -- parts ------------------------------------------------------------------------------------------------------------
    async def _apply(self, name: str, changes: Sequence[Change]) -> None:
        await self._store.commit(changes)
        for change in changes:
            self._put_in_place(change)
        self._count_reserved()
        for listener in self._listeners:
            listener(name)

    def _put_in_place(self, change: Change) -> None:
        match change:
            case PutFunction(function):
                entry = self._entries.setdefault(function.name, Entry(function))
                entry.function = function
            case PutVersion(version):
                self._entries[version.function_name].versions[version.version] = version
            case PutAlias(alias):
                self._entries[alias.function_name].aliases[alias.name] = alias
            case DeleteFunction(name):
                del self._entries[name]
            case DeleteVersion(name, number):
                del self._entries[name].versions[number]
            case DeleteAlias(name, alias_name):
                del self._entries[name].aliases[alias_name]
            case _:
                raise NotFound("catalog", f"a change it does not know: {change!r}")

    def _count_reserved(self) -> None:
        self.reserved_total = sum(e.function.reserved_concurrency or 0 for e in self._entries.values())

    def _check_owner(self, name: str, entry: Entry | None, request: DeployRequest) -> None:
        owner = entry.function.notebook if entry else None
        if owner and request.notebook and owner != request.notebook and not request.take_over:
            raise OwnedByAnotherNotebook(
                f'function "{name}"', f"it was deployed by {owner}",
                "Add --take-over to deploy it from here, or choose another name.",
            )  # fmt: skip

    def check_revision(self, given: str | None, present: str) -> None:
        """Refuse a change of an older state than the present one (RevisionMismatch)."""
        if given is not None and given != present:
            raise RevisionMismatch(
                "revision", "it was changed by somebody else in the meantime", "Read it again, then repeat the change.",
                aws_message="The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
                "retrieve the latest Revision Id", members={"Type": "User"},
            )  # fmt: skip

    def _reserved(self, name: str, entry: Entry | None, asked: int | None) -> int | None:
        if asked is None:
            return entry.function.reserved_concurrency if entry else None
        if asked < 0:
            raise RequestError(f'function "{name}"', f"a reserved concurrency of {asked} is negative", "Use 0 or more.")
        return asked

    def _latest(
        self, name: str, before: Version | None, request: DeployRequest, configuration: Configuration, package_bytes: int
    ) -> Version:
        proposed = Version(
            function_name=name, version=LATEST, configuration=configuration, package_sha256=request.package_sha256,
            package_bytes=package_bytes, content_digest=request.content_digest, revision_id=new_revision(),
            last_modified=self.timestamp(), description="", python=request.python, preload=request.preload,
            requirements_folder=request.requirements_folder, source=request.source, manifest=request.manifest,
            notebook=request.notebook,
        )  # fmt: skip
        if before is not None and same_publication(before, proposed):
            return before  # equal content keeps its package, its revision and its warm environments
        return proposed

    def next_version(self, function: Function, description: str) -> tuple[Version, Function]:
        """The version that publishing `$LATEST` makes, and the function that has given out its number; nothing is changed."""
        number = function.last_version + 1
        version = msgspec.structs.replace(
            function.latest, version=str(number), revision_id=new_revision(), last_modified=self.timestamp(),
            description=description or function.latest.configuration.description,
        )  # fmt: skip
        return version, msgspec.structs.replace(function, last_version=number)

    def _deployed_alias(self, name: str, entry: Entry | None, version: Version | None, request: DeployRequest) -> Alias:
        where = f'alias "{request.alias}" of function "{name}"'
        if version is None or request.alias is None:
            raise RequestError(where, "an alias points to a published version", "Leave --no-publish out.")
        present = entry.aliases.get(request.alias) if entry else None
        alias = Alias(function_name=name, name=request.alias, version=version.version, revision_id=new_revision())
        if request.alias_weight is None or present is None or present.version == version.version:
            return alias
        return check_alias(
            msgspec.structs.replace(
                alias, version=present.version, additional_version=version.version, additional_weight=request.alias_weight
            )
        )

    def timestamp(self) -> str:
        """Now, as AWS writes the time of a change."""
        moment = datetime.fromtimestamp(self._clock.epoch(), UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def new_revision() -> str:
    """A revision id that no state had before."""
    return str(uuid.uuid4())


def _kept_ready(name: str, version: Version | None, request: DeployRequest) -> tuple[str, ...]:
    """What to call for environments that are kept ready: Lambda has none for `$LATEST`, which a plain call runs."""
    if not request.provisioned_concurrency or version is None:
        return ()
    what = request.alias or version.version
    return (
        f"{request.provisioned_concurrency} environments of {name}:{what} are kept ready; a call without a qualifier runs $LATEST, "
        f'so call it with qualifier="{what}"',
    )
