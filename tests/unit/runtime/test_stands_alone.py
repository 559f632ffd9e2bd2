"""What runs inside a sandbox is plain files for Python 3.9: standard library only, nothing else of the package."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import jupyter_lambda.runtime

FILES = sorted(Path(jupyter_lambda.runtime.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_imports_the_standard_library_and_its_own_room_only(file):
    tree = ast.parse(file.read_text(), feature_version=(3, 9))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            assert name.split(".")[0] in sys.stdlib_module_names or name.startswith("jupyter_lambda.runtime"), (
                f"{file.name} imports {name}"
            )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_uses_no_syntax_newer_than_python_3_9(file):
    tree = ast.parse(file.read_text(), feature_version=(3, 9))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Match)]
    assert "from __future__ import annotations" in file.read_text() or file.name == "__init__.py"
