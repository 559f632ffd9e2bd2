from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jupyter_lambda.client.options import configuration_options
from jupyter_lambda.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path


def test_takes_the_cells_words_and_the_models():
    assert configuration_options({"memory": 512, "timeout": 9, "ephemeral": 1024, "env": {"A1": 2}}) == {
        "memory_mib": 512, "timeout_seconds": 9, "ephemeral_mib": 1024, "environment": {"A1": "2"},
    }  # fmt: skip
    assert configuration_options({"memory_mib": 512, "description": None}) == {"memory_mib": 512}


def test_one_or_many():
    assert configuration_options({"layers": "arn", "requirements": "numpy pandas>=2"}) == {
        "layers": ["arn"], "requirements": ["numpy", "pandas>=2"],
    }  # fmt: skip
    assert configuration_options({"requirements": ["numpy"]}) == {"requirements": ["numpy"]}


def test_mounts(tmp_path: Path):
    real = str(tmp_path.resolve())

    assert configuration_options({"mounts": f"{real}:/models"})["mounts"] == [{"source": real, "target": "/models"}]
    assert configuration_options({"mount": tmp_path})["mounts"] == [{"source": real, "target": real}]
    assert configuration_options({"mounts": [{"source": "/a", "target": "/b"}]})["mounts"] == [{"source": "/a", "target": "/b"}]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"memry": 512}, 'option "memry": there is no such option. Did you mean "memory"?'),
        ({"memory": 512, "memory_mib": 512}, "it is given twice"),
        ({"memory": "512"}, "Expected `int`, got `str`"),
        ({"memory": 64}, "memory 64 MB: out of range: 128–10,240 MB"),
        ({"timeout": 901}, "timeout 901 s: out of range"),
        ({"env": ["A=1"]}, "it is a list"),
        ({"env": {"AWS_REGION": "x"}}, "Lambda sets it itself"),
        ({"sandbox": "podman"}, "there is no such sandbox"),
        ({"runtime": "python2.7"}, "Lambda knows no such runtime"),
    ],
)
def test_what_can_not_be_is_refused(given, words):
    with pytest.raises(RequestError) as raised:
        configuration_options(given)
    assert words in str(raised.value)
