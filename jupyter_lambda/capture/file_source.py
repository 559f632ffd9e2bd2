"""A handler that stands in a Python file, alone or in a folder of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from jupyter_lambda.capture.assembly import Plan
from jupyter_lambda.capture.cell_form import CellForm, read_form
from jupyter_lambda.capture.failure import Refused
from jupyter_lambda.capture.local_modules import file_imports, folder_files
from jupyter_lambda.capture.name_use import GlobalNames, global_names
from jupyter_lambda.capture.notebook_names import NotebookNames
from jupyter_lambda.capture.report import Level, Note, Problem
from jupyter_lambda.model.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_USUAL: Final = ("lambda_function", "app", "handler", "main", "index")


def plan_path(path: Path, name: str, handler: str | None) -> tuple[Plan, Path]:
    """Decide what of a file or folder becomes the package; also returns the folder that its imports are looked for in.

    Raises:
        Refused: There is no such file, or no clear handler in it.
    """
    if path.is_dir():
        return _folder_plan(path, name, handler), path
    if not path.is_file():
        near = did_you_mean(path.name, (p.name for p in path.parent.glob("*"))) if path.parent.is_dir() else ""
        raise Refused(Problem(f"there is no file `{path}`", "", near.replace('"', "`") or "Check the path."))
    if path.suffix != ".py" or not path.stem.isidentifier():
        raise Refused(Problem(f"`{path.name}` is no Python module", "", "Give a `.py` file whose name Python can import."))
    form, text = _read(path, name, handler)
    uses = global_names(form.code, form.tree)
    return (
        Plan(
            name=name,
            source=text,
            function=form.handler,
            module=path.stem,
            code={path.name: path.read_bytes()},
            uses=_without_reads(uses, file_imports(path)),
            notes=(*form.notes, *_undefined(uses)),
        ),
        path.resolve().parent,
    )


def _folder_plan(folder: Path, name: str, handler: str | None) -> Plan:
    files = {str(f.relative_to(folder)): f for f in folder_files(folder)}
    module, _, function = (handler or "").rpartition(".")
    module = module or _usual_module(folder, files)
    file = files.get(module.replace(".", "/") + ".py")
    if file is None:
        modules = sorted(n.removesuffix(".py").replace("/", ".") for n in files if n.endswith(".py"))
        hint = did_you_mean(module, modules).replace('"', "`")
        raise Refused(Problem(f"the folder has no module `{module}`", f"in {folder}", hint or "Check `--handler`."))
    form, text = _read(file, name, function or None)
    imports = [i for n, f in files.items() if n.endswith(".py") for i in file_imports(f)]
    uses = global_names(form.code, form.tree)
    return Plan(
        name=name,
        source=text,
        function=form.handler,
        module=module,
        files=files,
        uses=_without_reads(uses, imports),
        notes=(*form.notes, *_undefined(uses)),
    )


def _usual_module(folder: Path, files: Mapping[str, Path]) -> str:
    modules = [n.removesuffix(".py") for n in files if n.endswith(".py") and "/" not in n]
    usual: str | None = next((m for m in _USUAL if m in modules), None)
    if usual is None and len(modules) == 1:
        usual = modules[0]
    if usual is None:
        found = ", ".join(f"`{m}`" for m in sorted(modules)) or "no module"
        raise Refused(
            Problem(
                "it is not clear which module of the folder has the handler",
                f"{folder} has {found}",
                'Say `handler="module.function"`.',
            )
        )
    return usual


def _read(path: Path, name: str, handler: str | None) -> tuple[CellForm, str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(Problem(f"`{path.name}` is not UTF-8", str(error), "Save it as UTF-8.")) from error
    form = read_form(text, name, handler)
    if form.is_body:
        raise Refused(
            Problem(f"`{path.name}` defines no handler", "", "Write `def handler(event, context):` in it, or give `handler`.")
        )
    return form, text


def _without_reads(uses: GlobalNames, imports: list[str]) -> GlobalNames:
    """A file takes nothing from the notebook: only what it imports is looked for."""
    return replace(uses, reads={}, imports=tuple(dict.fromkeys((*uses.imports, *imports))))


def _undefined(uses: GlobalNames) -> list[Note]:
    """Names that the file reads and does not define: a warning, as a module may get names in ways that can't be seen."""
    names = NotebookNames({})
    if uses.star_imports:
        return []
    return [
        Note(f"`{use.name}` in line {use.lines[0]} is defined nowhere", Level.WARNING)
        for use in uses.reads.values()
        if use.is_required and use.name not in uses.sets and not names.is_known(use.name)
    ]
