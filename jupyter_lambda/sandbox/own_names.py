"""The names by which an environment calls its own loopback: what an extension listens on for its telemetry."""

from __future__ import annotations

from pathlib import Path
from typing import Final

OWN_NAMES: Final = ("sandbox.localdomain", "sandbox")
HOSTS: Final = Path("/etc/hosts")


def write_hosts(folder: Path) -> Path | None:
    """Write this machine's `/etc/hosts` with these names into a folder, to be shown in its place; None where there is none."""
    try:
        present = HOSTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / "hosts"
    file.write_text(f"{present.rstrip()}\n127.0.0.1 {' '.join(OWN_NAMES)}\n", encoding="utf-8", errors="surrogateescape")
    file.chmod(0o644)
    return file
