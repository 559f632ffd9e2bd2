"""`NAME[=VERSION[,VERSION=WEIGHT]]`."""

import pytest

from jupyter_lambda.client.alias_routing import AliasRouting, parse_alias_routing
from jupyter_lambda.errors import RequestError


@pytest.mark.parametrize(
    ("text", "routing"),
    [
        ("prod", AliasRouting("prod")),
        ("prod=3", AliasRouting("prod", "3")),
        ("prod=v3", AliasRouting("prod", "3")),
        ("prod=$LATEST", AliasRouting("prod", "$LATEST")),
        ("prod=3,4=0.1", AliasRouting("prod", "3", "4", 0.1)),
        ("prod=3, 4=10%", AliasRouting("prod", "3", "4", 0.1)),
    ],
)
def test_reads_what_people_write(text, routing):
    assert parse_alias_routing(text, "f") == routing


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("3", "those are version numbers"),
        ("prod=", "is not a version's number"),
        ("prod=new", '"new" is not a version\'s number'),
        ("prod=3,4", "has no weight"),
        ("prod=3,4=x", "is not a weight"),
        ("prod=3,4=1.5", "not between 0 and 1"),
        ("prod=3,4=nan", "not between 0 and 1"),
        ("prod=3,4=0.1,5=0.1", "two versions at most"),
        ("prod=3,3=0.1", "stands twice"),
        ("prod=3,$LATEST=0.1", r"\$LATEST can't share calls"),
    ],
)
def test_refuses_the_rest(text, says):
    with pytest.raises(RequestError, match=says):
        parse_alias_routing(text, "f")
