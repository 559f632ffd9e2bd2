"""Serverless functions in a notebook: `%%lambda` turns a cell into a versioned function in an isolated worker."""

from jupyter_lambda._version import __version__

__all__ = ["__version__"]
