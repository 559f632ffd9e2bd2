"""A capture: the deployment package on disk, and everything a deployment wants to know about it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lambda.capture.report import CaptureReport
from jupyter_lambda.capture.zip_package import Entry
from jupyter_lambda.model.function import PythonEnvironment

if TYPE_CHECKING:
    from types import TracebackType


@dataclass(slots=True, kw_only=True)
class Capture:
    """What became of a cell, a callable or a file. Owns a temporary folder: close it, or use it in a `with`.

    Attributes:
        name: The function's name.
        package: The zip's path; gone after `close`.
        package_sha256: In hex.
        package_bytes: The zip's size.
        content_digest: Decides whether a version is published; the same in every process for the same content.
        handler: `module.function`.
        runtime: `python3.11`.
        python: The interpreter that workers run on: this kernel's.
        preload: Modules that the zygote may import ahead, by dotted name.
        source: What the reader wrote, for diffs; never the `%%lambda` line, which may hold secrets.
        manifest: What a version keeps of the report: `captured` (name → type, size, digest), `modules` (name → version), `python`.
        report: What the reader sees.
        entries: The package's content by name, for the proof.
        folder: The temporary folder.
    """

    name: str
    package: Path
    package_sha256: str
    package_bytes: int
    content_digest: str
    handler: str
    runtime: str
    python: PythonEnvironment
    preload: tuple[str, ...]
    source: str
    manifest: dict[str, Any]
    report: CaptureReport
    entries: Mapping[str, Entry]
    environment: Mapping[str, str]
    folder: Path

    def close(self) -> None:
        """Remove the temporary folder. Safe to call twice."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
