"""The package's own module `_jupyter_lambda`, loaded in the kernel under that name, so that a pickle can refer to its members.

The files in `in_package/` are what goes into every package that needs them. A pickle names a module and a member; pickling checks
that the name leads to the object. So the kernel needs a module of that name, made from the very file that the worker will load.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import ModuleType

NAME: Final = "_jupyter_lambda"
FOLDER: Final = Path(__file__).parent / "in_package"


def package_module(submodule: str = "") -> ModuleType:
    """Return `_jupyter_lambda`, or one of its submodules, as the package will have it."""
    if NAME not in sys.modules:
        spec = importlib.util.spec_from_file_location(NAME, FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)])
        if spec is None or spec.loader is None:  # only where the installation has lost its files
            raise ImportError(f"{FOLDER} can't be loaded", name=NAME)
        module = importlib.util.module_from_spec(spec)
        sys.modules[NAME] = module
        spec.loader.exec_module(module)
    return importlib.import_module(f"{NAME}.{submodule}") if submodule else sys.modules[NAME]
