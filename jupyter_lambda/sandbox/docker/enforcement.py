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
