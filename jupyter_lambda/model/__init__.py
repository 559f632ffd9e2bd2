"""Frozen values: function, version, alias, invocation, environment; names, limits and what the engine API carries.

Knows shapes and rules of single values; refuses to do I/O, to read time and to decide anything about more than one value.
Records are `msgspec.Struct`s: the same class is the value in memory, the row in the store and the JSON on the wire.
"""
