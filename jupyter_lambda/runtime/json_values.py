"""JSON as Lambda's Python runtime writes and reads it, on the standard library's encoder.

Lambda's runtime uses simplejson, which differs: a named tuple becomes an object, bytes inside a value become text, a Decimal a number.
NaN and Infinity go out as they are. Text goes out as UTF-8 from Python 3.12 on, escaped before. A result that is bytes goes out raw.

Source: awslambdaric 4.2, `lambda_runtime_marshaller.py`; `tests/unit/runtime` compares the two.
"""

from __future__ import annotations

import decimal
import json
import marshal
import secrets
import sys
from typing import Any

from jupyter_lambda.runtime.failures import Fault

_PREFIX = "AWS_Lambda_python3."


def read_event(body: bytes, content_type: str | None) -> Any:
    """The event as Python values; raw where the engine says that it isn't JSON.

    Raises:
        Fault: It is not JSON (Runtime.UnmarshalError).
    """
    if content_type not in ("application/json", None):
        return body
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error


class Encoder:
    """Encodes a worker's results; one for the life of a process."""

    def __init__(self, execution_environment: str | None) -> None:
        self._escapes = not _writes_utf8(execution_environment)
        self._decimals: list[str] = []
        # No text of a function can be mistaken for the stand-in of a Decimal: it can't know this.
        self._mark = secrets.token_hex(16)
        self._plain = json.JSONEncoder(ensure_ascii=self._escapes, default=self._stand_in)

    def result(self, value: Any) -> tuple[bytes, str]:
        """The body and content type that answer an invocation.

        Raises:
            Fault: The value has no JSON form (Runtime.MarshalError).
        """
        if isinstance(value, bytes):
            return value, "application/unknown"
        try:
            return self.encode(value), "application/json"
        except Exception as error:  # whatever a value's own methods raise is the function's
            raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error

    def encode(self, value: Any) -> bytes:
        """The value as JSON.

        Raises:
            TypeError, ValueError, RecursionError: It has no JSON form; the text is simplejson's.
        """
        self._decimals.clear()
        try:
            text = self._plain.encode(value if _is_plain(value) else _plain_value(value, set()))
        except TypeError:
            # Keys that are bytes; the walk takes them, or says it in simplejson's words.
            self._decimals.clear()
            text = self._plain.encode(_plain_value(value, set()))
        for index, number in enumerate(self._decimals):
            text = text.replace(f'"{self._mark}.{index}."', number, 1)
        try:
            return text.encode()
        except UnicodeEncodeError:
            # Half of a surrogate pair has no UTF-8. In JSON it only stands in strings, where its escape means the same.
            return text.encode("utf-8", "backslashreplace")

    def _stand_in(self, value: Any) -> Any:
        if isinstance(value, bytes):
            return value.decode()
        if isinstance(value, decimal.Decimal):
            self._decimals.append("NaN" if value.is_nan() else str(value))
            return f"{self._mark}.{len(self._decimals) - 1}."
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _writes_utf8(execution_environment: str | None) -> bool:
    named = execution_environment or ""
    if named.startswith(_PREFIX):
        return named[len(_PREFIX) :].isdigit() and int(named[len(_PREFIX) :]) >= 12
    return sys.version_info >= (3, 12)


def _is_plain(value: Any) -> bool:
    """Whether the value has only exact built-in types: the marshal module takes no others, and looks at C speed."""
    if value is None or type(value) in (str, int, float, bool):
        return True
    try:
        marshal.dumps(value)
    except ValueError:
        return False
    return True


def _plain_value(value: Any, above: set[int]) -> Any:
    """Turn what the two encoders see differently into what the standard one takes."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, (str, int, float)) or value is None:
        return value
    as_dict = None if isinstance(value, list) else getattr(value, "_asdict", None)
    if not isinstance(value, (list, tuple, dict)) and not callable(as_dict):
        return value
    if id(value) in above:
        raise ValueError("Circular reference detected")
    above.add(id(value))
    found: Any
    if callable(as_dict):
        found = _plain_mapping(as_dict(), above)
    elif isinstance(value, dict):
        found = _plain_mapping(value, above)
    else:
        found = [_plain_value(item, above) for item in value]
    above.discard(id(value))
    return found


def _plain_mapping(mapping: dict[Any, Any], above: set[int]) -> dict[Any, Any]:
    return _Pairs([(_plain_key(key), _plain_value(item, above)) for key, item in mapping.items()])


class _Pairs(dict):  # type: ignore[type-arg]  # Python 3.9 runs this: a subscript here would be evaluated
    """A mapping that keeps two keys of one text (1 and "1") apart, as both encoders write them."""

    def __init__(self, pairs: list[tuple[Any, Any]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def items(self) -> Any:
        """The pairs as they were given."""
        return self._pairs


def _plain_key(key: Any) -> Any:
    if isinstance(key, bytes):
        return key.decode()
    if isinstance(key, (str, int, float)) or key is None:
        return key
    raise TypeError(f"keys must be str, int, float, bool or None, not {type(key).__name__}")
