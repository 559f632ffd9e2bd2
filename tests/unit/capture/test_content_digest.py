"""Equal content, equal digest; other content, another one. Across processes: tests/integration/capture/test_digest_across_processes.py."""

from __future__ import annotations

import collections
import enum
import functools
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lambda.capture.content_digest import value_digest
from jupyter_lambda.testing.scripted_notebook import ScriptedNotebook

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def rebuilt(value):
    """An equal value of which no part is the same object, with dicts in the opposite order."""
    if isinstance(value, dict):
        return {rebuilt(k): rebuilt(v) for k, v in reversed(value.items())}
    if isinstance(value, list | tuple):
        return type(value)(map(rebuilt, value))
    return eval(repr(value)) if isinstance(value, str | bytes) else value


@given(plain)
def test_identity_and_order_of_dicts_do_not_count(value):
    assert value_digest(rebuilt(value)) == value_digest(value)


@given(plain, plain)
def test_different_values_differ(one, other):
    same = one == other and repr(one) == repr(other)
    if not same and rebuilt(one) != rebuilt(other):
        assert value_digest(one) != value_digest(other)


def run(source, name):
    notebook = ScriptedNotebook()
    notebook.run(source)
    return value_digest(notebook[name], notebook.namespace)


@dataclass
class Item:
    name: str
    sizes: list


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


def cyclic(depth):
    a = [1]
    b = {"a": a}
    a.append(b if depth == 2 else a)
    return a


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True), (1, 1.0), (0.0, -0.0), ("a", b"a"), ([], ()), ([1, 2], [2, 1]), ([1, [2]], [1, 2]), ({1}, {2}), ({1}, frozenset({1})),
        ({"a": 1}, {"a": 2}), ({"a": 1}, {"b": 1}), (Colour.RED, Colour.BLUE), (Item("a", [1]), Item("a", [2])),
        (cyclic(1), cyclic(2)), (len, max), (int, str),
        (collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1)),
        (np.arange(3), np.arange(3.0)), (np.zeros((2, 3)), np.zeros((3, 2))), (np.array(["a"]), np.array(["b"])),
        (np.array([1, "a"], object), np.array([1, "b"], object)), (np.float32(1), np.float64(1)),
        (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"b": [1, 2]})), (pd.Series([1], index=[0]), pd.Series([1], index=[1])),
        (pd.Series(["a", None]), pd.Series(["b", None])),
        (functools.partial(pow, 2), functools.partial(pow, 3)), (range(3), range(4)), (cyclic(1), [1, [1]]),
    ],
)  # fmt: skip
def test_tells_apart(one, other):
    assert value_digest(one) != value_digest(other)


def test_shared_parts_count_like_equal_ones():
    part = [1, 2]
    assert value_digest([part, part]) == value_digest([[1, 2], [1, 2]])


def test_a_deep_value_is_no_problem():
    deep = []
    for _ in range(900):
        deep = [deep]
    assert value_digest(deep)


def test_a_value_of_many_shared_parts_is_walked_once():
    wide = [1]
    for _ in range(200):  # 2**200 paths
        wide = [wide, (wide, "x")]
    assert value_digest(wide)


def test_arrays_count_by_content_not_by_layout():
    array = np.arange(6).reshape(2, 3)
    assert value_digest(np.asfortranarray(array)) == value_digest(array)
    assert value_digest(np.arange(12)[::2]) == value_digest(np.arange(0, 12, 2))


def test_padding_of_records_does_not_count():
    dtype = np.dtype([("a", "u1"), ("b", "f8")], align=True)
    one, other = (np.full(16, fill, "u1").view(dtype) for fill in (0, 255))
    for array in (one, other):
        array["a"], array["b"] = 1, 2.0
    assert one.tobytes() != other.tobytes()
    assert value_digest(one) == value_digest(other)


@pytest.mark.parametrize(
    "source",
    [
        "def f(x, y=[1]):\n    return {'a', 'b', 'c'} & x, lambda: y",
        "class f:\n    __slots__ = ('a', 'b')\n    @property\n    def c(self): return self.a\n    s = staticmethod(lambda: {1, 2})",
        "import dataclasses as d\n@d.dataclass(order=True)\nclass f:\n    a: int = 1\n    b: list = d.field(default_factory=list)",
        "import enum\nclass f(enum.Flag):\n    A = enum.auto()\n    B = enum.auto()",
        "import functools\n@functools.lru_cache\ndef f(n): return n\nf(1)",
        "import typing\nclass f(typing.NamedTuple):\n    a: int\n    b: str = 'x'",
        "import abc\nclass f(abc.ABC):\n    @abc.abstractmethod\n    def m(self): ...",
        "import typing\nT = typing.TypeVar('T')\nclass f(typing.Generic[T]):\n    def m(self, x: T) -> T: return x",
    ],
)
def test_definitions_count_by_what_they_say(source):
    moved = "# a comment\n\n" + source
    assert run(source, "f") == run(moved, "f")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f(x): return x + 1", "def f(x): return x + 2"),
        ("def f(x): return x.a", "def f(x): return x.b"),
        ("def f(x=1): pass", "def f(x=2): pass"),
        ("def f(*, x=1): pass", "def f(*, x=2): pass"),
        ("def g(n):\n    def f(): return n\n    return f\nf = g(1)", "def g(n):\n    def f(): return n\n    return f\nf = g(2)"),
        ("class f:\n    a = 1", "class f:\n    a = 2"),
        ("class f:\n    def m(self): return 1", "class f:\n    def m(self): return 2"),
        ("class B: pass\nclass f(B): pass", "class B: x = 1\nclass f(B): pass"),
        ("import enum\nclass f(enum.Enum):\n    A = 1", "import enum\nclass f(enum.Enum):\n    A = 2"),
        ("import functools\nf = functools.lru_cache(1)(lambda: 1)", "import functools\nf = functools.lru_cache(2)(lambda: 1)"),
        ("class f:\n    a = property(lambda s: 1)", "class f:\n    a = property(lambda s: 2)"),
    ],
)
def test_definitions_that_differ(one, other):
    assert run(one, "f") != run(other, "f")


def test_a_function_does_not_count_the_captured_values_it_uses():
    """They count under their own names."""
    assert run("n = 1\ndef f(): return n", "f") == run("n = 2\ndef f(): return n", "f")


def test_an_attribute_that_keeps_the_address_of_another_does_not_count():
    """scikit-learn's vectorizers do: `_stop_words_id` is `id(stop_words)`."""

    class Vectorizer:
        def __init__(self):
            self.words = ["a"]
            self._words_id = id(self.words)

    one, other = Vectorizer(), Vectorizer()
    assert one._words_id != other._words_id
    assert value_digest(one) == value_digest(other)
    other._words_id = 7
    assert value_digest(one) != value_digest(other)


def test_a_registry_by_address_counts_by_what_it_holds():
    """matplotlib's transforms keep their parents so: `{id(parent): parent}`."""

    def registry(*texts):
        parts = [[text] for text in texts]
        return {id(part): part for part in parts}

    one, other = registry("a", "b"), registry("b", "a")
    assert value_digest(one) == value_digest(other)
    assert value_digest(one) != value_digest(registry("a", "c"))
    assert value_digest({1: ["a"]}) != value_digest({2: ["a"]})


def test_a_handle_counts_by_its_name():
    class Handle:
        def __init__(self, name):
            self.__jupyter_lambda_function__ = name
            self.client = object()

    assert value_digest(Handle("a")) == value_digest(Handle("a")) != value_digest(Handle("b"))
