"""Which notebook a kernel belongs to, as far as anybody tells it.

A deployment records its notebook, so that a second notebook does not replace a function by accident. Front ends differ in what they
tell: VS Code sets a variable, a Jupyter server an environment variable, nbconvert and plain IPython nothing. There the working
directory stands for the notebook, and fits every notebook in it: a notebook run by nbconvert is the one that was edited in JupyterLab.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER_PREFIX: Final = "folder:"


def notebook_identity(namespace: Mapping[str, Any], environ: Mapping[str, str] | None = None, folder: str | None = None) -> str:
    """The notebook's absolute path, else `folder:` and the working directory.

    Args:
        namespace: The notebook's variables; VS Code keeps the path in one of them.
        environ: The kernel's environment.
        folder: The kernel's working directory.
    """
    here = Path(folder or os.getcwd()).resolve()  # noqa: PTH109 (Path.cwd() is the same call with more steps)
    named = namespace.get("__vsc_ipynb_file__")
    if not (isinstance(named, str) and named):
        # Path or name of the Jupyter session: jupyter_server/services/sessions/sessionmanager.py, get_kernel_env.
        named = (os.environ if environ is None else environ).get("JPY_SESSION_NAME", "")
    if named.endswith(".ipynb"):
        beside = (
            here / Path(named).name
        )  # some front ends name the file with its folder, and the server puts the folder before it
        return str(beside if beside.exists() else (here / named).resolve())
    return f"{FOLDER_PREFIX}{here}"


def may_be_same(ours: str, owner: str) -> bool:
    """Whether two identities can be one notebook: equal, or one is the folder that the other lies in."""
    if ours == owner:
        return True
    for folder, path in ((ours, owner), (owner, ours)):
        if folder.startswith(FOLDER_PREFIX) and not path.startswith(FOLDER_PREFIX):
            return str(Path(path).parent) == folder.removeprefix(FOLDER_PREFIX)
    return False
