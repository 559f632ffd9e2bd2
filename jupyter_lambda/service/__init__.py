"""The engine process: builds the object graph, holds the home's lock, publishes the runtime file, and ends cleanly.

Run with `python -m jupyter_lambda.service`; no other room imports it. It decides nothing about functions: that is `engine`'s, and
what it answers is `api`'s.
"""
