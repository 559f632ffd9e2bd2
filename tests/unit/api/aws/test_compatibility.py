"""docs/aws-compatibility.md says what the code's table says, and the table knows every operation (api/aws/compatibility.py)."""

from __future__ import annotations

from pathlib import Path

from jupyter_lambda.api.aws import compatibility
from jupyter_lambda.api.aws.operations.table import HANDLERS
from jupyter_lambda.api.aws.service_model import service_model

PAGE = Path(__file__).resolve().parents[4] / "docs" / "aws-compatibility.md"


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text() == compatibility.page(), "write it again: python -m jupyter_lambda.api.aws.compatibility"


def test_only_operations_of_the_model_are_told_of() -> None:
    operations = set(service_model().operations)
    assert operations >= set(HANDLERS)
    assert operations >= set(compatibility.NOTES)
    assert operations >= compatibility.KEPT


def test_a_row_for_each_operation() -> None:
    text = PAGE.read_text()
    assert all(f"\n| {name} | " in text for name in service_model().operations)
