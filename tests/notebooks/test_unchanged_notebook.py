"""Running a notebook again publishes nothing: twenty fresh kernels, each with a hash seed of its own, one version."""

import pytest

from jupyter_lambda.client.discovery import find_engine
from jupyter_lambda.client.engine_client import EngineClient
from tests.notebooks.notebook_text import notebook_of, text_of

KERNELS = 20

# What differs between processes if one isn't careful: orders of sets, identities, addresses in reprs, random class ids.
VALUES = """
import functools, enum
from dataclasses import dataclass, field
import numpy as np

STOP_WORDS = {"the", "and", "of", "to", "in", "a", "is", "that"}
WEIGHTS = {word: np.arange(4) * len(word) for word in sorted(STOP_WORDS)}

class Kind(enum.Enum):
    SHORT = 1
    LONG = 2

@dataclass
class Model:
    name: str
    tags: set = field(default_factory=lambda: {"x", "y", "z"})

@functools.lru_cache(maxsize=64)
def cached_length(text):
    return len(text)

def kind_of(text):
    return Kind.SHORT if cached_length(text) < 5 else Kind.LONG

model = Model("counting")
"""

CELL = """%%lambda count --memory 256
def handler(event, context):
    words = [word for word in event["text"].split() if word not in STOP_WORDS]
    return {"words": len(words), "kind": kind_of(words[0]).name, "model": model.name, "tags": sorted(model.tags),
            "weight": int(WEIGHTS["the"].sum())}
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_twenty_fresh_kernels_publish_one_version(run_notebook, home, tmp_path):
    said = []
    for seed in range(KERNELS):
        notebook = notebook_of("%load_ext jupyter_lambda", VALUES, CELL, 'count({"text": "the quick brown fox"})')
        run_notebook(notebook, tmp_path, PYTHONHASHSEED=str(seed))
        said.append(text_of(notebook.cells[2]))
        assert "'words': 3" in text_of(notebook.cells[3])
    engine = EngineClient(find_engine(home))
    try:
        versions = engine.function("count").versions
    finally:
        engine.close()
    assert [version.version for version in versions] == ["1"]
    assert "published" in said[0]
    assert all("unchanged, version 1" in text for text in said[1:])
