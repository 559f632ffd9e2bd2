"""Which names a piece of code takes from its module's globals, where, and what it does with them.

Read from bytecode, not from the syntax tree: the compiler has decided each name's scope already, and a captured helper may have no
source. The tree, where there is one, adds what is done with a name (`cfg["k"]`), matched by position.
"""

from __future__ import annotations

import ast
import dis
from dataclasses import dataclass, field
from types import CodeType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Set by the import system or the compiler in every module.
MODULE_NAMES = frozenset(
    {
        "__name__",
        "__file__",
        "__doc__",
        "__spec__",
        "__loader__",
        "__package__",
        "__builtins__",
        "__path__",
        "__cached__",
        "__annotations__",
        "__debug__",
        "__conditional_annotations__",
        "__build_class__",
        "__qualname__",
        "__module__",
        "__classdict__",
        "__classdictcell__",
        "__dict__",
    }
)
_READS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})


@dataclass(slots=True)
class NameUse:
    """How one global name is used."""

    name: str
    lines: list[int] = field(default_factory=list)
    details: list[str | None] = field(default_factory=list)  # `["k"]` or `.attr`, None where the name itself is used
    is_required: bool = True  # False: read only in annotations that may never be evaluated


@dataclass(frozen=True, slots=True)
class GlobalNames:
    """The global names of a piece of code."""

    reads: dict[str, NameUse]
    sets: frozenset[str]  # by `global x; x = …` inside functions: may exist only later
    defines: frozenset[str]  # at module level: there before any function runs
    imports: tuple[str, ...]  # dotted names that the code imports, anywhere
    star_imports: tuple[str, ...]  # modules of `from m import *`


def global_names(code: CodeType, tree: ast.Module | None = None) -> GlobalNames:
    """Find the global names that a module's or a function's code reads, sets and defines.

    A name that module-level code defines before it reads it is no read; one that it reads first (`n = n + 1`) is.
    """
    is_module = not code.co_flags & 0x2  # CO_NEWLOCALS: functions have it
    details = _details(tree) if tree is not None else {}
    reads: dict[str, NameUse] = {}
    sets: set[str] = set()
    defined: dict[str, int] = _definitions(code) if is_module else {}
    imports: dict[str, None] = {}
    for owner, instruction in _instructions(code):
        name = instruction.argval
        if instruction.opname == "IMPORT_NAME" and name:
            imports[name] = None
        if instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            sets.add(name)
        if instruction.opname not in _READS or name in MODULE_NAMES:
            continue
        if name in defined and not (owner is code and instruction.offset < defined[name]):
            continue
        if (
            instruction.opname == "LOAD_NAME"
            and owner is not code
            and instruction.offset > _definitions(owner).get(name, 1 << 30)
        ):
            continue  # a class's own member
        _note(reads.setdefault(name, NameUse(name, is_required=False)), owner, instruction, details)
    return GlobalNames(reads, frozenset(sets), frozenset(defined), tuple(imports), _star_imports(code))


def _note(use: NameUse, owner: CodeType, instruction: dis.Instruction, details: dict[tuple[int, int], str | None]) -> None:
    position = instruction.positions
    line = (position.lineno if position else None) or owner.co_firstlineno
    column = position.col_offset if position else None
    if line not in use.lines:
        use.lines.append(line)
    use.details.append(details.get((line, column if column is not None else -1)))
    if owner.co_name not in ("__annotate__", "__annotate_func__"):
        use.is_required = True


def _instructions(code: CodeType) -> Iterator[tuple[CodeType, dis.Instruction]]:
    for instruction in dis.get_instructions(code):
        yield code, instruction
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _instructions(constant)


def _definitions(code: CodeType) -> dict[str, int]:
    """Names that a module's or a class's body stores, each with the offset of its first store."""
    found: dict[str, int] = {}
    for instruction in dis.get_instructions(code):
        if instruction.opname == "STORE_NAME":
            found.setdefault(instruction.argval, instruction.offset)
    return found


def _star_imports(code: CodeType) -> tuple[str, ...]:
    modules: list[str] = []
    latest = ""
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            latest = instruction.argval
        elif instruction.opname == "IMPORT_STAR" or (
            instruction.opname == "CALL_INTRINSIC_1" and "IMPORT_STAR" in instruction.argrepr
        ):
            modules.append(latest)
    return tuple(modules)


def _details(tree: ast.Module) -> dict[tuple[int, int], str | None]:
    """What stands after each name, by the name's line and column: `.attr.attr` or `["key"]`."""
    found: dict[tuple[int, int], str | None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name, chain = _chain(node)
            if name is not None and len(chain) > len(found.get((name.lineno, name.col_offset)) or ""):
                found[name.lineno, name.col_offset] = chain
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Constant):
            found[node.value.lineno, node.value.col_offset] = f"[{node.slice.value!r}]".replace("'", '"')
    return found


def _chain(node: ast.expr) -> tuple[ast.Name | None, str]:
    """The name at the root of `a.b.c`, and `.b.c`."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node if isinstance(node, ast.Name) else None), "".join(f".{part}" for part in reversed(parts))
