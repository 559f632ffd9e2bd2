"""Where a function runs and what holds its limits there, as `show` and the handle's HTML say it."""

from __future__ import annotations

import msgspec
import pytest

from jupyter_lambda.client.views.functions import FunctionList, FunctionView, limits_held
from jupyter_lambda.model.engine_api import FunctionDetail
from jupyter_lambda.model.environment import Enforcement
from jupyter_lambda.model.function import Configuration, Function, Version

ROWS = (
    Enforcement(row="memory", held=True, by="Docker 28, cgroup"), Enforcement(row="cpu", held=True, by="Docker 28, cgroup"),
    Enforcement(row="kill", held=True, by="pid namespace"), Enforcement(row="network", held=False, by="nothing"),
)  # fmt: skip


def view(kind: str, **configuration: str) -> FunctionView:
    latest = Version(
        function_name="f", version="$LATEST", configuration=Configuration(**configuration), package_sha256="0", package_bytes=1,
        content_digest="0", revision_id="0", last_modified="2026-01-01T00:00:00.000+0000",
    )  # fmt: skip
    function = Function(name="f", latest=latest)
    return FunctionView(
        FunctionDetail(function=function, versions=(), aliases=(), unpublished_changes=True, sandbox=kind, enforcement=ROWS)
    )


@pytest.mark.parametrize(
    ("kind", "configuration", "said"),
    [
        ("process", {}, "process (the engine's own)"),
        ("docker", {"sandbox": "docker"}, "docker (chosen for this function)"),
        ("docker", {"image": "x:1"}, "docker (its image needs containers)"),
    ],
)
def test_show_says_which_sandbox_and_why(kind: str, configuration: dict[str, str], said: str) -> None:
    assert said in view(kind, **configuration).text()


def test_a_function_whose_image_is_built_says_how_far_it_is() -> None:
    detail = msgspec.structs.replace(view("docker").detail, building="Collecting numpy")
    assert "none: its image is being built (Collecting numpy)" in FunctionView(detail).text()
    assert "building its image" in FunctionList([detail]).text()


def test_show_says_what_holds_the_limits_and_what_nothing_holds() -> None:
    said = "memory, cpu by Docker 28, cgroup; kill by pid namespace; not held: network"
    assert limits_held(ROWS) == said
    assert said in view("docker").text()
    assert said in (view("docker")._repr_html_() or "")
