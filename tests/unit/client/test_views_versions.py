"""What changed between two versions, as it is read."""

from __future__ import annotations

from jupyter_lambda.client.views.versions import DifferenceView
from jupyter_lambda.model.engine_api import VersionDifference


def test_a_value_that_looks_the_same_has_other_content():
    one, other = {"type": "dict, 3 entries", "size": 61, "digest": "a"}, {"type": "dict, 3 entries", "size": 61, "digest": "b"}
    difference = VersionDifference(
        function_name="convert", before="1", after="2", configuration={}, captured={"RATES": (one, other)}, source=""
    )
    assert "  RATES: dict, 3 entries, 61 B → other content" in DifferenceView(difference).text()
