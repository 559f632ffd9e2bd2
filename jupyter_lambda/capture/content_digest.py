"""A digest of a value's content: the same in every process for equal content, whatever pickle's bytes do.

Pickled bytes of equal values differ between runs: sets iterate by the hash seed, shared parts are told by identity, cloudpickle
gives classes random ids, code knows its file and lines. Here a value is walked by structure instead:

* sets, plain dicts and attributes are unordered; lists, tuples and `OrderedDict`s are ordered;
* two parts that are one object count like two equal ones; a cycle is told by how far back it leads;
* functions count by bytecode, constants, defaults, closure and attributes, classes by name, bases and members; names, files and
  lines of code don't count, nor do caches of `lru_cache`;
* functions and classes that can be imported count by name: what they do is their module's matter;
* arrays count by type, shape and elements (by field, as padding is arbitrary); everything else by what it reduces to.

Plain dicts are unordered although Python keeps their order: one built from a set has another order in each run, and equal content
must not publish a version. Use an `OrderedDict` or a list where the order is the content.
"""

from __future__ import annotations

import collections
import copyreg
import enum
import functools
import hashlib
import marshal
import struct
import sys
import types
from typing import TYPE_CHECKING, Any, Final

import cloudpickle

from jupyter_lambda.capture.foreign_code import attempt
from jupyter_lambda.capture.shared_pickle import function_handle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_FLAT: Final = frozenset({str, int, float, bool, bytes, type(None)})
_RECURSION: Final = 20_000  # pure Python frames; deeper values could not be pickled either
_CachedFunction = type(functools.lru_cache(lambda: None))
# Made by the compiler, by decorators or by caches; tuples among them come from sets and so differ between runs.
_CLASS_MEMBERS_LEFT_OUT: Final = frozenset(
    {
        "__dict__",
        "__weakref__",
        "__module__",
        "__qualname__",
        "__firstlineno__",
        "__static_attributes__",
        "__annotate__",
        "__annotate_func__",
        "__annotations_cache__",
        "__classdictcell__",
        "_abc_impl",
        "__slotnames__",
        "__orig_bases__",
        "__match_args__",
        "__parameters__",
    }
)
_ENUM_MEMBERS_LEFT_OUT: Final = frozenset(
    {
        "_member_names_",
        "_member_map_",
        "_value2member_map_",
        "_unhashable_values_",
        "_unhashable_values_map_",
        "_hashable_values_",
        "_generate_next_value_",
        "_member_type_",
        "_new_member_",
        "_use_args_",
        "_value_repr_",
    }
)


def value_digest(value: Any, namespace: Mapping[str, Any] | None = None) -> str:
    """Return 32 hex digits for a value's content.

    Args:
        value: Anything that can be pickled.
        namespace: The notebook's namespace: functions that have it as their globals count without the values they use, because
            those are captured, and counted, under their own names.
    """
    walker = _Walker(namespace)
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _RECURSION))
    try:
        return walker.digest(value).hex()
    finally:
        sys.setrecursionlimit(before)


