"""From the names that a cell reads to one pickle with their values: followed through helpers, checked, measured, ordered.

Two passes over the values. The first only looks: each is pickled into nothing, which finds every function of the notebook that it
holds, wherever it hides (in a dict, a closure, a class), and so the names which that function needs; what can't be pickled shows
here. The second writes: modules first, then functions and classes, then plain values, then everything else, so that code which runs
while a value is loaded finds the names it uses.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from jupyter_lambda.capture.culprit import unpicklable
from jupyter_lambda.capture.failure import Refused
from jupyter_lambda.capture.helper_files import mentions
from jupyter_lambda.capture.name_use import GlobalNames, NameUse, global_names
from jupyter_lambda.capture.notebook_names import MISSING, NotebookNames, loaded_submodules
from jupyter_lambda.capture.report import Problem
from jupyter_lambda.capture.shared_pickle import Discard, NotebookPickler, dump_failure

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.capture.cell_sources import CellSources

IsLocal = Callable[[str], bool]


@dataclass(slots=True)
class Selection:
    """The values that go along, and what was found on the way."""

    values: dict[str, Any] = field(default_factory=dict)
    uses: dict[str, NameUse] = field(default_factory=dict)  # by the cell itself
    modules: set[str] = field(default_factory=set)  # that loading or a helper imports
    submodules: set[str] = field(default_factory=set)  # `scipy.stats`, reached through `scipy`
    problems: list[Problem] = field(default_factory=list)


class ValueCollector:
    """Follows names through the notebook.

    Args:
        names: The notebook's namespace.
        sources: Receives the texts of captured functions.
        is_local: Whether a module goes with the package.
    """

    def __init__(self, names: NotebookNames, sources: CellSources, is_local: IsLocal) -> None:
        self._names = names
        self._sources = sources
        self._is_local = is_local
        self._selection = Selection()
        self._asked: set[str] = set()
        self._seen_functions: set[int] = set()
        self._defined: frozenset[str] = frozenset()

    def collect(self, cell: GlobalNames, extra: Mapping[str, Any] | None = None) -> Selection:
        """Find the values of all names that the cell reads, and of all that these need in turn.

        Args:
            cell: The cell's names.
            extra: Values that go along under these names in any case.
        """
        self._defined = cell.defines
        self._selection.uses = dict(cell.reads)
        starred = _star_names(cell.star_imports)
        self._selection.values.update(extra or {})
        self._asked.update(extra or ())
        todo: list[tuple[str, str, int | None]] = [(name, "", None) for name in extra or ()]
        for use in cell.reads.values():
            detail = "used in " + _lines(use.lines)
            is_optional = not use.is_required or use.name in cell.sets or starred is None or use.name in starred
            if self._take(use.name, detail + "; it would have failed at the first invocation", use.lines[0], is_optional):
                todo.append((use.name, detail, use.lines[0]))
        while todo:
            name, detail, line = todo.pop()
            todo.extend(self._look_into(name, detail, line))
        return self._selection

    def _take(self, name: str, detail: str, line: int | None, is_optional: bool) -> bool:
        """Note a name's value; False where nothing is to be followed."""
        if name in self._asked:
            return False
        self._asked.add(name)
        only_here = self._names.notebook_only(name)
        if only_here is not None:
            told = detail.partition(";")[0]
            self._selection.problems.append(_at(only_here, told, line))
            return False
        value = self._names.value(name)
        if value is MISSING:
            if not self._names.is_known(name) and not is_optional:
                self._selection.problems.append(self._names.undefined(name, detail, line, self._defined))
            return False
        self._selection.values[name] = value
        return True

    def _look_into(self, name: str, detail: str, line: int | None) -> list[tuple[str, str, int | None]]:
        """Pickle a value into nothing; return the names that functions inside it need."""
        pickler = LookingPickler(self._names, self._sources, self._is_local)
        value = self._selection.values[name]
        failure = dump_failure(pickler, value)
        if failure is not None:
            if isinstance(failure, Refused):
                self._selection.problems.extend(_at(p, detail, line) for p in failure.problems)
            else:
                self._selection.problems.append(unpicklable(name, value, failure, pickler.another, detail, line))
        self._selection.modules |= pickler.modules
        found: list[tuple[str, str, int | None]] = []
        for function in pickler.functions:
            if id(function) not in self._seen_functions:
                self._seen_functions.add(id(function))
                found.extend(self._follow(function, line))
        return found

    def _follow(self, function: types.FunctionType, line: int | None) -> list[tuple[str, str, int | None]]:
        used = global_names(function.__code__)
        self._selection.modules.update(used.imports)
        place = self._sources.stable_name(function.__code__.co_filename)
        found = []
        for use in used.reads.values():
            if use.name in self._defined:
                continue
            detail = f"used by `{function.__name__}`, line {use.lines[0]} of {place}"
            is_optional = not use.is_required or use.name in used.sets
            if self._take(use.name, detail, line, is_optional):
                found.append((use.name, detail, line))
        return found


