"""Execution environments: the `Sandbox` protocol and its makers; `process` is one, containers are another.

Knows how to start, limit, measure and end a runtime process and what it starts. Refuses to know what the process computes: events and
results pass between runtime and engine over the Runtime API, not through here.
"""
