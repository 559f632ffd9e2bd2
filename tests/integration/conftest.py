"""Integration tests have a home and an engine of their own."""

from jupyter_lambda.testing.plugin import jupyter_lambda_engine, jupyter_lambda_home

__all__ = ["jupyter_lambda_engine", "jupyter_lambda_home"]
