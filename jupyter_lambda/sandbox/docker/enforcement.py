"""What holds each limit in a container, in words: what `doctor` and the card say, and what the contract suite then asserts."""

from __future__ import annotations

from jupyter_lambda.model.environment import Enforcement
from jupyter_lambda.sandbox.process.enforcement import SAMPLE_SECONDS


def enforcement(version: str, *, is_root: bool) -> tuple[Enforcement, ...]:
    """The rows of the docker sandbox.

    Args:
        version: The daemon's.
        is_root: Whether the engine may write the containers' control groups; else it asks the daemon.
    """
    docker = f"Docker {version}"
    share = "" if is_root else "; taken on by the daemon, 9 ms after init"
    return (
        Enforcement(
            row="memory", held=True, by=f"{docker}, cgroup",
            note=f"looked at every {SAMPLE_SECONDS * 1000:g} ms; at the latest the kernel kills at memory plus /tmp",
        ),
        Enforcement(
            row="cpu", held=True, by=f"{docker}, cgroup",
            note="memory / 1,769 MB of a CPU, per 100 ms; init has a whole one" + share,
        ),
        Enforcement(row="processes", held=True, by=f"{docker}, cgroup", note="1,024 processes and threads"),
        Enforcement(row="tmp", held=True, by="tmpfs of its own", note="private, refused at the byte, not part of memory"),
        Enforcement(
            row="files", held=True, by="container",
            note="sees the system's programs, its interpreter and its package, all read-only; no user's files, no engine's home",
        ),
        Enforcement(row="network", held=True, by="network namespace", note="none but the Runtime API; --network bridge opens it"),
        Enforcement(row="kill", held=True, by="pid namespace", note="also when the engine was killed"),
        Enforcement(row="descriptors", held=True, by="rlimit", note="1,024"),
        Enforcement(row="variables", held=True, by="a fresh environment", note="only the function's own and Lambda's"),
    )  # fmt: skip


def distant_enforcement(version: str, *, is_closed: bool) -> tuple[Enforcement, ...]:
    """The rows where the daemon does not see this machine.

    Args:
        version: The daemon's.
        is_closed: Whether containers have a network of their own that leads to the engine only.
    """
    changed = {
        "memory": Enforcement(
            row="memory", held=True, by=f"Docker {version}, cgroup",
            note=f"told by the container every {SAMPLE_SECONDS * 1000:g} ms; at the latest the kernel kills at memory plus /tmp",
        ),
        "files": Enforcement(
            row="files", held=True, by="container",
            note="sees its image, and copies of the package and of mounts that belong to root; nothing of this machine",
        ),
        "network": Enforcement(
            row="network", held=is_closed, by="internal network" if is_closed else "nothing",
            note="no way out; this machine's services that listen on all addresses can be reached from it" if is_closed
            else "a container needs a network to reach the engine, and the daemon has only open ones for that",
        ),
    }  # fmt: skip
    return tuple(changed.get(row.row, row) for row in enforcement(version, is_root=False))
