"""A function whose results and errors a runtime has to get right; deployed as it stands here, and read by nobody else."""

# ruff: noqa: B018, B904, DTZ001, F821, LOG015 - the oddities are the point

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import logging
import pathlib
import sys
import uuid


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    HIGH = 3


class Word(str):
    pass


class Own(Exception):
    def __init__(self, one, two):
        super().__init__(one)
        self.two = two


class Silent(Exception):
    def __str__(self):
        return ""


Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass
class Record:
    x: int = 1


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def circle():
    value = []
    value.append(value)
    return value


def raising(error, cause=None):
    raise error from cause


def chained():
    try:
        {}["absent"]
    except KeyError:
        raise ValueError("while handling")


RESULTS = {
    "none": lambda: None,
    "true": lambda: True,
    "text": lambda: "gr\u00fcn \u20ac \U0001f600",
    "empty": lambda: "",
    "control": lambda: '\x00\x1f\u2028"\\/',
    "lone surrogate": lambda: "\ud800",
    "surrogate in key": lambda: {"\udfff": 1},
    "nan": lambda: float("nan"),
    "infinities": lambda: [float("inf"), float("-inf")],
    "zero": lambda: -0.0,
    "floats": lambda: [0.1, 1e300, 1e-7, 1e16, 123456789.123456789, 5e-324],
    "huge integer": lambda: 2**4_000,
    "minus": lambda: -(2**70),
    "decimal": lambda: decimal.Decimal("1.10"),
    "decimals": lambda: [decimal.Decimal("NaN"), decimal.Decimal("1E+3"), decimal.Decimal("-0")],
    "bytes": lambda: b"\x00raw\xff",
    "bytes inside": lambda: {"b": b"x"},
    "bytearray": lambda: bytearray(b"x"),
    "tuple": lambda: (1, (2,)),
    "named tuple": lambda: Point(1, 2),
    "ordered": lambda: collections.OrderedDict(b=1, a=2),
    "default": lambda: collections.defaultdict(int, a=1),
    "counter": lambda: collections.Counter("aab"),
    "deque": lambda: collections.deque([1]),
    "keys": lambda: {1: "i", 1.5: "f", None: "n"},
    "tuple key": lambda: {(1, 2): 3},
    "bytes key": lambda: {b"k": 1},
    "set": lambda: {1},
    "frozenset": lambda: frozenset(),
    "generator": lambda: (x for x in "ab"),
    "range": lambda: range(3),
    "datetime": lambda: datetime.datetime(2026, 1, 1),
    "date": lambda: datetime.date(2026, 1, 1),
    "uuid": lambda: uuid.UUID(int=1),
    "path": lambda: pathlib.PurePosixPath("/a"),
    "fraction": lambda: fractions.Fraction(1, 3),
    "complex": lambda: 1j,
    "enum": lambda: Colour.RED,
    "int enum": lambda: Level.HIGH,
    "str subclass": lambda: Word("w"),
    "object": lambda: object(),
    "class": lambda: Own,
    "module": lambda: sys,
    "function": lambda: raising,
    "record": lambda: Record(),
    "exception": lambda: ValueError("v"),
    "deep": lambda: nested(200),
    "far too deep": lambda: nested(100_000),
    "circle": circle,
    "value error": lambda: raising(ValueError("bad \u20ac")),
    "no message": lambda: raising(RuntimeError()),
    "two arguments": lambda: raising(OSError(2, "No such file", "f")),
    "own class": lambda: raising(Own("one", 2)),
    "silent": lambda: raising(Silent("x")),
    "key error": lambda: {}["k"],
    "zero division": lambda: 1 / 0,
    "assertion": lambda: raising(AssertionError()),
    "cause": lambda: raising(ValueError("outer"), KeyError("inner")),
    "chained": chained,
    "stop": lambda: raising(StopIteration(3)),
    "recursion": lambda: (lambda f: f(f))(lambda f: f(f)),
    "unicode error": lambda: "\u20ac".encode("ascii"),
    "multi-line": lambda: raising(ValueError("one\ntwo")),
    "bytes message": lambda: raising(ValueError(b"raw")),
    "name error": lambda: undefined_name,
    "memory": lambda: raising(MemoryError()),
    "group": lambda: raising(ExceptionGroup("g", [ValueError(1)])),
}


def handler(event, context):
    print("case", event["case"])
    return RESULTS[event["case"]]()


def logs(event, context):
    logging.getLogger().setLevel(logging.DEBUG)
    logging.warning("a warning %s", 1)
    logging.getLogger("app").debug("one\ntwo")
    context.log("from the context")
    try:
        1 / 0
    except ZeroDivisionError:
        logging.exception("caught")


def echo(event, context):
    return {
        "event": event,
        "type": type(event).__name__,
        "client": context.client_context and context.client_context.custom,
        "identity": context.identity is not None,
        "memory": context.memory_limit_in_mb,
        "name": context.function_name,
        "version": context.function_version,
        "arn": context.invoked_function_arn.split(":")[:-1],
        "tenant": context.tenant_id,
    }
