"""`%load_ext jupyter_lambda` and its opposite: what is added to a running IPython, and taken away again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from IPython.core.completer import SimpleCompletion, context_matcher

from jupyter_lambda.client.commands.catalog import command_help
from jupyter_lambda.clock import SystemClock
from jupyter_lambda.notebook.completion import completions
from jupyter_lambda.notebook.function_directory import FunctionDirectory, ask_running_engine
from jupyter_lambda.notebook.inspection import explain_lines
from jupyter_lambda.notebook.magics import LambdaMagics
from jupyter_lambda.notebook.option_help import magic_help

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_lambda.notebook.completion import KnownFunctions

_MAGIC: Final = "lambda"
# On the shell: what unloading takes away.
_MATCHER: Final = "_jupyter_lambda_matcher"
_EXPLAINED: Final = "_jupyter_lambda_explained"


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics and their completion; loading twice changes nothing. Starts no engine."""
    if getattr(shell, _MATCHER, None) is not None:
        return
    shell.register_magics(LambdaMagics(shell))
    matcher = line_matcher(FunctionDirectory(ask_running_engine, SystemClock()).functions)
    shell.Completer.custom_matchers.append(matcher)
    setattr(shell, _MATCHER, matcher)
    kernel = getattr(shell, "kernel", None)  # plain IPython has none
    if kernel is not None:
        setattr(shell, _EXPLAINED, explain_lines(kernel, magic_help(command_help())))


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take the magics and their completion away; functions and their handles stay."""
    matcher = getattr(shell, _MATCHER, None)
    if matcher is None:
        return
    shell.Completer.custom_matchers.remove(matcher)
    setattr(shell, _MATCHER, None)
    if (end := getattr(shell, _EXPLAINED, None)) is not None:
        end()
        setattr(shell, _EXPLAINED, None)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(_MAGIC, None)


def line_matcher(functions: KnownFunctions) -> Callable[[CompletionContext], SimpleMatcherResult]:
    """A matcher for lines that begin with our magics; silent on all others.

    Where it has something to propose, nothing else is: Jedi would offer Python names after `--sandbox`.
    """

    @context_matcher(identifier="jupyter_lambda")
    def matcher(context: CompletionContext) -> SimpleMatcherResult:
        line = context.full_text.split("\n")[context.cursor_line][: context.cursor_position]
        found = completions(line, functions)
        # The completer splits words at `=` too: what stands before its token is written already.
        word = "" if line[-1:].isspace() else line.split()[-1] if line.strip() else ""
        written = max(0, len(word) - len(context.token))
        return {
            "completions": [SimpleCompletion(text=proposal[written:], type="lambda") for proposal in found],
            "suppress": bool(found),
        }

    return cast("Callable[[CompletionContext], SimpleMatcherResult]", matcher)  # the decorator has no types
