"""What a function may ask for of this engine, said at deployment rather than at the first invocation.

What is refused here is a capability that this engine, or its sandbox, does not have; ranges of values are `model.function`'s.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jupyter_lambda.errors import InvalidRuntime, RequestError

if TYPE_CHECKING:
    from jupyter_lambda.model.function import Configuration, PythonEnvironment

_PYTHON = re.compile(r"python(\d+\.\d+)")


def check_supported(name: str, configuration: Configuration, python: PythonEnvironment | None) -> None:
    """Let pass what this engine can run.

    Args:
        name: The function's.
        configuration: What it asks for.
        python: The Python environment that it was captured in, None for packages made elsewhere.

    Raises:
        RequestError: An image in the sandbox that has none.
        InvalidRuntime: The package was captured in another Python than `runtime` names.
    """
    where = f'function "{name}"'
    if configuration.sandbox == "process" and configuration.image is not None:
        raise RequestError(
            where, f'image "{configuration.image}" needs containers', "Leave --image out, or ask for --sandbox docker."
        )
    wanted = _PYTHON.fullmatch(configuration.runtime)
    if python is not None and wanted is not None and wanted[1] != python.minor:
        raise InvalidRuntime(
            where,
            f"its runtime is {configuration.runtime}, and it was captured in Python {python.version}",
            f"Leave --runtime out, or deploy from a kernel with Python {wanted[1]}: what one Python pickles, another may not load.",
        )
