"""Changes of functions by AWS's rules: create, update code, update configuration, aliases.

What differs from a notebook's deployment: everything that is asked for is a new revision, also when nothing changed; nothing is
published unless asked for; a runtime that this machine does not have makes a function that has failed, not an error.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_lambda.engine.catalog import Catalog, Entry, new_revision
from jupyter_lambda.engine.deployment import same_publication
from jupyter_lambda.errors import AliasNotFound, Conflict, RequestError
from jupyter_lambda.model.function import Alias, Configuration, Function, Version, check_alias, check_configuration
from jupyter_lambda.model.names import LATEST, check_function_name
from jupyter_lambda.store.protocol import Change, PutAlias, PutFunction, PutVersion

if TYPE_CHECKING:
    from jupyter_lambda.engine.interpreter_choice import Choice, Interpreters
    from jupyter_lambda.engine.layers import Resources
    from jupyter_lambda.engine.uploaded_packages import Package
    from jupyter_lambda.model.function_settings import FunctionSettings


class FunctionChanges:
    """Carries out changes through the catalog."""

    def __init__(self, catalog: Catalog, interpreters: Interpreters, resources: Resources) -> None:
        self._catalog = catalog
        self._resources = resources
        self._interpreters = interpreters

    async def create(
        self, name: str, package: Package, configuration: Configuration, *, settings: FunctionSettings, publish: bool
    ) -> Version:
        """Make a function; returns `$LATEST`, or version 1 with `publish`.

        Raises:
            RequestError: A value that AWS would not take.
            Conflict: It exists already.
        """
        check_function_name(name)
        check_configuration(configuration)
        choice = await self._interpreters.choose(configuration.runtime)
        layers = await self._resources.merged_package(configuration.layers)
        now = self._catalog.timestamp()
        latest = Version(
            function_name=name, version=LATEST, configuration=configuration, package_sha256=package.sha256,
            package_bytes=package.size, content_digest=package.digest, revision_id=new_revision(), last_modified=now,
            python=choice.python, failure=choice.failure, layers_package=layers,
        )  # fmt: skip
        function = Function(name=name, latest=latest, created=now, settings=settings)
        if not publish:
            await self._catalog.create(function)
            return latest
        version, function = self._catalog.next_version(function, "")
        await self._catalog.create(function, [version])
        return version

    async def update_code(
        self,
        name: str,
        package: Package,
        *,
        revision_id: str | None,
        architecture: str | None,
        publish: bool,
        dry_run: bool,
        image: str | None = None,
    ) -> Version:
        """Replace `$LATEST`'s package, or the image that stands for one; returns it, or the version that `publish` made of it."""
        runtime = self._catalog.entry(name).function.latest.configuration.runtime
        choice = await self._interpreters.choose(runtime)
        answer: list[Version] = []

        def decide(entry: Entry) -> list[Change]:
            before = entry.function.latest
            self._catalog.check_revision(revision_id, before.revision_id)
            configuration = before.configuration
            if architecture is not None:
                configuration = msgspec.structs.replace(configuration, architecture=architecture)
            if image is not None:
                configuration = msgspec.structs.replace(configuration, image=image)
            same = before.package_sha256 == package.sha256 and before.image_id == package.image_id
            latest = msgspec.structs.replace(
                before, configuration=configuration, package_sha256=package.sha256, package_bytes=package.size,
                revision_id=new_revision(), last_modified=self._catalog.timestamp(),
            )  # fmt: skip
            if not same:  # nothing that a notebook said of its package holds for another one
                latest = msgspec.structs.replace(
                    latest, content_digest=package.digest, source="", manifest={}, preload=(), requirements_folder=None,
                )  # fmt: skip
            if before.python is None:  # else it goes on where it ran: its packages are there
                latest = _on(latest, choice)
            return self._changes(entry, latest, publish=publish, dry_run=dry_run, answer=answer)

        await self._catalog.change(name, decide)
        return answer[0]

    async def update_configuration(self, name: str, changed: dict[str, Any], *, revision_id: str | None) -> Version:
        """Lay `changed`, members of `Configuration`, over `$LATEST`'s."""
        present = self._catalog.entry(name).function.latest
        runtime = changed.get("runtime", present.configuration.runtime)
        must_choose = runtime != present.configuration.runtime or bool(present.failure)  # it may have been installed meanwhile
        choice = await self._interpreters.choose(runtime) if must_choose else None
        layers = await self._resources.merged_package(changed["layers"]) if "layers" in changed else None
        answer: list[Version] = []

        def decide(entry: Entry) -> list[Change]:
            before = entry.function.latest
            self._catalog.check_revision(revision_id, before.revision_id)
            configuration = check_configuration(msgspec.structs.replace(before.configuration, **changed))
            latest = msgspec.structs.replace(
                before, configuration=configuration, revision_id=new_revision(), last_modified=self._catalog.timestamp()
            )
            if layers is not None:
                latest = msgspec.structs.replace(latest, layers_package=layers)
            latest = _on(latest, choice)
            return self._changes(entry, latest, publish=False, dry_run=False, answer=answer)

        await self._catalog.change(name, decide)
        return answer[0]

    async def publish(self, name: str, description: str, *, revision_id: str | None, code_sha256: str | None) -> Version:
        """Publish `$LATEST` if it is still what the caller saw (RevisionMismatch, RequestError)."""

        def check(latest: Version) -> None:
            present = encoded_hash(latest.package_sha256)
            if code_sha256 and code_sha256 != present:
                raise RequestError(
                    f'function "{name}"', "its code is not what you saw", "Read it again, then publish.",
                    aws_message=f"CodeSHA256 ({code_sha256}) is different from current CodeSHA256 in $LATEST ({present}). "
                    "Please try again with the CodeSHA256 in $LATEST.", members={"Type": "User"},
                )  # fmt: skip
            self._catalog.check_revision(revision_id, latest.revision_id)

        return await self._catalog.publish(name, description, check=check)

    async def create_alias(self, alias: Alias, *, arn: str) -> Alias:
        """Make an alias that is not there yet (Conflict, VersionNotFound)."""

        def decide(entry: Entry) -> list[Change]:
            if alias.name in entry.aliases:
                raise Conflict(
                    f'alias "{alias.name}" of function "{alias.function_name}"', "it exists already", "Update it.",
                    aws_message=f"Alias already exists: {arn}", members={"Type": "User"},
                )  # fmt: skip
            return [PutAlias(self._checked(entry, alias))]

        await self._catalog.change(alias.function_name, decide)
        return alias

    async def update_alias(
        self, name: str, alias_name: str, changed: dict[str, Any], *, revision_id: str | None, arn: str
    ) -> Alias:
        """Lay `changed`, members of `Alias`, over an alias (AliasNotFound, RevisionMismatch)."""
        answer: list[Alias] = []

        def decide(entry: Entry) -> list[Change]:
            present = entry.aliases.get(alias_name)
            if present is None:
                raise AliasNotFound(
                    f'function "{name}"', f'there is no alias "{alias_name}"', "Create it.",
                    aws_message=f"Alias not found: {arn}", members={"Type": "User"},
                )  # fmt: skip
            self._catalog.check_revision(revision_id, present.revision_id)
            alias = self._checked(entry, msgspec.structs.replace(present, **changed, revision_id=new_revision()))
            answer.append(alias)
            return [PutAlias(alias)]

        await self._catalog.change(name, decide)
        return answer[0]

    async def change_settings(self, name: str, **changed: Any) -> FunctionSettings:
        """Replace members of a function's settings; each value is a function of the entry's present one."""
        answer: list[FunctionSettings] = []

        def decide(entry: Entry) -> list[Change]:
            settings = entry.function.settings
            new = {member: decided(entry, getattr(settings, member)) for member, decided in changed.items()}
            answer.append(msgspec.structs.replace(settings, **new))
            return [PutFunction(msgspec.structs.replace(entry.function, settings=answer[0]))]

        await self._catalog.change(name, decide)
        return answer[0]

    def _changes(self, entry: Entry, latest: Version, *, publish: bool, dry_run: bool, answer: list[Version]) -> list[Change]:
        function = msgspec.structs.replace(entry.function, latest=latest)
        answer.append(latest)
        if dry_run:
            return []
        if not publish:
            return [PutFunction(function)]
        newest = entry.newest
        if newest is not None and same_publication(newest, latest):
            answer[0] = newest
            return [PutFunction(function)]
        answer[0], function = self._catalog.next_version(function, "")
        return [PutFunction(function), PutVersion(answer[0])]

    def _checked(self, entry: Entry, alias: Alias) -> Alias:
        for number in (alias.version, alias.additional_version):
            if number is not None and number != LATEST:
                self._catalog.version(entry, number)
        return check_alias(alias)


def _on(latest: Version, choice: Choice | None) -> Version:
    if choice is None:
        return latest
    return msgspec.structs.replace(latest, python=choice.python, failure=choice.failure)


def encoded_hash(sha256: str) -> str:
    """A hex hash as AWS writes `CodeSha256`: base64."""
    try:
        return base64.b64encode(binascii.unhexlify(sha256)).decode()
    except binascii.Error:
        return sha256
