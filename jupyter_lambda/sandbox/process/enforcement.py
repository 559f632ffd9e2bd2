"""What holds each limit in a tier, in words: what `doctor` and the card say, and what the contract suite then asserts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lambda.model.environment import Enforcement

if TYPE_CHECKING:
    from jupyter_lambda.sandbox.process.tier import Tier

SAMPLE_SECONDS = 0.010


def enforcement(tier: Tier) -> tuple[Enforcement, ...]:
    """The rows of a tier, in the order in which they are shown."""
    return (
        _memory(tier), _cpu(tier), _processes(tier), _tmp(tier), _files(tier),
        Enforcement(
            row="network", held=False, by="nothing",
            note="open, as on Lambda" + ("; --network none is held by a namespace" if tier.namespaces else ""),
        ),
        _kill(tier),
        Enforcement(row="descriptors", held=True, by="rlimit", note="1,024"),
        Enforcement(row="variables", held=True, by="a fresh environment", note="only the function's own and Lambda's"),
    )  # fmt: skip


def _memory(tier: Tier) -> Enforcement:
    period = f"{SAMPLE_SECONDS * 1000:g} ms"
    if tier.groups == "cgroup v1":
        note = "the kernel says when it is reached; at the latest it kills at memory plus /tmp"
        return Enforcement(row="memory", held=True, by="cgroup v1", note=note)
    if tier.groups == "cgroup v2":
        note = f"looked at every {period}; at the latest the kernel kills at memory plus /tmp"
        return Enforcement(row="memory", held=True, by="cgroup v2", note=note)
    note = "what is allocated between two looks comes on top, some 3 to 40 MB; an idle environment is looked at every 80 ms"
    return Enforcement(row="memory", held=True, by=f"watchdog every {period}", note=note)


def _cpu(tier: Tier) -> Enforcement:
    if tier.groups is not None and tier.groups_hold_cpu:
        return Enforcement(
            row="cpu", held=True, by=tier.groups, note="memory / 1,769 MB of a CPU, per 100 ms; init has a whole one"
        )
    return Enforcement(row="cpu", held=False, by="nothing", note="a function may use every CPU")


def _processes(tier: Tier) -> Enforcement:
    if tier.groups is not None:
        return Enforcement(row="processes", held=True, by=tier.groups, note="1,024 processes and threads")
    if tier.namespaces == "user":
        return Enforcement(row="processes", held=True, by="rlimit in a user namespace", note="1,024 processes and threads")
    if tier.as_root:
        return Enforcement(row="processes", held=False, by="nothing", note="the kernel bounds no processes of root's")
    note = "all of the user's together: some 1,024 more than the machine ran when the environment began"
    return Enforcement(row="processes", held=False, by="rlimit of the user", note=note)


def _tmp(tier: Tier) -> Enforcement:
    if tier.namespaces is not None:
        return Enforcement(row="tmp", held=True, by="tmpfs of its own", note="private, refused at the byte, not part of memory")
    note = "TMPDIR is the environment's own folder; each file is bounded, their sum is not, and /tmp itself is closed"
    return Enforcement(row="tmp", held=tier.landlock > 0, by="folder and file size rlimit", note=note)


def _files(tier: Tier) -> Enforcement:
    if tier.landlock:
        note = "reads the system, its interpreter and its package; writes only its own /tmp"
        return Enforcement(row="files", held=True, by=f"Landlock {tier.landlock}", note=note)
    return Enforcement(row="files", held=False, by="nothing", note="a function reads and writes what its user may")


def _kill(tier: Tier) -> Enforcement:
    if tier.groups is not None:
        return Enforcement(row="kill", held=True, by=f"{tier.groups} and a subreaper", note="also when the engine was killed")
    note = "also when the engine was killed; if the zygote was killed too, at the next start"
    return Enforcement(row="kill", held=True, by="subreaper", note=note)
