"""What this machine offers, and what follows for who uses it: `jupyter lambda doctor`."""

from __future__ import annotations

import getpass
import os
import platform
import secrets
from typing import TYPE_CHECKING

from jupyter_lambda.model import limits
from jupyter_lambda.model.host import DockerFacts, HostFacts
from jupyter_lambda.sandbox.budget import machine_budget
from jupyter_lambda.sandbox.docker_daemon import docker_facts
from jupyter_lambda.sandbox.interpreters import find_pythons
from jupyter_lambda.sandbox.languages import find_programs
from jupyter_lambda.sandbox.process.enforcement import enforcement
from jupyter_lambda.sandbox.process.find_groups import find_groups
from jupyter_lambda.sandbox.process.tier import EVERYTHING, Probe, Tier, choose_tier, probe_host
from jupyter_lambda.store.location import locate_state

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.model.environment import Enforcement


def host_facts(home: Path, node_folder: Path | None = None) -> HostFacts:
    """Look at everything; blocks for some 100 ms (children are started to try namespaces and to ask each Python).

    Args:
        home: The engine's.
        node_folder: Where Node and its client are looked for first.

    Raises:
        SandboxError: Probing failed.
    """
    probe = probe_host()
    tier = _tier(probe)
    budget = machine_budget()
    docker = docker_facts()
    state = locate_state(home)
    rows = enforcement(tier)
    return HostFacts(
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        user=_user(),
        memory_mib=budget.machine_memory_mib,
        memory_from=budget.memory_from,
        budget_mib=budget.memory_mib,
        cpus=budget.cpus,
        cpus_from=budget.cpus_from,
        cgroup=tier.groups or "none that we may use",
        namespaces=tier.namespaces or f"none ({probe.user_namespaces})",
        landlock=tier.landlock,
        home=str(home),
        home_file_system=state.file_system,
        home_note=state.sentence,
        docker=docker,
        pythons=find_pythons(),
        programs=find_programs(node_folder),
        enforcement=rows,
        consequences=consequences(rows, docker, budget.memory_mib, state.sentence if state.is_elsewhere else ""),
    )


def consequences(rows: tuple[Enforcement, ...], docker: DockerFacts, budget_mib: int, state_note: str) -> tuple[str, ...]:
    """What the facts mean, in sentences; the most important first."""
    by_row = {row.row: row for row in rows}
    found = [
        "The process sandbox isolates mistakes, not hostile code: run only functions in it that you would run in the notebook."
    ]
    open_rows = [row.row for row in rows if not row.held and row.row != "network"]
    if open_rows:
        found.append(f"Nothing holds these limits here: {', '.join(open_rows)}.")
    if by_row["memory"].by.startswith("watchdog"):
        found.append(
            "Memory is held by a watchdog: a function that allocates quickly passes its limit by 3 to 40 MB before it ends."
        )
    if not by_row["tmp"].by.startswith("tmpfs"):
        found.append("Functions find their disk under TMPDIR (Python's tempfile does); /tmp itself is closed to them.")
    copies = budget_mib // limits.MEMORY_MIB_DEFAULT
    found.append(
        f"{budget_mib:,} MiB are for functions: {copies:,} busy environments of {limits.MEMORY_MIB_DEFAULT} MB at a time."
    )
    if docker.answers:
        found.append(
            f"Docker {docker.version} answers: `--sandbox docker` holds what means harm, for one function or for the whole engine."
        )
    elif docker.note:
        found.append(docker.note)
    if state_note:
        found.append(state_note)
    return tuple(found)


def _tier(probe: Probe) -> Tier:
    """The tier an engine would use; the groups made to find out are removed again."""
    groups = find_groups("doctor", secrets.token_hex(8))
    try:
        return choose_tier(probe, groups, EVERYTHING)
    finally:
        if groups is not None:
            groups.close()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())
