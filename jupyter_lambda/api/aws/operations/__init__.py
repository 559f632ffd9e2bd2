"""Lambda's operations, a module for each subject: each takes an operation's checked input and returns its answer.

A handler is `async (context, values) -> dict | None`; `table` names them. What they decide lives in `engine`; here are AWS's words.
"""