class LookingPickler(NotebookPickler):
    """Pickles into nothing, and remembers the notebook's functions that it met."""

    def __init__(self, names: NotebookNames, sources: CellSources, is_local: IsLocal) -> None:
        super().__init__(Discard(), names.namespace, sources, is_local)
        self.functions: list[types.FunctionType] = []
        self._ingredients = (names, sources, is_local)

    def another(self) -> LookingPickler:
        """A fresh pickler of the same kind, with nothing in its memo."""
        return LookingPickler(*self._ingredients)

    def reducer_override(self, obj: Any) -> Any:
        """Remember functions of the notebook; skip the bytes of arrays, which hold none."""
        if isinstance(obj, types.FunctionType) and obj.__globals__ is self._namespace:
            self.functions.append(obj)
        elif type(obj).__name__ == "ndarray" and type(obj).__module__ == "numpy" and obj.dtype.kind in "biufcSUmM":
            self.modules.add("numpy")
            return bool, ()
        return super().reducer_override(obj)


@dataclass(frozen=True, slots=True)
class Written:
    """What the pickle holds."""

    sizes: dict[str, int]  # bytes by name; parts shared with an earlier name count there
    needs_cloudpickle: bool


def write_pickle(
    path: Path, selection: Selection, names: NotebookNames, sources: CellSources, is_local: IsLocal, handler_module: str
) -> Written:
    """Write all values into one pickle; what the notebook defined will be of `handler_module`.

    Raises:
        Refused: A value that could be pickled a moment ago can't any more.
    """
    ordered = sorted(selection.values.items(), key=lambda item: (_rank(item[1]), item[0]))
    submodules = sorted(selection.submodules)
    with path.open("wb") as file:
        pickler = NotebookPickler(file, names.namespace, sources, is_local, handler_module)
        pickler.dump([name for name, _ in ordered])
        pickler.dump(submodules)
        sizes = {name: _dump(pickler, file, name, value) for name, value in ordered}
    return Written(sizes, mentions(path, b"cloudpickle.cloudpickle"))


def _dump(pickler: NotebookPickler, file: IO[bytes], name: str, value: Any) -> int:
    before = file.tell()
    failure = dump_failure(pickler, value)
    if failure is not None:
        raise Refused(Problem(f"`{name}` can't be pickled", "", str(failure))) from failure
    return file.tell() - before


def _rank(value: Any) -> int:
    if isinstance(value, types.ModuleType):
        return 0
    if isinstance(value, type | types.FunctionType) or hasattr(value, "__wrapped__"):
        return 1
    return 2 if type(value).__module__ == "builtins" else 3


def add_submodules(selection: Selection) -> None:
    """Note the submodules that the cell reaches through a captured package, `scipy.stats` through `scipy`."""
    for name, value in selection.values.items():
        if isinstance(value, types.ModuleType) and name in selection.uses:
            for detail in selection.uses[name].details:
                if detail and detail.startswith("."):
                    selection.submodules.update(loaded_submodules(value.__name__, detail))


def _star_names(modules: Iterable[str]) -> frozenset[str] | None:
    """Names that `from m import *` brings; None if that can't be told without running foreign code."""
    names: set[str] = set()
    for name in modules:
        try:
            module = importlib.import_module(name)
        except ImportError:
            return None
        names.update(getattr(module, "__all__", None) or (n for n in vars(module) if not n.startswith("_")))
    return frozenset(names)


def _lines(lines: list[int]) -> str:
    if len(lines) == 1:
        return f"line {lines[0]}"
    told = ", ".join(str(n) for n in lines[:3])
    return f"lines {told}{' …' if len(lines) > 3 else ''}"


def _at(problem: Problem, detail: str, line: int | None) -> Problem:
    from dataclasses import replace

    return replace(problem, detail=f"{problem.detail}; {detail}" if problem.detail else detail, line=problem.line or line)
