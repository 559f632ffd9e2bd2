"""What a sandbox is told of a version (engine/environment_spec.py)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_lambda.engine.environment_spec import environment_spec
from jupyter_lambda.model.function import Configuration, Version, image_digest

if TYPE_CHECKING:
    from jupyter_lambda.sandbox.protocol import EnvironmentSpec


def spec(content_digest: str, **configuration: object) -> EnvironmentSpec:
    version = Version(
        function_name="f", version="1", configuration=Configuration(**configuration), package_sha256="0", package_bytes=0,
        content_digest=content_digest, revision_id="0", last_modified="",
    )  # fmt: skip
    return environment_spec(version, "process", task_root=Path("/task"), layers=None, command=None)


def test_a_version_made_from_an_image_runs_that_image_whatever_its_tag_means_by_now() -> None:
    told = spec(image_digest("sha256:1"), image="own:1", kept={"ImageConfig": {"Command": ["a.b"]}})
    assert (told.image, told.is_own_code, told.sandbox, told.image_config) == ("sha256:1", True, "docker", {"Command": ["a.b"]})


def test_a_package_in_an_image_takes_the_image_by_its_name_and_keeps_its_requirements() -> None:
    told = spec("d1", image="mine:1", requirements=("numpy",))
    assert (told.image, told.is_own_code, told.requirements) == ("mine:1", False, ("numpy",))
