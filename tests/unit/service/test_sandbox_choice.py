"""Which sandbox an engine uses, what it says about it, and what it looks at to decide."""

from __future__ import annotations

import pytest

from jupyter_lambda.errors import SandboxError
from jupyter_lambda.sandbox.docker.distant import Distance
from jupyter_lambda.sandbox.docker.prospect import DockerProspect
from jupyter_lambda.service.sandbox_choice import choose_sandbox

USABLE = DockerProspect(usable=True, version="28.2")
NONE = DockerProspect(usable=False, why="no Docker daemon answers here", deed="Start it.")


def test_process_is_taken_without_looking_for_docker():
    assert choose_sandbox("process").kind == "process"


def test_auto_prefers_containers_and_says_how_to_switch():
    choice = choose_sandbox("auto", USABLE)
    assert choice.kind == "docker"
    assert "28.2" in choice.note
    assert "--sandbox process" in choice.note


def test_that_images_are_built_is_said():
    choice = choose_sandbox("auto", DockerProspect(usable=True, version="28.2", image="build"))
    assert (choice.image, "images that are built" in choice.note) == ("build", True)
    assert "images that are built" not in choose_sandbox("auto", USABLE).note


def test_auto_without_containers_says_why_what_to_do_and_how_to_switch():
    choice = choose_sandbox("auto", NONE)
    assert choice.kind == "process"
    assert "since no Docker daemon answers here" in choice.note
    assert "--sandbox docker" in choice.note


def test_a_daemon_that_does_not_see_this_machine_is_said():
    far = DockerProspect(usable=True, version="28.2", image="build", distance=Distance())
    assert "sees none of this machine's files" in choose_sandbox("auto", far).note
    assert "sees none" not in choose_sandbox("auto", USABLE).note


def test_docker_is_taken_where_it_is_usable():
    assert choose_sandbox("docker", USABLE).kind == "docker"


def test_docker_is_refused_with_the_reason_where_it_is_not():
    with pytest.raises(SandboxError, match=r"no Docker daemon answers here\. Start it\..*--sandbox process"):
        choose_sandbox("docker", NONE)
