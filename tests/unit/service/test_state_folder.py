"""A home on a network file system keeps its lock and its socket on this machine."""

import stat

import pytest

from jupyter_lambda.client.home import RunFolder
from jupyter_lambda.errors import StoreError
from jupyter_lambda.service.state_folder import local_run_folder
from jupyter_lambda.store.location import Mount, locate_state


def network_home(tmp_path):
    run = RunFolder(tmp_path / "home", "host")
    run.make()
    location = locate_state(
        run.home, mounts=lambda: [Mount(tmp_path, "ext4"), Mount(run.home, "nfs4")], candidates=lambda: [tmp_path / "local"]
    )
    return run, location


def test_stand_beside_the_runtime_file_on_a_local_home(tmp_path):
    run = RunFolder(tmp_path / "home", "host")
    run.make()

    assert local_run_folder(run, locate_state(run.home, mounts=lambda: [Mount(tmp_path, "ext4")])) == run.folder


def test_stand_with_the_state_where_the_home_is_on_a_network(tmp_path):
    run, location = network_home(tmp_path)

    folder = local_run_folder(run, location)

    assert location.is_elsewhere
    assert folder.is_relative_to(tmp_path / "local")
    assert folder.parts[-2:] == ("run", "host")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert local_run_folder(run, location) == folder


def test_somebody_elses_folder_is_refused(tmp_path):
    run, location = network_home(tmp_path)
    folder = local_run_folder(run, location)
    folder.rmdir()
    folder.symlink_to(tmp_path)

    with pytest.raises(StoreError):
        local_run_folder(run, location)
