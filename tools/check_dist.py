"""Look into the built distributions: a release has the panel, the licence and the server extension, and no machine's paths."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

IN_WHEEL = (
    "share/jupyter/labextensions/jupyter-lambda/package.json",
    "share/jupyter/labextensions/jupyter-lambda/install.json",
    "share/jupyter/labextensions/jupyter-lambda/static/remoteEntry.",
    "share/jupyter/labextensions/jupyter-lambda/schemas/jupyter-lambda/plugin.json",
    "etc/jupyter/jupyter_server_config.d/jupyter_lambda.json",
    "licenses/LICENSE",
    "jupyter_lambda/_version.py",
    "jupyter_lambda/static/card.js",
    "jupyter_lambda/static/card.css",
)
IN_SDIST = (
    "jupyter_lambda/labextension/package.json",
    "jupyter_lambda/static/card.js",
    "jupyter_lambda/labextension/static/remoteEntry.",
    "jupyter_lambda/labextension/schemas/jupyter-lambda/plugin.json",
    "labextension/src/index.ts",
    "labextension/yarn.lock",
    "hatch_build.py",
)
UNWANTED = ("build_log.json", "node_modules/", ".js.map")


def faults(names: list[str], wanted: tuple[str, ...]) -> list[str]:
    """What is missing, and what should not be there."""
    missing = [f"lacks {part}" for part in wanted if not any(part in name for name in names)]
    return missing + [f"contains {name}" for name in names if any(part in name for part in UNWANTED)]


def main(folder: Path) -> int:
    """Check the one wheel and the one source distribution in the folder."""
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        found = [f"{wheel.name} {fault}" for fault in faults(archive.namelist(), IN_WHEEL)]
    with tarfile.open(sdist) as archive:
        found += [f"{sdist.name} {fault}" for fault in faults(archive.getnames(), IN_SDIST)]
    for fault in found:
        print(fault, file=sys.stderr)
    if not found:
        print(f"{wheel.name} and {sdist.name}: complete")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
