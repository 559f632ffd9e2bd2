"""Serverless functions in a notebook: `%%lambda` turns a cell into a versioned function in an isolated worker.

    import jupyter_lambda as jl

    jl.function("resize")({"side": 640})
    jl.deploy(handler, name="resize", memory_mib=512)

The names below are loaded at their first use: importing the package costs a few milliseconds.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from jupyter_lambda._version import __version__

if TYPE_CHECKING:
    from jupyter_lambda.client.aws_clients import boto3_client
    from jupyter_lambda.client.batch import Batch
    from jupyter_lambda.client.connection import engine
    from jupyter_lambda.client.dashboard import dashboard
    from jupyter_lambda.client.deploying import deploy, lambda_function
    from jupyter_lambda.client.directory import function, functions
    from jupyter_lambda.client.handle import FunctionHandle
    from jupyter_lambda.client.invocation import Invocation
    from jupyter_lambda.client.json_boundary import EventTypeError, to_json_event
    from jupyter_lambda.client.outcome import Failure, FunctionError
    from jupyter_lambda.errors import JupyterLambdaError
    from jupyter_lambda.notebook.extension import load_ipython_extension, unload_ipython_extension
    from jupyter_lambda.notebook.widget import Card

# Where each public name is defined.
_HOMES = {
    "Batch": "client.batch",
    "Card": "notebook.widget",
    "EventTypeError": "client.json_boundary",
    "FunctionError": "client.outcome",
    "Failure": "client.outcome",
    "FunctionHandle": "client.handle",
    "Invocation": "client.invocation",
    "JupyterLambdaError": "errors",
    "boto3_client": "client.aws_clients",
    "dashboard": "client.dashboard",
    "deploy": "client.deploying",
    "engine": "client.connection",
    "function": "client.directory",
    "functions": "client.directory",
    "lambda_function": "client.deploying",
    "load_ipython_extension": "notebook.extension",
    "to_json_event": "client.json_boundary",
    "unload_ipython_extension": "notebook.extension",
}

__all__ = [
    "Batch",
    "Card",
    "EventTypeError",
    "Failure",
    "FunctionError",
    "FunctionHandle",
    "Invocation",
    "JupyterLambdaError",
    "__version__",
    "boto3_client",
    "dashboard",
    "deploy",
    "engine",
    "function",
    "functions",
    "lambda_function",
    "load_ipython_extension",
    "to_json_event",
    "unload_ipython_extension",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """This module's class: keeps `jupyter_lambda.engine` the public function in the processes that import the room `engine`.

    The import system puts a submodule into its parent under its own name; a room and a public name may share one.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
