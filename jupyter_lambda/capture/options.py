"""What the caller may say about a package besides its code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_lambda.model.function import Mount


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageOptions:
    """The options of a `%%lambda` line that shape the package or its proof; everything else is configuration.

    Attributes:
        folder: The notebook's folder: globs and requirement files are relative to it, modules are looked for in it.
        handler: The function to call, `name` or `module.name`; None lets the cell decide.
        runtime: The runtime asked for; only the kernel's own minor version can run what the kernel captured.
        files: Globs of files and folders to put into the package.
        requirements: pip's lines, as `parse_requirements` returns them.
        environment: The function's variables, for the proof only: they are no part of the package.
        mounts: Folders of the host shown to workers; the report names them, the package does not hold them.
    """

    folder: Path = field(default_factory=Path.cwd)
    handler: str | None = None
    runtime: str | None = None
    files: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
