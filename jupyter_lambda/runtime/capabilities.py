"""What a root worker keeps of root: reading and owning files, and ports below 1024. The rest is gone for good.

`CAP_DAC_OVERRIDE` and `CAP_DAC_READ_SEARCH` stay, so that an interpreter below a folder of mode 0700 stays readable; Landlock
decides which files that means.
"""

from __future__ import annotations

from jupyter_lambda.runtime import linux

_CHOWN, _DAC_OVERRIDE, _DAC_READ_SEARCH, _FOWNER, _FSETID, _KILL, _NET_BIND_SERVICE = 0, 1, 2, 3, 4, 5, 10
_KEPT = sum(1 << n for n in (_CHOWN, _DAC_OVERRIDE, _DAC_READ_SEARCH, _FOWNER, _FSETID, _KILL, _NET_BIND_SERVICE))
_LAST = 63


def drop() -> None:
    """Give up every other capability this process has, now and over every later exec."""
    held = linux.permitted_capabilities()
    if not held:
        return
    for number in range(_LAST + 1):
        if not _KEPT >> number & 1:
            try:
                linux.prctl(linux.PR_CAPBSET_DROP, number)
            except OSError:
                break  # beyond the kernel's last capability, or without CAP_SETPCAP: the permitted set below holds
    linux.prctl(linux.PR_CAP_AMBIENT, linux.PR_CAP_AMBIENT_CLEAR_ALL)
    linux.set_capabilities(held & _KEPT)
