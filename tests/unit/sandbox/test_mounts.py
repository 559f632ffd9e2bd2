"""What `--mount` may show."""

from __future__ import annotations

import pytest

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.model.function import Mount
from jupyter_lambda.sandbox.mounts import check_mounts


def test_a_folder_that_is_gone_is_said(tmp_path):
    (tmp_path / "model").mkdir()
    check_mounts([Mount(str(tmp_path / "model"), "/models")], tmp_path / "home")
    with pytest.raises(SandboxError, match="no such folder"):
        check_mounts([Mount(str(tmp_path / "gone"), "/models")], tmp_path / "home")


def test_the_engines_home_is_not_shown_whatever_the_folder_is_called(tmp_path):
    home = tmp_path / "user" / "home"
    (home / "packages").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "user")
    check_mounts([Mount(str(home / "packages"), "/opt")], home)  # a function's own layers stand there
    for source in (home, home.parent, tmp_path / "link", "/"):
        with pytest.raises(SandboxError, match="would show the engine's home"):
            check_mounts([Mount(str(source), "/mnt/data")], home)
