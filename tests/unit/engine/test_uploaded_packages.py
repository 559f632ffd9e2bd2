"""What AWS refuses of a package is refused before anything is kept (engine/uploaded_packages.py)."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.engine.uploaded_packages import keep_package
from jupyter_lambda.errors import PackageTooLarge, RequestError
from jupyter_lambda.testing.clock import ManualClock
from jupyter_lambda.testing.store import MemoryStore

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def store(tmp_path: Path) -> MemoryStore:
    return MemoryStore(tmp_path, ManualClock())


def zipped(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, text in members.items():
            package.writestr(name, text)
    return buffer.getvalue()


async def test_a_package_is_kept_and_unpacked(store: MemoryStore) -> None:
    package = await keep_package(store, zipped(**{"f.py": "x = 1"}))
    assert (await store.extract_blob(package.sha256) / "f.py").read_text() == "x = 1"
    assert package.size == len(zipped(**{"f.py": "x = 1"}))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "Uploaded file must be a non-empty zip"),
        (b"no zip", "Could not unzip uploaded file. Please check your file, then try to upload again."),
        (zipped(a="x")[:-10], "Could not unzip uploaded file. Please check your file, then try to upload again."),
        (zipped(**{"../a": "x"}), "Could not unzip uploaded file. Please check your file, then try to upload again."),
    ],
)
async def test_what_is_no_package_is_refused(store: MemoryStore, data: bytes, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        await keep_package(store, data)
    assert (caught.value.aws_message, caught.value.members) == (message, {"Type": "User"})


async def test_a_package_that_says_it_is_huge_is_refused_unread(store: MemoryStore) -> None:
    package = bytearray(zipped(a="x"))
    entry = package.index(b"PK\x01\x02")
    package[entry + 24 : entry + 28] = (262_144_000).to_bytes(4, "little")  # what the directory says of its size
    with pytest.raises(RequestError) as caught:
        await keep_package(store, bytes(package))
    assert caught.value.aws_message == "Unzipped size must be smaller than 262144000 bytes"


async def test_a_zip_above_the_limit_is_refused(store: MemoryStore) -> None:
    with pytest.raises(PackageTooLarge) as caught:
        await keep_package(store, bytes(52_428_800))
    assert caught.value.aws_message == "Zipped size must be smaller than 52428800 bytes"
