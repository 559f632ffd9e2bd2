"""`%%lambda?` and `%lambda?`: help made from the same tables that parse."""

from __future__ import annotations

from jupyter_lambda.notebook.cell_options import OPTIONS, Option

_CELL_HELP = """Turn this cell into a function that runs in an isolated worker.

    %%lambda NAME [options]
    def handler(event, context):
        ...

The cell defines `handler`, `lambda_handler`, a function named NAME or exactly one function; or no function at all, then
the cell is the handler's body and the value of its last expression the result. Names the cell uses are taken from the
notebook, as they are when the cell runs. NAME becomes a variable: call it with an event, `NAME({"side": 640})`, or with
many, `NAME.map(events)`. A version is published when the content changed.
`%%lambda` stands on the cell's first line: a comment above it makes it an ordinary line, and Python refuses that.

Options set what they name and leave everything else of the function as it is:
"""


def option_lines() -> list[str]:
    """One aligned line for each option."""
    written = [_written(option) for option in OPTIONS]
    width = max(len(text) for text in written)
    return [f"  {text:<{width}}  {option.meaning}" for text, option in zip(written, OPTIONS, strict=True)]


def _written(option: Option) -> str:
    return f"{option.flag} {option.metavar}".rstrip() + ("  …" if option.repeated else "")


def magic_help(commands: str) -> str:
    """The magic's docstring: the cell's options, then the line's commands."""
    return f"{_CELL_HELP}\n" + "\n".join(option_lines()) + f"\n\nAs a line, `%lambda COMMAND`:\n\n{commands}\n"
