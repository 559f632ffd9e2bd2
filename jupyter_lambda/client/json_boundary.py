"""Events and results at the boundary: JSON by the standard library, on both ways.

What the standard library does, this does: integers of any size and lone surrogates pass, a result's `NaN` becomes one. What JSON has
no form for, NaN and infinities among it, gets an error that names the place inside the event.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii
from typing import Any, Final

from jupyter_lambda.errors import BOLD, RESET, InvalidRequestContent, PayloadTooLarge, callers
from jupyter_lambda.model import limits

_encoder: Final = json.JSONEncoder(allow_nan=False)
_decoder: Final = json.JSONDecoder()
_DEEPEST: Final = 200


class EventTypeError(TypeError):
    """A value inside an event has no JSON form; the message says where it stands and what to write instead."""

    def _render_traceback_(self) -> list[str]:
        """As the errors of the tree are shown: the message and the reader's own line."""
        place, _, rest = str(self).partition(" ")
        return [f"{BOLD}{place}{RESET} {rest}", *callers(self)]


def encode_event(event: Any, *, name: str = "event", invocation_type: str = "RequestResponse") -> bytes:
    """An event as JSON bytes.

    Args:
        event: The value.
        name: What the event is called in an error, e.g. `events[17]`.
        invocation_type: `Event` has a lower limit than the other types.

    Raises:
        EventTypeError: A value in it has no JSON form.
        InvalidRequestContent: A number in it is not finite (InvalidRequestContentException, 400).
        PayloadTooLarge: Above Lambda's limit (RequestTooLargeException, 413).
    """
    try:
        payload = _encoder.encode(event).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise _refused(event, name, error) from None
    check_size(payload, name=name, invocation_type=invocation_type)
    return payload


def check_size(payload: bytes, *, name: str = "event", invocation_type: str = "RequestResponse") -> None:
    """Refuse an event that Lambda would not take, before it travels (PayloadTooLarge)."""
    most = limits.ASYNC_REQUEST_BYTES_MAX if invocation_type == "Event" else limits.REQUEST_BYTES_MAX
    if len(payload) > most:
        raise PayloadTooLarge(
            name, f"{len(payload):,} bytes of JSON, and Lambda takes {most:,}",
            "Pass large data by a file: --files or --mount.",
            aws_message=f"{len(payload)} byte payload is too large for the {invocation_type} invocation type (limit {most} bytes)",
        )  # fmt: skip


def decode_result(payload: bytes) -> Any:
    """A result's value; None where there is no payload (queued events)."""
    return _decoder.decode(payload.decode("utf-8")) if payload else None


def to_json_event(value: Any) -> Any:
    """A copy of a value in which NumPy and pandas values have become what JSON knows.

    Arrays and series become lists, data frames lists of records, NumPy's scalars Python's, timestamps ISO 8601, missing values None;
    tuples and sets become lists, keys that JSON has no form for strings. Everything else stays as it is.
    """
    if value is None or (isinstance(value, (str, bool, int, float)) and type(value).__module__ == "builtins"):
        return value
    if isinstance(value, Mapping):
        return {_json_key(key): to_json_event(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json_event(item) for item in value]
    return _converted(value)


def _json_key(key: Any) -> Any:
    plain = to_json_event(key)
    return plain if plain is None or isinstance(plain, (str, int, float, bool)) else str(plain)


def _converted(value: Any) -> Any:
    """A value that is neither a container nor plain, by what it can do rather than by its class: no import of pandas for this."""
    family = type(value).__module__.partition(".")[0]
    if family == "pandas":
        return _from_pandas(value)
    if family == "numpy" and hasattr(value, "tolist"):
        kind = getattr(getattr(value, "dtype", None), "kind", "")
        return to_json_event(value.astype(str).tolist() if kind in "mM" else value.tolist())
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return int(value)
    return value


def _from_pandas(value: Any) -> Any:
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return to_json_event(value.to_dict(orient="records"))
    if hasattr(value, "tolist"):
        return [None if _is_missing(item) else to_json_event(item) for item in value.tolist()]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


def _is_missing(item: Any) -> bool:
    return item is None or (isinstance(item, float) and math.isnan(item)) or type(item).__name__ in ("NAType", "NaTType")


def _refused(event: Any, name: str, error: Exception) -> Exception:
    """The error that says where in the event it is."""
    found = _culprit(event, name, ())
    if found is None:
        return EventTypeError(f"{name} can't be written as JSON: {error}")
    place, value = found
    if isinstance(value, float):
        return InvalidRequestContent(place, f"it is {value}, and JSON has no such number", "Send None or a string in its place.")
    return EventTypeError(_explanation(place, value))


def _explanation(place: str, value: Any) -> str:
    if isinstance(value, _Key):
        return f"{place} has a key that is {_a(value.key)}: JSON has strings as keys. Use str(key)."
    if isinstance(value, _Again):
        return f"{place} contains itself: JSON has no form for that."
    return f"{place} is {_a(value)}, which has no JSON form: {_remedy(value)}"


class _Key:
    """A key that JSON has no form for."""

    def __init__(self, key: Any) -> None:
        self.key = key


class _Again:
    """A container inside itself."""


def _culprit(value: Any, place: str, outer: tuple[int, ...]) -> tuple[str, Any] | None:
    """The first value, depth first, that the standard library can't encode, and where it stands."""
    if value is None or isinstance(value, (str, int)):
        return None
    if isinstance(value, float):
        return None if math.isfinite(value) else (place, value)
    if id(value) in outer or len(outer) > _DEEPEST:
        return place, _Again()
    inside = (*outer, id(value))
    if isinstance(value, dict):
        for key, item in value.items():
            if not (key is None or isinstance(key, (str, int, float))):
                return place, _Key(key)
            found = _culprit(item, f"{place}[{_shown_key(key)}]", inside)
            if found:
                return found
        return None
    if isinstance(value, (list, tuple)):
        found_items = (_culprit(item, f"{place}[{number}]", inside) for number, item in enumerate(value))
        return next((found for found in found_items if found), None)
    return place, value


def _shown_key(key: Any) -> str:
    return encode_basestring_ascii(key) if isinstance(key, str) else repr(key)


def _a(value: Any) -> str:
    kind = type(value)
    family = kind.__module__.partition(".")[0]
    known = {"ndarray": "a NumPy array", "DataFrame": "a pandas data frame", "Series": "a pandas series"}
    if family in ("numpy", "pandas"):
        return known.get(kind.__name__, f"a {family} {kind.__name__}")
    told = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    return f"{'an' if told[0] in 'aeioAEIO' else 'a'} {told}"


def _remedy(value: Any) -> str:
    kind = type(value)
    if kind.__name__ == "DataFrame":
        return 'use .to_dict("records"), or jl.to_json_event(event).'
    if hasattr(value, "tolist"):
        return "use .tolist(), or jl.to_json_event(event)."
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "use base64.b64encode(value).decode()."
    if isinstance(value, (set, frozenset)):
        return "use sorted(value) or list(value)."
    if hasattr(value, "isoformat"):
        return "use .isoformat()."
    return "use dicts, lists, strings, numbers, True, False and None."
