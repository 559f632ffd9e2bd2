"""docs/settings.md, written from the table: `python -m jupyter_lambda.service.settings_page > docs/settings.md`."""

from __future__ import annotations

import sys

from jupyter_lambda.service.settings import TABLE, accepted, default

_HEAD = """\
# Settings

`jupyter lambda engine start --set NAME=VALUE` (as often as needed) changes how the engine of a home behaves, until that engine ends.
They are read when it starts: one that runs already keeps its own. This page is written by
`python -m jupyter_lambda.service.settings_page`, from the table that the engine reads its settings by.

| name | default | takes | what it does |
| --- | --- | --- | --- |
"""


def page() -> str:
    """The page's text."""
    return _HEAD + "".join(_row(name) for name in TABLE)


def _row(name: str) -> str:
    setting = TABLE[name]
    meaning = f" `auto`: {setting.automatic}." if setting.automatic else ""
    return f"| `{name}` | `{default(name)}` | {accepted(name)} | {setting.description}{meaning} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
