"""What a name of the cell means in the notebook: a value to take along, a builtin, something only the notebook has, or nothing."""

from __future__ import annotations

import builtins
import io
import re
import sys
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.capture.report import Problem
from jupyter_lambda.capture.value_text import short_value
from jupyter_lambda.model.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_HISTORY = re.compile(r"_i{1,3}|_i?\d+|_ih|_oh|_dh|In|Out|_{1,3}")
_SHELL_MODULES = ("IPython", "ipykernel")
_WIDGETS = ("ipywidgets", "anywidget")
_WAYS_OUT: Final = {
    "get_ipython": "Do what you need from it in a cell of its own, and use the result here.",
    "display": "Return the value, or print it: what is printed lands in the log.",
}


class Missing:
    """A name with no value to take along."""


MISSING: Final = Missing()


class NotebookNames:
    """The notebook's namespace as a function's names see it.

    Args:
        namespace: The kernel's user namespace.
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self.namespace = namespace
        self._is_notebook = "_oh" in namespace or "get_ipython" in namespace

    def value(self, name: str) -> Any:
        """The value to take along for a name, `MISSING` where a builtin stands or nothing at all."""
        if name not in self.namespace:
            return MISSING
        found = self.namespace[name]
        if _is_builtin(name) and _is_of_the_shell(found):
            return MISSING
        return found

    def is_known(self, name: str) -> bool:
        """Whether anything defines the name."""
        return name in self.namespace or _is_builtin(name)

    def notebook_only(self, name: str) -> Problem | None:
        """Why a name can't leave the notebook, if so."""
        found = self.namespace.get(name, MISSING)
        shell = found is MISSING and _root(getattr(builtins, name, None)) in _SHELL_MODULES and not _is_builtin(name)
        if name == "get_ipython" or shell:
            return _only_here(name)
        if found is MISSING or _is_builtin(name):
            return None
        if self._is_notebook and _HISTORY.fullmatch(name) and not callable(found):
            return Problem(f"`{name}` is the notebook's history", "", "Give the value a name in a cell, and use that name.")
        root = _root(type(found))
        if root in _SHELL_MODULES and not isinstance(found, type) and not callable(found):
            return _only_here(name)
        if root in _WIDGETS:
            return Problem(
                f"`{name}` is a widget",
                "a widget lives in the notebook",
                f"Take its value in a cell, `{name}_value = {name}.value`, and use that.",
            )
        return None

    def undefined(self, name: str, detail: str, line: int | None, also: Iterable[str] = ()) -> Problem:
        """The problem of a name that is defined nowhere, with the nearest name that is."""
        known = [n for n in self.namespace if not n.startswith("_") and self.value(n) is not MISSING]
        # Builtins only when very alike: `Nope` is no `open`.
        near = did_you_mean(name, [*also, *known]) or did_you_mean(name, dir(builtins), likeness=0.8)
        suggestion = near.replace('"', "`")
        meant = near.partition('"')[2].partition('"')[0]
        if meant in self.namespace:
            suggestion = f"Did you mean `{meant}` ({short_value(self.namespace[meant])})?"
        return Problem(
            f"`{name}` is defined nowhere", detail, suggestion or f"Define `{name}` in the cell or in one above it.", line=line
        )


def _only_here(name: str) -> Problem:
    return Problem(
        f"`{name}` exists only in the notebook",
        "",
        _WAYS_OUT.get(name, "Take the plain value you need out of it, in a cell above."),
    )


def _is_builtin(name: str) -> bool:
    """Whether Python itself has the name; IPython adds `display` and `get_ipython` to the kernel's builtins."""
    found = getattr(builtins, name, MISSING)
    if found is MISSING:
        return False
    return name in ("open", "exit", "quit") or _root(found) not in _SHELL_MODULES


def _is_of_the_shell(value: Any) -> bool:
    """Whether it is what IPython puts over a builtin: its own `exit` and `quit`, and an `open` that says it is `io.open`."""
    code_of = getattr(value, "__globals__", {}).get("__name__", "").partition(".")[0]
    return value is io.open or any(root in _SHELL_MODULES for root in (_root(type(value)), _root(value), code_of))


def _root(value: Any) -> str:
    module = getattr(value, "__module__", None)
    return module.partition(".")[0] if isinstance(module, str) else ""


def loaded_submodules(module: str, chain: str) -> list[str]:
    """Submodules that an attribute chain goes through and the notebook has imported: `.stats.norm` of `scipy` → `scipy.stats`."""
    found = []
    dotted = module
    for part in chain.strip(".").split("."):
        dotted = f"{dotted}.{part}"
        if dotted not in sys.modules:
            break
        found.append(dotted)
    return found