class _Walker:
    """Digests one value; remembers what it has seen, so that shared parts are walked once.

    Parts are walked in list comprehensions: a generator's step goes through C, whose stack is limited to far less.
    """

    def __init__(self, namespace: Mapping[str, Any] | None) -> None:
        self._namespace = namespace
        self._depth_of: dict[int, int] = {}  # objects being walked: how deep they stand
        self._done: dict[int, bytes] = {}
        self._kept: list[Any] = []  # keeps ids from being used again
        self._lowest = 1 << 60  # how far up the latest part leads back

    def digest(self, value: Any) -> bytes:
        simple = _simple(value)
        if simple is not None:
            return simple
        identity = id(value)
        if identity in self._done:
            return self._done[identity]
        depth = len(self._depth_of)
        if identity in self._depth_of:
            target = self._depth_of[identity]
            self._lowest = min(self._lowest, target)
            return _hash(b"cycle", str(depth - target).encode())
        outer, self._lowest = self._lowest, 1 << 60
        self._depth_of[identity] = depth
        try:
            found = self._structure(value)
        finally:
            del self._depth_of[identity]
        if self._lowest >= depth:  # nothing in it leads further up: its digest holds wherever it stands
            self._done[identity] = found
            self._kept.append(value)
            self._lowest = outer
        else:
            self._lowest = min(outer, self._lowest)
        return found

    def _structure(self, value: Any) -> bytes:
        cls = type(value)
        if cls in (list, tuple):
            return self._sequence(cls.__name__.encode(), value)
        if cls is dict:
            return _flat_dict(value) or self._mapping(b"dict", value)
        if cls in (set, frozenset):
            return _hash(cls.__name__.encode(), *sorted([self.digest(item) for item in value]))
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if cls is types.CodeType:
            return self._code(value)
        if isinstance(value, types.ModuleType):
            return _hash(b"module", value.__name__.encode())
        if isinstance(value, _CachedFunction):
            return _hash(b"cached", self.digest(value.cache_parameters()), self.digest(value.__wrapped__))
        if isinstance(value, enum.Enum):
            return _hash(b"member", self.digest(cls), value.name.encode() if value.name else self.digest(value.value))
        handle = function_handle(value)
        if handle is not None:
            return _hash(b"handle", handle.encode())
        return self._array(value) or self._reduced(value)

    def _sequence(self, tag: bytes, items: Iterable[Any]) -> bytes:
        items = list(items)
        if set(map(type, items)) <= _FLAT:
            return _hash(tag + b" flat", marshal.dumps(items, 0))  # format 0 knows neither identity nor interning
        return _hash(tag, *[self.digest(item) for item in items])

    def _mapping(self, tag: bytes, value: Mapping[Any, Any]) -> bytes:
        if value and all(type(key) is int and key == id(item) for key, item in value.items()):
            # A registry by address, as matplotlib's transforms keep of their parents: the address is no content.
            return _hash(tag + b" by address", *sorted([self.digest(item) for item in value.values()]))
        return _hash(tag, *sorted([self.digest(key) + self.digest(item) for key, item in value.items()]))

    def _function(self, function: types.FunctionType) -> bytes:
        if _is_importable(function):
            return _by_name(function)
        cells = [attempt(functools.partial(getattr, cell, "cell_contents"))[0] for cell in function.__closure__ or ()]
        parts = [self._code(function.__code__), self.digest(function.__defaults__), self.digest(function.__kwdefaults__)]
        parts += [self.digest(cells), self.digest(function.__dict__)]
        if function.__globals__ is not self._namespace:
            used = _global_names(function.__code__)
            parts.append(self.digest({n: function.__globals__[n] for n in sorted(used) if n in function.__globals__}))
        return _hash(b"function", *parts)

    def _code(self, code: types.CodeType) -> bytes:
        plain = (
            code.co_argcount,
            code.co_posonlyargcount,
            code.co_kwonlyargcount,
            code.co_flags,
            code.co_names,
            code.co_varnames,
            code.co_freevars,
            code.co_cellvars,
        )
        return _hash(
            b"code", code.co_code, code.co_exceptiontable, marshal.dumps(plain, 0), *[self.digest(c) for c in code.co_consts]
        )

    def _class(self, cls: type) -> bytes:
        if _is_importable(cls):
            return _by_name(cls)
        left_out = _CLASS_MEMBERS_LEFT_OUT
        if isinstance(cls, enum.EnumType):
            left_out |= _ENUM_MEMBERS_LEFT_OUT | set(cls.__members__)
        members = {name: _plain_member(member) for name, member in vars(cls).items() if name not in left_out}
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            members.pop(name, None)
        parts = [cls.__name__.encode(), self.digest(type(cls)), self.digest(cls.__bases__), self._mapping(b"members", members)]
        if isinstance(cls, enum.EnumType):
            members_by_name: Mapping[str, enum.Enum] = cls.__members__
            parts.append(self.digest([(name, member.value) for name, member in members_by_name.items()]))
        return _hash(b"class", *parts)

    def _array(self, value: Any) -> bytes | None:
        """Arrays of NumPy, pandas and torch, which are large or have arbitrary bytes in their pickles; None for all else."""
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, numpy.ndarray) and type(value) is numpy.ndarray:
            return self._ndarray(value)
        pandas = sys.modules.get("pandas")
        if pandas is not None and isinstance(value, pandas.api.extensions.ExtensionArray):
            return _hash(b"extension", str(value.dtype).encode(), self._sequence(b"items", value.astype(object).tolist()))
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(value, torch.Tensor):
            raw = value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy()
            return _hash(b"tensor", f"{value.dtype} {tuple(value.shape)} {value.requires_grad}".encode(), raw.tobytes())
        return None

    def _ndarray(self, array: Any) -> bytes:
        head = f"{array.dtype.str} {array.shape}".encode()
        if array.dtype.names is not None:
            fields = [_hash(name.encode(), self._ndarray(array[name])) for name in array.dtype.names]
            return _hash(b"fields", head, *fields)
        if array.dtype.hasobject:
            return _hash(b"objects", head, self._sequence(b"items", array.ravel().tolist()))
        if array.dtype.kind not in "biufcmMSUV":  # a type of its own, such as StringDType: its bytes are pointers
            return _hash(b"items", head, self._sequence(b"items", array.ravel().tolist()))
        contiguous = array if array.flags.c_contiguous else array.copy(order="C")
        return _hash(b"array", head, contiguous.reshape(-1).view("u1").data if array.size else b"")

    def _reduced(self, value: Any) -> bytes:
        reduced, failure = attempt(lambda: _reduce(value))
        if failure is not None:
            pickled, failure = attempt(lambda: cloudpickle.dumps(value, protocol=4))
            return _hash(b"pickled", pickled if pickled is not None else repr(type(value)).encode())
        if isinstance(reduced, str):
            return _hash(b"name", type(value).__module__.encode(), reduced.encode())
        assert isinstance(reduced, tuple)  # noqa: S101 - pickle's protocol: a string or a tuple
        make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        parts = [self._callable(make), self.digest(tuple(arguments)), self._state(state)]
        if items is not None:
            parts.append(self._sequence(b"items", items))
        if pairs is not None:
            ordered = isinstance(value, collections.OrderedDict)
            parts.append(self._sequence(b"pairs", pairs) if ordered else self._mapping(b"pairs", dict(pairs)))
        return _hash(b"reduced", *parts)

    def _state(self, state: Any) -> bytes:
        if isinstance(state, tuple) and len(state) == 2 and all(s is None or isinstance(s, dict) for s in state):
            return _hash(b"state", *[self.digest(_without_addresses(s)) for s in state])  # attributes and slots
        return self.digest(_without_addresses(state))

    def _callable(self, make: Callable[..., Any]) -> bytes:
        name = getattr(make, "__qualname__", None)
        module = getattr(make, "__module__", None)
        if name and module and not isinstance(make, type | types.FunctionType):
            return _hash(b"callable", str(module).encode(), name.encode())
        return self.digest(make)


