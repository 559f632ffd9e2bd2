"""What a deployment changes, and what it may not ask for (engine/deployment.py, engine/supported.py)."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from jupyter_lambda.engine.deployment import configuration_with, describe_changes, difference, options_kept, same_publication
from jupyter_lambda.engine.supported import check_supported
from jupyter_lambda.errors import InvalidRuntime, RequestError
from jupyter_lambda.model.engine_api import ConfigurationChange
from jupyter_lambda.model.function import Configuration, Mount, PythonEnvironment, Version, check_configuration

PYTHON = PythonEnvironment(executable="/venv/bin/python", prefix="/venv", base_prefix="/usr", version="3.12.1")


def version(
    number: str = "1", *, digest: str = "d", source: str = "", captured: dict[str, Any] | None = None, **options: Any
) -> Version:
    return Version(
        function_name="f", version=number, configuration=Configuration(**options), package_sha256="", package_bytes=0,
        content_digest=digest, revision_id=number, last_modified="", python=PYTHON, source=source,
        manifest={"captured": captured or {}},
    )  # fmt: skip


def test_only_what_was_set_changes() -> None:
    before = version(memory_mib=512, timeout_seconds=10)

    after = configuration_with(before, ConfigurationChange(options={"timeout_seconds": 20}))

    assert after == Configuration(memory_mib=512, timeout_seconds=20)


def test_an_unknown_option_gets_a_proposal() -> None:
    with pytest.raises(RequestError, match="memory_mib"):
        configuration_with(None, ConfigurationChange(options={"memory_mb": 1}))


def test_the_package_alone_is_no_change_its_content_is() -> None:
    one = version()

    assert same_publication(one, msgspec.structs.replace(one, package_sha256="other", revision_id="other", version="2"))
    assert not same_publication(one, version(digest="other"))
    assert not same_publication(one, version(memory_mib=256))
    assert not same_publication(one, msgspec.structs.replace(one, python=msgspec.structs.replace(PYTHON, version="3.12.2")))


def test_changes_are_told_with_units() -> None:
    assert describe_changes(None, version()) == ("created",)
    assert describe_changes(version(), version(digest="e", memory_mib=256)) == ("code", "memory_mib 128 MB → 256 MB")
    assert options_kept(Configuration(environment={"KEY": "s3cret", "STAGE": "dev"}), {}) == ("environment KEY, STAGE",)
    assert describe_changes(version(), version(environment={"KEY": "s3cret"})) == ("environment none → KEY",)
    assert options_kept(Configuration(memory_mib=256, timeout_seconds=9), {"timeout_seconds": 9}) == ("memory_mib 256 MB",)


def test_difference_of_source_configuration_and_captured_values() -> None:
    before = version("1", source="a\nb", captured={"k": {"type": "int"}, "gone": 1})
    after = version("2", source="a\nc\n", memory_mib=256, captured={"k": {"type": "float"}, "new": 1})

    found = difference(before, after)

    assert found.source.splitlines()[-2:] == ["-b", "+c"]
    assert found.configuration == {"memory_mib": (128, 256)}
    assert found.captured == {"gone": (1, None), "k": ({"type": "int"}, {"type": "float"}), "new": (None, 1)}


@pytest.mark.parametrize(
    ("options", "error", "word"),
    [
        ({}, None, ""),
        ({"sandbox": "process", "network": "bridge"}, None, ""),
        ({"sandbox": "docker"}, None, ""),
        ({"image": "x"}, None, ""),
        ({"image": "x", "sandbox": "process"}, RequestError, "containers"),
        ({"runtime": "python3.12"}, None, ""),
        ({"runtime": "python3.11"}, InvalidRuntime, "3.12.1"),
    ],
)
def test_what_this_engine_can_not_do_is_said_at_deployment(
    options: dict[str, Any], error: type[Exception] | None, word: str
) -> None:
    configuration = Configuration(**options)
    if error is None:
        check_supported("f", configuration, PYTHON)
    else:
        with pytest.raises(error, match=word):
            check_supported("f", configuration, PYTHON)


@pytest.mark.parametrize(
    ("targets", "why"),
    [
        (["/usr"], "/usr is the worker's own"),
        (["/"], "/ is the worker's own"),
        (["/tmp/"], "/tmp is the worker's own"),
        (["/var/task/data"], "/var/task/data is the worker's own"),
        (["/proc/self"], "/proc/self is the worker's own"),
        (["data"], "no absolute path"),
        (["/mnt/../usr"], "no absolute path"),
        (["/mnt/a", "/mnt/a/"], "another folder is mounted at /mnt/a"),
    ],
)
def test_a_mount_at_a_place_that_is_taken_is_refused(targets: list[str], why: str) -> None:
    with pytest.raises(RequestError, match=re.escape(why)):
        check_configuration(Configuration(mounts=tuple(Mount("/data", target) for target in targets)))


def test_mounts_elsewhere_are_taken() -> None:
    mounts = tuple(Mount("/data", target) for target in ("/data", "/mnt/a", "/tmp/in", "/opt", "/usr/share/models"))
    assert check_configuration(Configuration(mounts=mounts)).mounts == mounts
