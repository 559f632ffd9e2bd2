"""Zips from strangers: what is taken out of them, and what is refused."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile

import pytest

from jupyter_lambda.errors import InvalidZip, PackageTooLarge
from jupyter_lambda.store.zip_package import extract


def member(name, mode=0o644, *, kind=stat.S_IFREG, compress=zipfile.ZIP_DEFLATED, system=3):
    info = zipfile.ZipInfo(name)
    info.create_system = system
    info.external_attr = (kind | mode) << 16
    info.compress_type = compress
    return info


def archive(*members):
    """A zip of (name or ZipInfo, content) pairs."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        for info, content in members:
            package.writestr(info if isinstance(info, zipfile.ZipInfo) else member(info), content)
    return made.getvalue()


def link(name, target):
    return member(name, 0o777, kind=stat.S_IFLNK), target


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "target"
    folder.mkdir()
    yield folder
    for top, _, _ in os.walk(folder):
        os.chmod(top, 0o700)  # noqa: PTH101  (pytest removes it as any user)


@pytest.fixture(params=["memory", "file"])
def unzip(request, tmp_path, target):
    def run(data, **settings):
        if request.param == "memory":
            extract(io.BytesIO(data), target, **settings)
        else:
            (tmp_path / "a.zip").write_bytes(data)
            with (tmp_path / "a.zip").open("rb") as file:
                extract(file, target, **settings)

    return run


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def test_takes_files_out_as_they_were(unzip, target):
    big = os.urandom(3_000_000)
    unzip(
        archive(
            ("app.py", "x = 1"), ("empty", ""), ("folder/", ""), ("deep/er/big.bin", big), ("./dot/ted.txt", "d"), ("ü→.txt", "u"),
            (member("stored.bin", compress=zipfile.ZIP_STORED), big), ("./", ""),
        )
    )  # fmt: skip

    assert (target / "app.py").read_text() == "x = 1"
    assert (target / "empty").read_bytes() == b""
    assert (target / "folder").is_dir()
    assert (target / "deep/er/big.bin").read_bytes() == big
    assert (target / "stored.bin").read_bytes() == big
    assert (target / "dot/ted.txt").read_text() == "d"
    assert (target / "ü→.txt").read_text() == "u"


def test_keeps_executable_bits_and_drops_write_and_set_uid_bits(unzip, target):
    unzip(
        archive((member("run.sh", 0o755), ""), (member("a.txt", 0o666), ""), (member("su", 0o4755), ""), (member("f/x", 0), ""))
    )

    assert mode(target / "run.sh") == 0o555
    assert mode(target / "a.txt") == 0o444
    assert mode(target / "su") == 0o555
    assert mode(target / "f/x") == 0o444
    assert mode(target / "f") == 0o555
    assert mode(target) == 0o555


def test_the_later_of_two_members_of_a_name_holds(unzip, target):
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = archive(("a.txt", "first"), ("a.txt", "second"))
    unzip(data)
    assert (target / "a.txt").read_text() == "second"


def test_links_that_stay_inside_are_made(unzip, target):
    unzip(
        archive(("lib/real.so", "x"), link("lib/real.so.1", "real.so"), link("up/link", "../lib/real.so"), link("dangling", "no"))
    )

    assert (target / "lib/real.so.1").read_text() == "x"
    assert (target / "up/link").read_text() == "x"
    assert os.readlink(target / "dangling") == "no"  # noqa: PTH115


@pytest.mark.parametrize(
    "members",
    [
        [("../out", "x")],
        [("a/../../out", "x")],
        [("/etc/out", "x")],
        [("..", "x")],
        [link("out", "/etc/passwd")],
        [link("out", "../../etc")],
        [link("a/b/c", "../../../x")],
        [link("out", "")],
        # a link into the root from deep inside: what goes up from there leads out
        [("deep/er/x", ""), link("deep/er/root", "../.."), link("out", "deep/er/root/../secret")],
        # through a link to somewhere else
        [link("a", "/tmp"), ("a/out", "x")],
        [("a", "x"), ("a/b", "x")],
        [("a/b", "x"), ("a", "x")],
        [("a/b", "x"), link("a", "c")],
        [(member("pipe", kind=stat.S_IFIFO), "")],
        [(member("device", kind=stat.S_IFCHR), "")],
        [("x" * 300, "")],
    ],
)
def test_refuses_members_that_lead_astray(unzip, tmp_path, members):
    with pytest.raises(InvalidZip) as refused:
        unzip(archive(*members))

    assert refused.value.aws_message == "Could not unzip uploaded file. Please check your file, then try to upload again."
    assert not (tmp_path / "out").exists()


def test_a_link_of_another_system_is_a_plain_file(unzip, target):
    unzip(archive((member("x", kind=stat.S_IFLNK, system=0), "/etc/passwd")))
    assert (target / "x").read_text() == "/etc/passwd"
    assert not (target / "x").is_symlink()


def test_refuses_what_unfolds_too_far_by_its_own_words_before_anything_is_written(unzip, target):
    data = archive(("a", b"0" * 3000), ("b", b"0" * 3000))
    with pytest.raises(PackageTooLarge, match="5,999 bytes"):
        unzip(data, bytes_max=5999)
    assert list(target.iterdir()) == []


def test_takes_what_unfolds_just_so_far(unzip, target):
    unzip(archive(("a", b"0" * 3000), ("b", b"0" * 3000)), bytes_max=6000)
    assert (target / "b").stat().st_size == 3000


def test_refuses_what_unfolds_further_than_it_says(unzip, target):
    """A bomb that declares one byte for a megabyte: only what it declared is ever written."""
    data = bytearray(archive(("bomb", b"0" * 1_000_000)))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(signature) + offset
        data[at : at + 4] = struct.pack("<I", 1)

    with pytest.raises(InvalidZip):
        unzip(bytes(data), bytes_max=1000)
    assert (target / "bomb").stat().st_size <= 1


@pytest.mark.parametrize("damage", ["no zip", "empty", "cut off", "bad crc", "encrypted", "unknown method"])
def test_refuses_what_cannot_be_read(unzip, damage):
    data = bytearray(archive(("app.py", b"x = 1" * 100)))
    central = data.index(b"PK\x01\x02")
    match damage:
        case "no zip":
            data = bytearray(b"hello")
        case "empty":
            data = bytearray()
        case "cut off":
            del data[100:]
        case "bad crc":
            data[central + 16] ^= 0xFF
            data[data.index(b"PK\x03\x04") + 14] ^= 0xFF
        case "encrypted":
            data[central + 8] |= 1
        case "unknown method":
            data[central + 10] = 97
    with pytest.raises(InvalidZip):
        unzip(bytes(data))
