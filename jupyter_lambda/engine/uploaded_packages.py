"""Packages that come through AWS's API: what AWS refuses of a zip is refused here, then it is kept and unpacked.

Source: AWS Lambda quotas; messages as recorded from AWS.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
import zlib
from typing import TYPE_CHECKING

import msgspec

from jupyter_lambda.errors import InvalidZip, PackageTooLarge, RequestError
from jupyter_lambda.model import limits
from jupyter_lambda.model.function import image_digest

if TYPE_CHECKING:
    from jupyter_lambda.store.protocol import Store


class Package(msgspec.Struct, frozen=True):
    """A kept package."""

    sha256: str  # hex
    size: int  # bytes
    image_id: str = ""  # of a function that is an image: its code is in there, and this package is empty

    @property
    def digest(self) -> str:
        """What decides whether code has changed."""
        return image_digest(self.image_id) if self.image_id else f"zip:{self.sha256}"


async def empty_package(store: Store, image_id: str) -> Package:
    """The package of a function that is an image."""
    nothing = io.BytesIO()
    with zipfile.ZipFile(nothing, "w"):
        pass
    data = nothing.getvalue()
    sha256 = hashlib.sha256(data).hexdigest()
    await store.put_blob(data, sha256)
    return Package(sha256, 0, image_id)


async def keep_package(store: Store, data: bytes) -> Package:
    """Check a zip as AWS does, keep it and unpack it; the first invocation then finds its files.

    Raises:
        PackageTooLarge: Above what AWS takes zipped (RequestEntityTooLargeException, 413).
        RequestError: Empty, no zip, a hostile one, or too large unzipped (InvalidParameterValueException).
        DiskFull, StoreError: It can't be kept.
    """
    if not data:
        raise _refused("it is empty", "Uploaded file must be a non-empty zip")
    if len(data) >= limits.PACKAGE_ZIPPED_BYTES_MAX:
        raise PackageTooLarge(
            "package", f"{len(data):,} bytes", "Deploy it from a notebook with %%lambda, which takes more.",
            aws_message=f"Zipped size must be smaller than {limits.PACKAGE_ZIPPED_BYTES_MAX} bytes",
        )  # fmt: skip
    sha256 = await asyncio.to_thread(_look_at, data)
    await store.put_blob(data, sha256)
    try:
        await store.extract_blob(sha256)
    except (InvalidZip, PackageTooLarge) as error:
        raise _refused(error.what, _UNREADABLE) from error
    return Package(sha256, len(data))


_UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again."


def _look_at(data: bytes) -> str:
    """Read the zip's directory and add up what it declares; returns the package's hash."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            declared = sum(member.file_size for member in package.infolist())
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
        raise _refused(str(error) or "it is no zip", _UNREADABLE) from error
    if declared >= limits.PACKAGE_UNZIPPED_BYTES_MAX:
        raise _refused(
            f"its files are {declared:,} bytes", f"Unzipped size must be smaller than {limits.PACKAGE_UNZIPPED_BYTES_MAX} bytes"
        )
    return hashlib.sha256(data).hexdigest()


def _refused(what: str, message: str) -> RequestError:
    return RequestError(
        "package", what, "Make the zip again with plain files and folders.", aws_message=message, members={"Type": "User"}
    )
