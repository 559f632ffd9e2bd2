"""Smithy RPC v2 CBOR, which botocore speaks to CloudWatch since 2025."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import cbor2

from jupyter_lambda.api.aws.request_values import document_values
from jupyter_lambda.api.aws.rpc.wire_formats import not_parsed, query_error, with_numbers

if TYPE_CHECKING:
    from jupyter_lambda.api.aws.rpc.service import Service, Values
    from jupyter_lambda.api.aws.rpc.wire_formats import Headers, Refusal
    from jupyter_lambda.api.aws.service_model import Operation


def _refuse_tag(*_: Any) -> None:
    raise ValueError("a tag that no AWS client sends")


# Shared references could make a circle, regular expressions and addresses cost what their sender likes.
_NO_TAGS: Final = dict.fromkeys((25, 28, 29, 30, 35, 36, 37, 256, 258, 260, 261), _refuse_tag)


class Cbor:
    """Smithy RPC v2: the operation stands in the path."""

    _HEADERS: Final = ((b"content-type", b"application/cbor"), (b"smithy-protocol", b"rpc-v2-cbor"))

    def __init__(self, operation: str) -> None:
        self._operation = operation

    def operation(self, body: bytes) -> str:
        """From the path."""
        return self._operation

    def values(self, service: Service, operation: Operation, body: bytes) -> Values:
        """From a CBOR map."""
        try:
            document = cbor2.loads(body, semantic_decoders=_NO_TAGS) if body else {}
        except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise not_parsed(error) from error
        return document_values(service.model, operation, with_numbers(document))

    def answer(self, operation: str, answer: dict[str, Any], request_id: str) -> tuple[Headers, bytes]:
        """A CBOR map."""
        return [*self._HEADERS], cbor2.dumps(answer, datetime_as_timestamp=True)

    def refusal(self, refusal: Refusal, request_id: str) -> tuple[Headers, bytes]:
        """`__type` and `message`."""
        headers = [*self._HEADERS, (b"x-amzn-errortype", refusal.code.encode()), *query_error(refusal)]
        return headers, cbor2.dumps({"__type": f"com.amazonaws.cloudwatch#{refusal.code}", "message": refusal.message})
