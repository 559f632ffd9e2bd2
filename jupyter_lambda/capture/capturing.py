"""The room's three doors: a cell, a callable, a file or folder."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from jupyter_lambda.capture import cell_text
from jupyter_lambda.capture.assembly import Assembly, Plan, module_name
from jupyter_lambda.capture.callable_source import plan_callable
from jupyter_lambda.capture.cell_form import CellForm, read_form
from jupyter_lambda.capture.failure import Refused
from jupyter_lambda.capture.file_source import plan_path
from jupyter_lambda.capture.handler_module import body_files
from jupyter_lambda.capture.name_use import global_names
from jupyter_lambda.capture.options import PackageOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from jupyter_lambda.capture.package import Capture


def capture_cell(
    source: str,
    namespace: Mapping[str, Any],
    *,
    name: str,
    options: PackageOptions | None = None,
    first_line: int = 2,
    cell_numbers: Mapping[str, int] | None = None,
) -> Capture:
    """Make a package of a cell.

    Args:
        source: The cell, with its `%%lambda` line or without it.
        namespace: The kernel's user namespace; never changed. Its `In` tells which cell a value comes from.
        name: The function's name.
        options: What the cell's line said of the package.
        first_line: The cell's line at which `source` begins, where the `%%lambda` line was taken off: 2.
        cell_numbers: Cell numbers by code file name, where the caller knows them (`shell.compile._filename_map`).

    Returns:
        The package, in a temporary folder that the caller closes.

    Raises:
        CaptureFailed: The cell can't become a package; `report` says why, with the cell's own lines.
    """
    assembly = Assembly(name, options or PackageOptions(), namespace, cell_numbers)
    written, text = cell_text.padded(source, first_line)
    try:
        form = read_form(text, name, assembly.options.handler)
    except Refused as refused:
        raise assembly.refuse(*refused.problems) from refused
    return assembly.build(_cell_plan(name, written, form, assembly))


def capture_callable(
    function: Callable[..., Any],
    *,
    name: str,
    options: PackageOptions | None = None,
    namespace: Mapping[str, Any] | None = None,
    cell_numbers: Mapping[str, int] | None = None,
) -> Capture:
    """Make a package of a function, a method, a partial, or any object that can be called with an event and a context.

    A function that a cell defines travels as its source, without the decorator that deploys it; what has no source of its own
    (closures, partials, objects) travels as a value.

    Args:
        function: The handler.
        name: The function's name.
        options: What the caller said of the package.
        namespace: The kernel's user namespace; None: the function's globals, those of `__main__` for what has none.
        cell_numbers: As for `capture_cell`.

    Raises:
        CaptureFailed: It can't become a package.
    """
    if namespace is None:
        namespace = getattr(function, "__globals__", vars(sys.modules["__main__"]))
    assembly = Assembly(name, options or PackageOptions(), namespace, cell_numbers)
    try:
        plan = plan_callable(function, name, assembly)
    except Refused as refused:
        raise assembly.refuse(*refused.problems) from refused
    return assembly.build(plan)


def capture_path(
    path: str | Path,
    *,
    name: str,
    handler: str | None = None,
    options: PackageOptions | None = None,
) -> Capture:
    """Make a package of a Python file, with the modules beside it that it imports, or of a whole folder.

    Args:
        path: The file or the folder; relative to the options' folder.
        name: The function's name.
        handler: `function` or `module.function`; None: as a cell's, in the file; `lambda_function.lambda_handler` and its like
            in a folder.
        options: What the caller said of the package.

    Raises:
        CaptureFailed: It can't become a package.
    """
    options = options or PackageOptions()
    assembly = Assembly(name, options, {})
    try:
        plan, root = plan_path(options.folder / path, name, handler or options.handler)
    except Refused as refused:
        raise assembly.refuse(*refused.problems) from refused
    assembly.look_beside(root)
    return assembly.build(plan)


def _cell_plan(name: str, written: str, form: CellForm, assembly: Assembly) -> Plan:
    uses = global_names(form.code, form.tree)
    module = module_name(name, assembly.local, {i.partition(".")[0] for i in uses.imports})
    return Plan(
        name=name,
        source=written,
        function=form.handler,
        module=module,
        text=None if form.is_body else form.text,
        code=body_files(module, form) if form.is_body else {},
        uses=uses,
        notes=form.notes,
        needs_body=form.is_body,
    )
