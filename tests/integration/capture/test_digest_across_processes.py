"""Twenty fresh interpreters, each with another hash seed, run the same notebook: one digest, so one published version."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOK = '''
import sys, json
from jupyter_lambda.capture import capture_cell, PackageOptions
from jupyter_lambda.testing.scripted_notebook import ScriptedNotebook
from pathlib import Path
n = ScriptedNotebook()
sys.modules["__main__"].__dict__.update(n.namespace); n.namespace = sys.modules["__main__"].__dict__
n.run("""
import functools, enum, re, collections, datetime, decimal, pathlib
import numpy as np
import pandas as pd
from dataclasses import dataclass, field
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import SVC
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.feature_extraction.text import CountVectorizer
""")
n.run("""
words = set("the quick brown fox jumps over the lazy dog again and again".split())
lengths = {w: len(w) for w in words}
groups = {"short": {w for w in words if len(w) < 4}, "long": frozenset(w for w in words if len(w) > 4)}
counts = collections.Counter("abracadabra")
by_kind = collections.defaultdict(set, {"a": {"x", "y", "z"}})
nested = {("a", frozenset("abc")): [words, {"k": words}]}
pattern = re.compile("a+", re.I)
moments = [datetime.datetime(2026, 1, 1), decimal.Decimal("1.1"), pathlib.PurePosixPath("/a/b")]
cyclic = {"words": words}; cyclic["self"] = cyclic
""")
n.run("""
class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"
@dataclass
class Item:
    name: str
    tags: set = field(default_factory=lambda: {"x", "y", "z"})
    colour: Colour = Colour.RED
    def label(self): return self.name in {"p", "q", "r"}
class Special(Item):
    __slots__ = ("extra",)
    kinds = {"one", "two", "three"}
items = [Item("a"), Special("b", {"t", "u", "v"}, Colour.BLUE)]
""")
n.run("""
def plain(x): return x in {"a", "b", "c"} or x in words
@functools.lru_cache(maxsize=None)
def cached(w): return lengths.get(w, plain(w))
def outer(k):
    def inner(x): return x + k, groups
    return inner
closure = outer(3)
steps = {"plain": plain, "cached": cached, "closure": closure, "method": items[0].label, "part": functools.partial(plain, "a")}
[cached(w) for w in words]
""")
n.run("""
rng = np.random.default_rng(7)
X = rng.normal(size=(60, 4)); y = (X[:, 0] > 0).astype(int)
forest = RandomForestClassifier(5, random_state=0).fit(X, y)
pipe = make_pipeline(StandardScaler(), SVC(probability=False)).fit(X, y)
vector = CountVectorizer().fit(["the quick brown fox", "lazy dog again"])
frame = pd.DataFrame({"a": X[:, 0], "b": ["x", None] * 30, "c": pd.Categorical(["u", "v", "w"] * 20),
                      "d": pd.date_range("2026-01-01", periods=60)})
table = frame.groupby("c", observed=True)["a"].mean()
records = np.zeros(3, dtype=[("a", "u1"), ("b", "f8")])
""")
cell = """%%lambda everything --memory 512
def handler(event, context):
    return [words, lengths, groups, counts, by_kind, nested, pattern, moments, cyclic, Colour, Item, Special, items, plain,
            cached, closure, steps, rng, X, y, forest, pipe, vector, frame, table, records, np, pd]
"""
with capture_cell(cell, n.namespace, name="everything", options=PackageOptions(folder=Path(sys.argv[1]))) as c:
    print(json.dumps([c.content_digest, {k: v["digest"] for k, v in c.manifest["captured"].items()}, c.package_sha256]))
'''


SEEDS = range(20)
AT_ONCE = 2


def start(script, folder, seed):
    variables = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, str(script), str(folder)], env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def answer(process):
    out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    return json.loads(out)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_twenty_fresh_interpreters_agree(tmp_path):
    script = tmp_path / "notebook.py"
    script.write_text(NOTEBOOK)
    answers = []
    for first in SEEDS[::AT_ONCE]:
        running = [start(script, tmp_path, seed) for seed in range(first, first + AT_ONCE)]
        answers += [answer(process) for process in running]
    unstable = {name for _, digests, _ in answers for name in digests if digests[name] != answers[0][1][name]}
    assert unstable == set()
    assert len({digest for digest, _, _ in answers}) == 1
    assert len({package for _, _, package in answers}) > 1  # pickle's bytes do differ: the digest is needed
