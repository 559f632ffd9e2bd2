"""From a plan (whose code, under which name, with which handler) to a package on disk: the road that cells, callables and files share.

    names ─▶ values ─▶ modules beside the notebook ─▶ files ─▶ pickle ─▶ zip ─▶ digest, manifest, report

Every step that finds problems adds them to one report; nothing is written before all steps that only look are through, so a reader
sees everything that stands in the way at once.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import json
import keyword
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cloudpickle

from jupyter_lambda.capture import helper_files, needed_modules
from jupyter_lambda.capture.captured_values import Selection, ValueCollector, Written, add_submodules, write_pickle
from jupyter_lambda.capture.cell_sources import CellSources
from jupyter_lambda.capture.content_digest import value_digest
from jupyter_lambda.capture.failure import CaptureFailed, Refused
from jupyter_lambda.capture.foreign_code import attempt
from jupyter_lambda.capture.handler_module import with_prologue
from jupyter_lambda.capture.interpreter import this_python
from jupyter_lambda.capture.local_modules import LocalModules
from jupyter_lambda.capture.name_rows import module_row, value_row
from jupyter_lambda.capture.name_use import GlobalNames
from jupyter_lambda.capture.notebook_names import NotebookNames
from jupyter_lambda.capture.package import Capture
from jupyter_lambda.capture.package_files import find_files
from jupyter_lambda.capture.package_reference import package_module
from jupyter_lambda.capture.provenance import Assignment, assignments
from jupyter_lambda.capture.report import CaptureReport, Level, NeededModule, Note, Problem, TakenName
from jupyter_lambda.capture.shared_pickle import function_handle
from jupyter_lambda.capture.zip_package import Entry, WrittenZip, file_sha256, write_zip
from jupyter_lambda.clock import Clock, SystemClock
from jupyter_lambda.model import limits
from jupyter_lambda.model.names import python_name
from jupyter_lambda.telemetry import quantities

if TYPE_CHECKING:
    from jupyter_lambda.capture.options import PackageOptions

NO_NAMES: Final = GlobalNames({}, frozenset(), frozenset(), (), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to become a package."""

    name: str  # the function's
    source: str  # what the reader wrote
    function: str  # the handler's function
    module: str  # the handler's module
    text: str | None = None  # what becomes the handler's module; None where `code` or `files` has it
    code: Mapping[str, bytes] = field(default_factory=dict)  # the handler's files, by name in the package
    files: Mapping[str, Path] = field(default_factory=dict)  # further files of the host that belong to the code
    uses: GlobalNames = NO_NAMES
    extra_values: Mapping[str, Any] = field(default_factory=dict)  # captured whether or not the code reads the name
    notes: tuple[Note, ...] = ()
    needs_body: bool = False

    @property
    def code_names(self) -> set[str]:
        """The files that the handler takes in the package."""
        return {*self.code, *([f"{self.module}.py"] if self.text is not None else [])}


