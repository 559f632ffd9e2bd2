"""Layers, and the other resources of the account: held in memory, committed before they are believed.

A version with layers runs on one package that holds all of them, the later ones over the earlier ones, as `/opt` would: made when the
version is, so that a layer may be deleted without ending what uses it.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import zipfile
from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_lambda.errors import AccessDenied, RequestError
from jupyter_lambda.model.event_source_mapping import EventSourceMapping
from jupyter_lambda.model.resources import CodeSigningConfig, LayerVersion, Resource
from jupyter_lambda.model.saved_event import SavedTestEvent
from jupyter_lambda.store.protocol import DeleteResource, PutResource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jupyter_lambda.engine.uploaded_packages import Package
    from jupyter_lambda.store.protocol import Store

_ARN: Final = re.compile(
    r"arn:aws[a-zA-Z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):layer:(?P<name>[^:]+):(?P<number>\d+)"
)


class Resources:
    """What an account has beside functions."""

    def __init__(self, store: Store, *, region: str, account_id: str) -> None:
        self._store = store
        self._region = region
        self._account_id = account_id
        self._kept: dict[str, Resource] = {}
        self._writing = asyncio.Lock()

    def load(self, resources: Iterable[Resource]) -> None:
        """Take over what the store kept."""
        self._kept = {resource.key: resource for resource in resources}

    # -- layers -----------------------------------------------------------------------------------------------------------
    def layer_arn(self, name: str, number: int | None = None) -> str:
        """A layer's ARN, or one of its versions'."""
        arn = f"arn:aws:lambda:{self._region}:{self._account_id}:layer:{name}"
        return arn if number is None else f"{arn}:{number}"

    def layers(self) -> list[LayerVersion]:
        """Every version of every layer that is not deleted, by name and number."""
        found = (one for one in self._kept.values() if isinstance(one, LayerVersion) and not one.deleted)
        return sorted(found, key=lambda layer: (layer.name, layer.number))

    def layer(self, name: str, number: int) -> LayerVersion | None:
        """One version of a layer, None if there is none."""
        found = self._kept.get(f"layer/{name}/{number}")
        return found if isinstance(found, LayerVersion) and not found.deleted else None

    async def publish_layer(self, package: Package, layer: LayerVersion) -> LayerVersion:
        """Keep a layer's next version; `layer` has everything but number and package."""
        async with self._writing:
            taken = [one.number for one in self._kept.values() if isinstance(one, LayerVersion) and one.name == layer.name]
            new = msgspec.structs.replace(
                layer, number=max(taken, default=0) + 1, package_sha256=package.sha256, package_bytes=package.size
            )
            await self._put(new)
            return new

    async def change(self, key: str, decide: Callable[[Resource | None], Resource]) -> Resource:
        """Commit what `decide` makes of a resource as it is now."""
        async with self._writing:
            changed = decide(self._kept.get(key))
            await self._put(changed)
            return changed

    async def _put(self, resource: Resource) -> None:
        await self._store.commit([PutResource(resource)])
        self._kept[resource.key] = resource

    async def merged_package(self, arns: Iterable[str]) -> str:
        """The hash of the one package that holds all these layers; empty for none.

        Raises:
            RequestError: There is no such layer, it is elsewhere, or two are versions of one layer.
            AccessDenied: It is another account's.
        """
        layers = [self._used(arn) for arn in arns]
        seen: dict[str, LayerVersion] = {}
        for layer in layers:
            if layer.name in seen:
                one, other = (self.layer_arn(used.name, used.number) for used in (seen[layer.name], layer))
                raise _refused(
                    "Two different versions of the same layer are not allowed to be referenced in the same function. "
                    f"{one} and {other} are versions of the same layer."
                )
            seen[layer.name] = layer
        if len(layers) < 2:
            return layers[0].package_sha256 if layers else ""
        packages = [await self._store.read_blob(layer.package_sha256) for layer in layers]
        merged = await asyncio.to_thread(merge, packages)
        sha256 = hashlib.sha256(merged).hexdigest()
        await self._store.put_blob(merged, sha256)
        return sha256

    def _used(self, arn: str) -> LayerVersion:
        match = _ARN.fullmatch(arn)
        if match is None or match["region"] != self._region:
            raise _refused(
                f"Layers are not in the same region as the function. Layers are expected to be in region {self._region}."
            )
        if match["account"] != self._account_id:
            raise AccessDenied(
                f'layer "{arn}"', "it is another account's", "Publish it here.",
                aws_message=f"User: arn:aws:iam::{self._account_id}:root is not authorized to perform: lambda:GetLayerVersion on "
                f"resource: {arn} because no resource-based policy allows the lambda:GetLayerVersion action",
            )  # fmt: skip
        layer = self.layer(match["name"], int(match["number"][:9]))
        if layer is None:
            raise _refused(f"Layer version {arn} does not exist.")
        return layer

    # -- code signing -----------------------------------------------------------------------------------------------------
    def code_signing_configs(self) -> list[CodeSigningConfig]:
        """All of them, by id."""
        return sorted((r for r in self._kept.values() if isinstance(r, CodeSigningConfig)), key=lambda c: c.config_id)

    def code_signing_config(self, config_id: str) -> CodeSigningConfig | None:
        """One, None if there is none."""
        found = self._kept.get(f"code-signing/{config_id}")
        return found if isinstance(found, CodeSigningConfig) else None

    # -- event source mappings --------------------------------------------------------------------------------------------
    def mappings(self) -> list[EventSourceMapping]:
        """All of them, by UUID."""
        return sorted((r for r in self._kept.values() if isinstance(r, EventSourceMapping)), key=lambda mapping: mapping.uuid)

    def mapping(self, uuid: str) -> EventSourceMapping | None:
        """One, None if there is none."""
        found = self._kept.get(f"event-source-mapping/{uuid}")
        return found if isinstance(found, EventSourceMapping) else None

    # -- test events ------------------------------------------------------------------------------------------------------
    def test_events(self, function_name: str) -> list[SavedTestEvent]:
        """A function's, by name."""
        kept = (r for r in self._kept.values() if isinstance(r, SavedTestEvent) and r.function_name == function_name)
        return sorted(kept, key=lambda event: event.name)

    async def delete(self, key: str) -> None:
        """Remove a resource; one that is not there is none to remove."""
        async with self._writing:
            if key in self._kept:
                await self._store.commit([DeleteResource(key)])
                del self._kept[key]


def merge(packages: Iterable[bytes]) -> bytes:
    """One zip of several; of two files with one path the later package's holds."""
    members: dict[str, tuple[zipfile.ZipInfo, bytes]] = {}
    for package in packages:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            members.update({info.filename: (info, archive.read(info)) for info in archive.infolist()})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as merged:
        for name in sorted(members):
            info, content = members[name]
            entry = zipfile.ZipInfo(name)
            entry.external_attr, entry.create_system = info.external_attr, info.create_system
            merged.writestr(entry, content)
    return buffer.getvalue()


def _refused(message: str) -> RequestError:
    return RequestError("layers", message.rstrip("."), "", aws_message=message, members={"Type": "User"})
