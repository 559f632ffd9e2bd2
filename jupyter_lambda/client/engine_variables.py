"""Which environment variables an engine keeps from whoever starts it: a list of what it may have, everything else stays behind.

A kernel's and a hub's environment hold secrets (`JPY_API_TOKEN`, `JUPYTERHUB_*`, a notebook's own keys) that are none of the engine's
business, and the engine outlives them. The caller's AWS credentials stay, since code and queues may lie there; the engine never gives
them to a worker.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES: Final = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "LANGUAGE",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
        "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
        "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_PATH", "JUPYTER_CONFIG_PATH",
        "JUPYTER_PLATFORM_DIRS", "JUPYTER_PREFER_ENV_PATH", "JUPYTER_LAMBDA_HOME", "JUPYTER_LAMBDA_SANDBOX",
        "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY",
        # Where interpreters are found, and what this one needs to start.
        "PYENV_ROOT", "CONDA_EXE", "CONDA_PREFIX", "UV_PYTHON_INSTALL_DIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
        # Choices of number libraries that some machines crash without.
        "OPENBLAS_CORETYPE", "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR", "NPY_DISABLE_CPU_FEATURES",
    }
)  # fmt: skip
_PREFIXES: Final = ("LC_", "XDG_", "PIP_", "AWS_")
_NEVER: Final = ("AWS_LAMBDA_",)  # of a Lambda function or sandbox that this process runs in


def engine_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what an engine started from here gets as its environment."""
    kept = {name: value for name, value in environ.items() if _is_kept(name)}
    folder = _package_folder()
    if folder is not None:
        kept["PYTHONPATH"] = folder
    return kept


def _is_kept(name: str) -> bool:
    return name in _NAMES or (name.startswith(_PREFIXES) and not name.startswith(_NEVER))


def _package_folder() -> str | None:
    """Where this package lies if a fresh interpreter may not find it by itself (a checkout on `sys.path`), else None."""
    folder = str(Path(__file__).resolve().parents[2])
    installed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    return None if folder in installed or Path(folder).name == "site-packages" else folder