def _flat_dict(value: dict[Any, Any]) -> bytes | None:
    """A vocabulary and its like, from names to plain values, without a hash for each entry; None for other dicts."""
    if not value or set(map(type, value)) != {str} or not set(map(type, value.values())) <= _FLAT:
        return None
    return _hash(b"dict flat", marshal.dumps(sorted(value.items(), key=_first), 0))


def _first(pair: tuple[str, Any]) -> str:
    return pair[0]


def _without_addresses(state: Any) -> Any:
    """Attributes without those that keep the address of another one: scikit-learn notes `id(stop_words)` to see it replaced."""
    if type(state) is not dict:
        return state
    addresses = {id(part): name for name, part in state.items()}
    kept = {n: p for n, p in state.items() if not (type(p) is int and p in addresses)}
    return kept if len(kept) < len(state) else state


def _simple(value: Any) -> bytes | None:
    cls = type(value)
    if cls is str:
        return _hash(b"str", value.encode("utf-8", "surrogatepass"))
    if cls is int or cls is bool or value is None or value is Ellipsis or value is NotImplemented:
        return _hash(cls.__name__.encode(), repr(value).encode() if cls is not int else b"%x" % value)
    if cls is float:
        return _hash(b"float", struct.pack(">d", value))
    if cls is complex:
        return _hash(b"complex", struct.pack(">dd", value.real, value.imag))
    if cls in (bytes, bytearray):
        return _hash(cls.__name__.encode(), value)
    return None


def _reduce(value: Any) -> Any:
    for table in (copyreg.dispatch_table, cloudpickle.Pickler.dispatch_table):
        reducer = table.get(type(value))
        if reducer is not None:
            return reducer(value)
    return value.__reduce_ex__(4)


def _plain_member(member: Any) -> Any:
    """A class's member as something that can be walked: descriptors of the class itself by what they hold."""
    if isinstance(member, staticmethod | classmethod):
        return (type(member).__name__, member.__func__)
    if isinstance(member, property):
        return ("property", member.fget, member.fset, member.fdel)
    if isinstance(member, types.GetSetDescriptorType | types.MemberDescriptorType):
        return ("descriptor", member.__name__)
    return member


def _is_importable(value: Any) -> bool:
    module = sys.modules.get(value.__module__) if isinstance(value.__module__, str) else None
    if module is None or value.__module__ == "__main__":
        return False
    found: Any = module
    for part in value.__qualname__.split("."):
        found = getattr(found, part, None)
    # After a reload the module has another object of that name; the package takes the module's.
    return isinstance(found, type(value)) and (found is value or isinstance(value, type | types.FunctionType))


def _by_name(value: Any) -> bytes:
    return _hash(b"import", value.__module__.encode(), value.__qualname__.encode())


def _global_names(code: types.CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _global_names(constant)
    return names


def _hash(tag: bytes, *parts: Any) -> bytes:
    """Hash parts so that no two lists of parts give the same bytes."""
    found = hashlib.blake2b(tag, digest_size=16)
    for part in parts:
        found.update(b"%x:" % (part.nbytes if isinstance(part, memoryview) else len(part)))
        found.update(part)
    return found.digest()
