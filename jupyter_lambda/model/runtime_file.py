"""The runtime file: how clients of this host find the engine of a home.

`<home>/run/<host>/engine.json`, 0600 in a 0700 folder, written by rename once the engine listens and removed at its clean end. A
reader believes it only if host, boot id, pid **and** the process's start time are those of a living process, and the file is its
own user's.
"""

from __future__ import annotations

import msgspec


class RuntimeFile(msgspec.Struct, frozen=True, kw_only=True):
    """Where the engine listens and how to be let in. The token is a secret: never log this."""

    host: str
    boot_id: str
    pid: int
    started: float  # the process's start time as psutil reads it: seconds since the epoch, compared exactly
    started_ticks: int = 0  # the same as Linux counts it since boot; compared instead where known: a set clock shifts `started`
    url: str  # http://127.0.0.1:PORT
    socket: str  # the unix socket's path
    token: str
    protocol: int
    version: str
    home: str
    sandbox: str
    access_key_id: str = ""  # SigV4 credentials of the AWS APIs
    secret_access_key: str = ""
    account_id: str = "000000000000"
    region: str = "us-east-1"
