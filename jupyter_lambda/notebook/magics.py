"""`%%lambda` and `%lambda` as IPython knows them."""

from __future__ import annotations

import builtins
import keyword
from typing import TYPE_CHECKING, Any, Final

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.display import display

from jupyter_lambda.client.commands.catalog import command_help
from jupyter_lambda.client.commands.parsing import HelpWanted
from jupyter_lambda.model.names import python_name
from jupyter_lambda.notebook.cell_options import LINE, parse_cell_line
from jupyter_lambda.notebook.line_commands import LineCommand
from jupyter_lambda.notebook.option_help import magic_help

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_lambda.client.engine_client import EngineClient

_BUILTINS: Final = frozenset(dir(builtins))


def documented(text: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a method its docstring: `%%lambda?` shows what the tables say."""

    def decorate(method: Callable[..., None]) -> Callable[..., None]:
        method.__doc__ = text
        return method

    return decorate


@magics_class
class LambdaMagics(Magics):
    """The two magics. Collaborators come by `use`, so that tests have an engine in memory."""

    _connect: Callable[[], EngineClient] | None = None

    @no_var_expand  # an event or an alias with {braces} or $LATEST stays as it is
    @line_cell_magic("lambda")  # type: ignore[arg-type]  # IPython types this form of the decorator as taking nothing
    @documented(magic_help(command_help()))
    def lambda_(self, line: str, cell: str | None = None) -> None:
        """Deploy the cell, or carry out the line's command."""  # readers see the text above
        if cell is None:
            self._run_line(line)
        else:
            self._run_cell(line, cell)

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._session = shell
        self._told: set[str] = set()
        self._widgets_only: bool | None = None

    def use(self, connect: Callable[[], EngineClient]) -> None:
        """Reach the engine another way than by finding or starting this machine's."""
        self._connect = connect

    def _engine(self) -> EngineClient:
        if self._connect is not None:
            return self._connect()
        from jupyter_lambda.client.connection import engine  # completion and help do without it

        return engine()

    def _shows_widgets_only(self) -> bool:
        """Asked once in a session: a front end does not change."""
        if self._widgets_only is None:
            from jupyter_lambda.notebook.front_end import shows_widgets_only

            self._widgets_only = shows_widgets_only(self._session.user_ns)
        return self._widgets_only

    def _run_line(self, line: str) -> None:
        if line.strip() in ("", "-h", "--help", "help"):
            print(magic_help(command_help()))
            return
        try:
            command = LineCommand(line, self._session.user_ns)
        except HelpWanted as wanted:
            print(wanted.text.rstrip())
            return
        if command.follows:
            command.follow(self._engine(), lambda text: print(text, end="", flush=True))
        else:
            display(command.run(self._engine()))

    def _run_cell(self, line: str, cell: str) -> None:
        options = parse_cell_line(line)
        # Only here: capturing needs half the package, and `%lambda list` should not wait for it.
        from jupyter_lambda.capture.failure import CaptureFailed
        from jupyter_lambda.notebook.cell_deployment import CellDeployment

        source = f"{LINE} {line}\n{cell}"  # line 1 is the one that the reader sees as line 1
        deployment = CellDeployment(
            options,
            source,
            self._session.user_ns,
            connect=self._engine,
            tell=_tell,
            cell_numbers=getattr(self._session.compile, "_filename_map", None),
        )
        try:
            view, handle = deployment.run()
        except CaptureFailed as failed:
            display(failed.report)
            headline = failed._render_traceback_()[:1]  # the way out stands in the report
            failed._render_traceback_ = lambda: headline  # type: ignore[method-assign]  # IPython's protocol
            raise
        if view.sandbox_note in self._told:  # once in a session is enough; the head row names the sandbox every time
            view.sandbox_note = ""
        self._told.add(view.sandbox_note)
        view.as_widget = self._shows_widgets_only()
        view.bound = bind(self._session.user_ns, options.name, handle)
        display(view)


def bind(namespace: dict[str, Any], function_name: str, handle: Any) -> str:
    """Give the handle its variable; returns what the reader should know of that, mostly nothing.

    A name that Python can't have as a variable (`2fast`, `class`) gets none.
    """
    variable = python_name(function_name)
    if not variable.isidentifier() or keyword.iskeyword(variable):
        return f'"{variable}" can\'t be a variable in Python: write jl.function("{function_name}") to call it.'
    namespace[variable] = handle
    if variable in _BUILTINS:
        return f"{variable} is this function now, no longer Python's built-in {variable}."
    return ""


def _tell(text: str) -> None:
    """Progress, line by line, where the reader looks."""
    print(text, flush=True)
