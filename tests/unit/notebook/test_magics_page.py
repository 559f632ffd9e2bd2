"""docs/magics.md knows every option and every command."""

from pathlib import Path

import pytest

from jupyter_lambda.cli.engine_commands import ENGINE_COMMANDS
from jupyter_lambda.client.commands.catalog import COMMANDS, parser_of
from jupyter_lambda.notebook.cell_options import OPTIONS

PAGE = (Path(__file__).parents[3] / "docs" / "magics.md").read_text("utf-8")


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.flag)
def test_every_option_has_a_row(option):
    written = f"{option.flag} {option.metavar}".rstrip().replace("|", "\\|")
    assert f"| `{written}` |" in PAGE


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_a_row_with_its_options(command):
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{command.name}"))
    for option in parser_of(command, "%lambda").long_options():
        if option not in ("--help", "--description", "--event"):
            assert option in row


def test_every_engine_command_has_a_row():
    for name in ENGINE_COMMANDS:
        assert f"| `engine {name}" in PAGE
    assert "| `env` |" in PAGE
