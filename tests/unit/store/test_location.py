"""Where state stands when the home is on a network file system, decided from the text of mountinfo."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_lambda.errors import StoreError
from jupyter_lambda.store.location import (
    Mount,
    file_system_of,
    is_network,
    locate_state,
    make_private_folder,
    make_state_folder,
    parse_mountinfo,
    read_mounts,
)

MOUNTINFO = r"""
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
22 21 0:20 / /proc rw shared:5 - proc proc rw
23 21 0:40 / /home rw,relatime shared:30 master:2 - nfs4 server:/home rw,vers=4.2
24 23 0:41 / /home/ada/My\040Disk rw - fuse.sshfs ada@host: rw
25 21 0:42 / /data rw - xfs /dev/sdb rw
26 25 0:43 / /data rw - cifs //server/data rw
"""


def test_reads_mountinfo():
    assert parse_mountinfo(MOUNTINFO) == [
        Mount(Path("/"), "ext4"),
        Mount(Path("/proc"), "proc"),
        Mount(Path("/home"), "nfs4"),
        Mount(Path("/home/ada/My Disk"), "fuse.sshfs"),
        Mount(Path("/data"), "xfs"),
        Mount(Path("/data"), "cifs"),
    ]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/var/lib", "ext4"),
        ("/homework", "ext4"),
        ("/home", "nfs4"),
        ("/home/ada/x", "nfs4"),
        ("/home/ada/My Disk/x", "fuse.sshfs"),
        ("/data/x", "cifs"),  # mounted over the other one
    ],
)
def test_the_nearest_and_latest_mount_holds_a_path(path, kind):
    assert file_system_of(Path(path), parse_mountinfo(MOUNTINFO)) == kind


def test_without_mounts_the_kind_is_unknown():
    assert file_system_of(Path("/x"), []) == "unknown"


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "ceph", "9p", "fuse.sshfs", "fuse.s3fs"])
def test_network_file_systems(kind):
    assert is_network(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "apfs", "fuse.fuse-overlayfs", "unknown"])
def test_local_file_systems(kind):
    assert not is_network(kind)


def test_this_machine_has_mounts():
    assert any(mount.point == Path("/") for mount in read_mounts())


def mounts(*network):
    return lambda: [Mount(Path("/"), "ext4"), *(Mount(Path(os.path.realpath(folder)), "nfs4") for folder in network)]


def test_a_local_home_holds_its_state(tmp_path):
    location = locate_state(tmp_path / "home", mounts=mounts())

    assert location.folder == location.home == tmp_path / "home"
    assert not location.is_elsewhere
    assert not location.is_at_risk
    assert "(ext4)" in location.sentence


def test_the_state_of_a_home_on_the_network_goes_to_this_machine(tmp_path):
    home, local = tmp_path / "home", tmp_path / "local"
    first = locate_state(home, mounts=mounts(home), candidates=lambda: [local])
    again = locate_state(home, mounts=mounts(home), candidates=lambda: [local])
    other = locate_state(tmp_path / "home" / "b", mounts=mounts(home), candidates=lambda: [local])

    assert first == again
    assert first.is_elsewhere
    assert not first.is_at_risk
    assert first.folder.parent == local
    assert other.folder != first.folder
    assert "network file system (nfs4)" in first.sentence
    assert str(first.folder) in first.sentence


def test_a_candidate_on_the_network_is_passed_over(tmp_path):
    home, near = tmp_path / "home", tmp_path / "near"
    location = locate_state(home, mounts=mounts(home), candidates=lambda: [home / ".local" / "state", near])
    assert location.folder.parent == near


def test_a_candidate_that_others_can_write_is_passed_over(tmp_path):
    home, shared, near = tmp_path / "home", tmp_path / "shared", tmp_path / "near"
    shared.mkdir()
    shared.chmod(0o777)
    link = tmp_path / "link"
    link.symlink_to(shared)
    location = locate_state(home, mounts=mounts(home), candidates=lambda: [shared, link, near])
    assert location.folder.parent == near


def test_without_any_local_folder_the_home_is_used_and_that_is_said(tmp_path):
    location = locate_state(tmp_path, mounts=mounts(tmp_path), candidates=lambda: [tmp_path / "x"])

    assert location.folder == tmp_path
    assert location.is_at_risk
    assert "no local folder can take it" in location.sentence


def test_a_home_that_exists_keeps_its_mode_and_new_folders_are_private(tmp_path):
    tmp_path.chmod(0o755)
    make_state_folder(locate_state(tmp_path, mounts=mounts()))
    make_state_folder(locate_state(tmp_path / "new", mounts=mounts()))
    loose = tmp_path / "loose"
    loose.mkdir()
    loose.chmod(0o755)
    make_private_folder(loose)

    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert loose.stat().st_mode & 0o777 == 0o700


def test_a_link_is_no_private_folder(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(StoreError, match="somebody else"):
        make_private_folder(tmp_path / "link")


def test_a_file_where_the_home_should_be_is_told(tmp_path):
    (tmp_path / "home").write_text("")
    with pytest.raises(StoreError, match="File exists"):
        make_state_folder(locate_state(tmp_path / "home", mounts=mounts()))