class Assembly:
    """One capture on its way.

    Args:
        name: The function's name.
        options: What the caller said.
        namespace: The notebook's namespace.
        cell_numbers: Cell numbers by code file name, where the caller knows them.
        clock: Says when the values were taken.
    """

    def __init__(
        self,
        name: str,
        options: PackageOptions,
        namespace: Mapping[str, Any],
        cell_numbers: Mapping[str, int] | None = None,
        clock: Clock | None = None,
    ) -> None:
        cells = namespace.get("In")
        self.cells: Sequence[str] = cells if isinstance(cells, list) else ()
        self.names = NotebookNames(namespace)
        self.sources = CellSources(self.cells, cell_numbers)
        self.local = LocalModules(options.folder)
        self.options = options
        self.python = this_python(options.folder)
        self.report = CaptureReport(name, self.python.version, (clock or SystemClock()).epoch())
        self._folder: Path | None = None

    def refuse(self, *problems: Problem) -> CaptureFailed:
        """The failure that carries these problems in the report as far as it is known."""
        self.report = self.report.with_problems(*problems)
        return CaptureFailed(self.report)

    def check_runtime(self) -> str:
        """Return the runtime; refuse one that could not load what this kernel captures."""
        own = f"python{self.python.minor}"
        if self.options.runtime not in (None, own):
            raise self.refuse(
                Problem(
                    f"`--runtime {self.options.runtime}` can't run what this notebook captures",
                    f"the kernel is Python {self.python.version}",
                    f"Use `--runtime {own}`, or a kernel of that version.",
                )
            )
        return own

    def build(self, plan: Plan) -> Capture:
        """Gather, write and describe the package.

        Raises:
            CaptureFailed: Something stands in the way; its report says what.
        """
        runtime = self.check_runtime()
        selection = self._select(plan)
        imports = {*plan.uses.imports, *plan.uses.star_imports, *selection.modules, *selection.submodules}
        local_files, local_rows, more_imports = self._local_files(imports, plan)
        self._refuse_twins(plan, local_files)
        given_files = self._given_files({*plan.code_names, *local_files})
        third = needed_modules.third_party({*imports, *more_imports}, self.local.is_local)
        modules = needed_modules.needed(third, self.options.requirements)
        self.report = replace(self.report, modules=modules, notes=(*plan.notes, *self._mount_notes()))
        if self.report.problems:
            self._describe_unwritten(selection, local_rows)
            raise CaptureFailed(self.report)
        self._folder = Path(tempfile.mkdtemp(prefix="jupyter-lambda-"))
        try:
            return self._write(plan, runtime, selection, {**plan.files, **local_files, **given_files}, local_rows, third)
        except Refused as refused:
            self._remove_folder()
            raise self.refuse(*refused.problems) from refused
        except BaseException:  # nothing of it stays behind, whatever ended it
            self._remove_folder()
            raise

    def _select(self, plan: Plan) -> Selection:
        collector = ValueCollector(self.names, self.sources, self.local.is_local)
        selection = collector.collect(plan.uses, {**self._own_handle(plan), **plan.extra_values})
        add_submodules(selection)
        if selection.problems:
            in_order = sorted(selection.problems, key=lambda p: p.line or sys.maxsize)
            self.report = self.report.with_problems(*self._with_code(in_order))
        return selection

    def _own_handle(self, plan: Plan) -> dict[str, Any]:
        """The function's own handle, if the code uses that name and nothing has it yet: the first run must equal the second."""
        name = python_name(plan.name)
        if name not in plan.uses.reads or self.names.is_known(name):
            return {}
        return {name: package_module("functions").LambdaFunction(plan.name)}

    def _with_code(self, problems: list[Problem]) -> list[Problem]:
        """Show the statement that made a value which can't be pickled: in the cell, it works."""
        found = assignments([p.path[0].label for p in problems if p.path], self.cells)
        shown = []
        for problem in problems:
            made = found.get(problem.path[0].label) if problem.path else None
            fits = made is not None and made.statement and "\n" not in made.statement
            shown.append(replace(problem, code=f"{made.statement}   # in this cell") if made and fits else problem)
        return shown

    def _local_files(self, imports: set[str], plan: Plan) -> tuple[dict[str, Path], list[TakenName], list[str]]:
        files: dict[str, Path] = {}
        rows = []
        further = []
        for module in self.local.closure(imports):
            own = {name: path for name, path in self.local.files(module) if name not in plan.files}
            further.extend(self.local.imports(module))
            files.update(own)
            if own:
                size = sum(path.stat().st_size for path in own.values())
                rows.append(module_row(module, size, _files_digest(own)))
        return files, rows, further

    def _given_files(self, taken: set[str]) -> dict[str, Path]:
        try:
            files = find_files(self.options.files, self.options.folder)
        except Refused as refused:
            self.report = self.report.with_problems(*refused.problems)
            return {}
        clash = sorted(name for name in files if name in taken or name.startswith("_jupyter_lambda/"))
        if clash:
            self.report = self.report.with_problems(
                Problem(f"`{clash[0]}` is in the package already", "matched by `--files`", "Take it out of the glob.")
            )
        return files

    def _refuse_twins(self, plan: Plan, local_files: Mapping[str, Path]) -> None:
        twins = sorted(plan.code_names & local_files.keys() - {path.name for path in plan.files.values()})
        if twins:
            module = twins[0].removesuffix(".py")
            self.report = self.report.with_problems(
                Problem(f"a module beside the notebook is named `{module}` too", "", "Give the function another name.")
            )

    def _mount_notes(self) -> list[Note]:
        return [
            Note(f"`{m.source}` is shown read-only at `{m.target}`, outside the package and its digest", Level.NOTICE)
            for m in self.options.mounts
        ]

    def _describe_unwritten(self, selection: Selection, local_rows: list[TakenName]) -> None:
        """Name what else would go along, beside what stands in the way."""
        blamed = {p.path[0].label for p in self.report.problems if p.path}
        kept = [n for n, v in selection.values.items() if n not in blamed and not _is_module(v)]
        rows = [value_row(n, selection.values[n], 0, "", selection.uses.get(n), None) for n in sorted(kept)]
        self.report = replace(self.report, taken=(*rows, *local_rows))

    def _write(
        self,
        plan: Plan,
        runtime: str,
        selection: Selection,
        files: dict[str, Path],
        local_rows: list[TakenName],
        third: list[str],
    ) -> Capture:
        assert self._folder is not None  # noqa: S101 - `build` has made it
        written, pickle = None, self._folder / "captured.pickle"
        if selection.values or selection.submodules:
            written = write_pickle(pickle, selection, self.names, self.sources, self.local.is_local, plan.module)
        rows = [*self._value_rows(selection, written), *local_rows]
        manifest = self._manifest(rows, self.report.modules, files)
        helpers = helper_files.entries(pickle if written else None, self.sources.texts, plan.needs_body, self._folder)
        entries: dict[str, Entry] = {**files, **plan.code, **helpers}
        if plan.text is not None:
            text = with_prologue(plan.text, plan.name) if helpers else plan.text
            entries[f"{plan.module}.py"] = text.encode("utf-8", "surrogatepass")
        entries["_jupyter_lambda/manifest.json"] = json.dumps(manifest, indent=1, sort_keys=True).encode()
        made = write_zip(self._folder / "package.zip", entries)
        self.report = replace(
            self.report, package_bytes=made.zipped_bytes, taken=tuple(rows), notes=(*self.report.notes, *_size_notes(made))
        )
        preloaded = needed_modules.preload(third, self.report.modules)
        if written and written.needs_cloudpickle:
            preloaded = (*preloaded, "cloudpickle")
        return Capture(
            name=plan.name,
            package=made.path,
            package_sha256=made.sha256,
            package_bytes=made.zipped_bytes,
            content_digest=_content_digest(plan, runtime, rows, files, selection, self.options),
            handler=f"{plan.module}.{plan.function}",
            runtime=runtime,
            python=self.python,
            preload=preloaded,
            source=plan.source,
            manifest=manifest,
            report=self.report,
            entries=entries,
            environment=dict(self.options.environment),
            folder=self._folder,
        )

    def _value_rows(self, selection: Selection, written: Written | None) -> list[TakenName]:
        if written is None:
            return []
        found: dict[str, Assignment] = assignments(selection.values, self.cells)
        rows = []
        for name, value in selection.values.items():
            if not _is_module(value):
                row = value_row(name, value, written.sizes[name], self._digest(value), selection.uses.get(name), found.get(name))
                rows.append(self._with_own_name(row, value))
        return rows

    def _digest(self, value: Any) -> str:
        """A value's digest; for a value whose own code fails when it is walked, one of its bytes: a version too many at worst."""
        digest, failure = attempt(lambda: value_digest(value, self.names.namespace))
        if digest is None or failure is not None:
            return hashlib.blake2b(cloudpickle.dumps(value), digest_size=16).hexdigest()
        return digest

    def _with_own_name(self, row: TakenName, value: Any) -> TakenName:
        """Warn of a captured name that the function's handle will take in the notebook."""
        if row.name != python_name(self.report.name):
            return row
        if function_handle(value) is not None:
            note = Note("this very function: it calls itself through Lambda", Level.NOTICE)
        else:
            told = f"the notebook's `{row.name}` becomes this function's handle, which the next run will find instead: rename one"
            note = Note(told, Level.WARNING)
        return replace(row, notes=(note,))

    def _manifest(self, rows: list[TakenName], modules: tuple[NeededModule, ...], files: Mapping[str, Path]) -> dict[str, Any]:
        return {
            "format": 1,
            "python": self.python.version,
            "captured": {r.name: {"type": r.type_text, "size": r.size_bytes, "digest": r.digest} for r in rows},
            "modules": {m.name: m.version for m in modules},
            "files": len(files),
        }

    def look_beside(self, folder: Path) -> None:
        """Look for imports in this folder before anywhere else."""
        self.local = LocalModules(folder, is_first=True)

    def _remove_folder(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def module_name(function_name: str, local: LocalModules, imported: set[str]) -> str:
    """The name of the handler's module: the function's, unless that would hide a module that something imports.

    The package stands first on `sys.path`: a function called `random` must not become the `random` that NumPy imports.
    """
    plain = python_name(function_name)
    if not plain.isidentifier() or keyword.iskeyword(plain):
        return f"function_{plain}"
    installed = importlib.machinery.PathFinder.find_spec(plain) is not None and not local.is_local(plain)
    hides = plain in sys.stdlib_module_names or installed or (plain in imported and local.is_local(plain))
    return f"{plain}_function" if hides or plain == "_jupyter_lambda" else plain


def _is_module(value: Any) -> bool:
    return isinstance(value, type(sys))


def _size_notes(made: WrittenZip) -> list[Note]:
    notes = []
    if made.zipped_bytes >= limits.PACKAGE_ZIPPED_BYTES_MAX:
        most = quantities.size(limits.PACKAGE_ZIPPED_BYTES_MAX)
        notes.append(
            Note(
                f"package of {quantities.size(made.zipped_bytes)}: real Lambda refuses more than {most} through its API",
                Level.WARNING,
            )
        )
    if made.unzipped_bytes >= limits.PACKAGE_UNZIPPED_BYTES_MAX:
        most = quantities.size(limits.PACKAGE_UNZIPPED_BYTES_MAX)
        notes.append(
            Note(f"{quantities.size(made.unzipped_bytes)} unzipped: real Lambda refuses more than {most}", Level.WARNING)
        )
    return notes


def _files_digest(files: Mapping[str, Path]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for name in sorted(files):
        found.update(f"{name}\0{file_sha256(files[name])}\0".encode())
    return found.hexdigest()


def _content_digest(
    plan: Plan,
    runtime: str,
    rows: list[TakenName],
    files: Mapping[str, Path],
    selection: Selection,
    options: PackageOptions,
) -> str:
    """Digest what a version is made of, free of everything that differs between two runs of the same notebook."""
    lines = [line.rstrip() for line in plan.source.replace("\r\n", "\n").split("\n")]
    content = {
        "source": "\n".join(lines).strip("\n"),
        "handler": f"{plan.module}.{plan.function}",
        "runtime": runtime,
        "captured": {row.name: row.digest for row in rows},
        "modules": sorted({*selection.submodules, *(f"{n}={v.__name__}" for n, v in selection.values.items() if _is_module(v))}),
        "files": {name: file_sha256(path) for name, path in sorted(files.items())},
        "requirements": list(options.requirements),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
