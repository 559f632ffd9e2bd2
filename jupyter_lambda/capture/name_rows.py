"""The rows of the report's first table: what goes along from the notebook, with type, size and what a reader should know of it."""

from __future__ import annotations

import functools
import io
import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.capture.report import Level, Note, TakenName, size_note
from jupyter_lambda.capture.shared_pickle import function_handle
from jupyter_lambda.capture.value_text import type_text
from jupyter_lambda.model import limits

if TYPE_CHECKING:
    from jupyter_lambda.capture.name_use import NameUse
    from jupyter_lambda.capture.provenance import Assignment

_BYTES_PER_MS: Final = 300_000  # a guess until the proof has measured it
_CachedFunction = type(functools.lru_cache(lambda: None))


def value_row(name: str, value: Any, size_bytes: int, digest: str, use: NameUse | None, assigned: Assignment | None) -> TakenName:
    """Describe one captured value.

    Args:
        name: Its name in the notebook.
        value: The value.
        size_bytes: Its share of the pickle.
        digest: Of its content.
        use: How the cell uses the name; None where only a helper does.
        assigned: Where the name got its value, if that is known.
    """
    notes = _notes(name, value, size_bytes, use)
    if not notes and assigned is not None:
        notes = [Note(f"as of cell [{assigned.cell}]")]
    return TakenName(name, type_text(value), size_bytes, digest, tuple(notes))


def module_row(module: str, size_bytes: int, digest: str) -> TakenName:
    """Describe a module that lives beside the notebook."""
    return TakenName(module, "module beside the notebook", size_bytes, digest, (Note("by value; later edits need a new deploy"),))


def _notes(name: str, value: Any, size_bytes: int, use: NameUse | None) -> list[Note]:
    notes = []
    if size_bytes > limits.CAPTURED_VALUE_WARNING_BYTES:
        notes.append(size_note(size_bytes / _BYTES_PER_MS))
    if isinstance(value, Mapping) and len(value) > 1 and use is not None:
        details = set(use.details)
        only = details.pop() if len(details) == 1 else None
        if only is not None and only.startswith("["):
            notes.append(Note(f"only `{name}{only}` is used, the whole dict goes along", Level.NOTICE))
    handle = function_handle(value)
    if handle is not None:
        notes.append(Note(f"calls the function `{handle}` by its name"))
    if isinstance(value, io.IOBase):
        notes.append(Note("an open file: what it holds now goes along, as a file in memory", Level.NOTICE))
    if isinstance(value, _CachedFunction):
        notes.append(Note("its cache starts empty in each environment"))
    if use is None and not notes and isinstance(value, types.FunctionType):
        notes.append(Note("needed by another function"))
    return notes
