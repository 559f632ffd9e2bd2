"""`--set NAME=VALUE`: one table for reading, for messages and for the page."""

import dataclasses
from pathlib import Path

import pytest

from jupyter_lambda.errors import RequestError
from jupyter_lambda.service.settings import TABLE, Settings, accepted, default, parse_settings, views
from jupyter_lambda.service.settings_page import page

ROOT = Path(__file__).parents[3]


def test_nothing_given_is_the_defaults():
    assert parse_settings([]) == Settings()


def test_values_have_their_types():
    settings = parse_settings(["idle_seconds=0.5", "concurrency=3", "budget_mib=auto", "process_walls=landlock+cgroup"])

    assert settings == Settings(idle_seconds=0.5, concurrency=3, budget_mib=None, process_walls=("landlock", "cgroup"))


def test_images_are_chosen_and_named(tmp_path):
    settings = parse_settings(["docker_image=build", "docker_base_image=host:5000/a/python:{minor}", f"wheel_folder={tmp_path}"])
    assert settings == Settings(docker_image="build", docker_base_image="host:5000/a/python:{minor}", wheel_folder=tmp_path)
    assert parse_settings(["docker_image=auto"]).docker_image is None


def test_the_last_one_holds_and_dashes_are_taken():
    assert parse_settings(["concurrency=3", "concurrency = 4"]).concurrency == 4
    assert parse_settings(["idle-seconds=9"]).idle_seconds == 9


@pytest.mark.parametrize("address", ["192.0.2.7", "fd00::2", "desk.example", "host.docker.internal"])
def test_an_address_of_this_machine_can_be_set(address):
    assert parse_settings([f"docker_gateway={address}"]).docker_gateway == address


def test_no_wall_at_all_can_be_said():
    assert parse_settings(["process_walls=none"]).process_walls == ()


def test_a_running_engine_shows_values_as_they_are_written():
    shown = {view.name: (view.value, view.default) for view in views(parse_settings(["process_walls=none", "idle_seconds=0.5"]))}

    assert list(shown) == list(TABLE)
    assert (shown["process_walls"], shown["idle_seconds"], shown["budget_mib"]) == (
        ("none", "auto"),
        ("0.5", "1800"),
        ("auto", "auto"),
    )
    for name, (value, _) in shown.items():
        assert parse_settings([f"{name}={value}"])


def test_a_wrong_name_gets_the_nearest_right_one():
    with pytest.raises(RequestError, match="Did you mean idle_seconds"):
        parse_settings(["idle_second=3"])


def test_a_part_of_a_name_gets_the_names_with_it():
    with pytest.raises(RequestError, match="Did you mean idle_seconds or environment_idle_seconds"):
        parse_settings(["idle=3"])


def test_a_name_like_no_other_gets_them_all():
    with pytest.raises(RequestError, match="async_retry_base_seconds, "):
        parse_settings(["colour=3"])


def test_a_missing_value_says_how_to_write_it():
    with pytest.raises(RequestError, match="--set concurrency=1000"):
        parse_settings(["concurrency"])


@pytest.mark.parametrize(
    "text",
    ["concurrency=0", "concurrency=1.5", "concurrency=many", "concurrency=", "concurrency=auto", "idle_seconds=nan", "idle_seconds=inf",
     "idle_seconds=-1", "budget_mib=1e9", "process_walls=chroot", "process_walls=", "init_seconds=901",
     "docker_image=other", "docker_base_image=Has spaces", "docker_base_image=", "wheel_folder=relative", "wheel_folder=/nowhere",
     "docker_gateway=0.0.0.0", "docker_gateway=::", "docker_gateway=a b"],
)  # fmt: skip
def test_a_wrong_value_says_what_is_taken(text):
    name = text.partition("=")[0]

    with pytest.raises(RequestError) as caught:
        parse_settings([text])

    assert caught.value.where == f"setting {name}"
    assert accepted(name) in caught.value.what
    assert default(name) in caught.value.suggestion


def test_every_setting_has_a_field_and_every_field_is_a_setting():
    assert {field.name for field in dataclasses.fields(Settings)} == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_every_default_can_be_written(name):
    assert getattr(parse_settings([f"{name}={default(name)}"]), name) == getattr(Settings(), name)


def test_the_page_is_the_tables():
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page(), (
        "run python -m jupyter_lambda.service.settings_page"
    )
