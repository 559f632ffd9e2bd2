"""What doctor concludes from the facts, and how interpreters are looked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from jupyter_lambda.errors import InvalidRuntime
from jupyter_lambda.model.environment import Enforcement
from jupyter_lambda.model.host import DockerFacts
from jupyter_lambda.sandbox.host import consequences
from jupyter_lambda.sandbox.interpreters import Places, python_for_runtime

NOWHERE = Places("/nowhere/bin", Path("/nowhere"), {})


def rows(**by: str) -> tuple[Enforcement, ...]:
    defaults = {"memory": "cgroup v1", "cpu": "cgroup v1", "tmp": "tmpfs of its own", "network": "nothing"}
    return tuple(Enforcement(row=row, held=what != "nothing", by=what) for row, what in {**defaults, **by}.items())


def test_a_host_with_everything_has_little_to_say():
    said = consequences(rows(), DockerFacts(answers=True, version="29.1"), 8_192, "")
    assert said == (
        "The process sandbox isolates mistakes, not hostile code: run only functions in it that you would run in the notebook.",
        "8,192 MiB are for functions: 64 busy environments of 128 MB at a time.",
        "Docker 29.1 answers: `--sandbox docker` holds what means harm, for one function or for the whole engine.",
    )


def test_a_poor_host_says_what_nothing_holds():
    poor = rows(memory="watchdog every 10 ms", cpu="nothing", tmp="folder and file size rlimit")
    said = " ".join(consequences(poor, DockerFacts(answers=False, note="Start it."), 1_024, "State stands elsewhere."))
    for part in ("Nothing holds these limits here: cpu.", "watchdog", "TMPDIR", "Start it.", "State stands elsewhere."):
        assert part in said


def test_a_runtime_that_no_interpreter_serves_names_where_it_looked():
    with pytest.raises(InvalidRuntime, match=r"no Python 3\.15 was found on this machine; looked in .*PATH, pyenv, uv and conda"):
        python_for_runtime("python3.15", NOWHERE)


@pytest.mark.parametrize("runtime", ["nodejs22.x", "provided.al2023", "python2.7", "python"])
def test_other_runtimes_are_refused(runtime):
    with pytest.raises(InvalidRuntime, match="Python runtimes only"):
        python_for_runtime(runtime, NOWHERE)


def test_our_own_minor_version_is_always_found():
    found = python_for_runtime(f"python{sys.version_info[0]}.{sys.version_info[1]}", NOWHERE)
    assert found.minor == f"{sys.version_info[0]}.{sys.version_info[1]}"
