"""How a call and its answer are written: JSON 1.0 and 1.1, the query protocol with its XML, and (in `cbor_format`) CBOR.

An answer is made of dictionaries, lists, strings, numbers and `datetime`s; a map that is no structure is an `Entries`.
Source: Smithy's "AWS JSON", "Smithy RPC v2 CBOR" and "AWS Query" protocols; botocore's parsers judge.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol
from xml.sax.saxutils import escape

import msgspec

from jupyter_lambda.api.aws.request_values import document_values
from jupyter_lambda.api.aws.rpc.query_values import query_tree, tree_values
from jupyter_lambda.errors import InvalidRequestContent, aws_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lambda.api.aws.rpc.query_values import Node
    from jupyter_lambda.api.aws.rpc.service import Service, Values
    from jupyter_lambda.api.aws.service_model import Operation
    from jupyter_lambda.errors import JupyterLambdaError

Headers = list[tuple[bytes, bytes]]
_NAMESPACE: Final = "http://monitoring.amazonaws.com/doc/2010-08-01/"
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_QUERY_CODES: Final = {  # of errors that every service has; the others stand in the models
    "IncompleteSignatureException": "IncompleteSignature",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "SerializationException": "MalformedInput",
    "UnknownOperationException": "InvalidAction",
    "UnrecognizedClientException": "InvalidClientTokenId",
}


class Entries(dict[str, Any]):
    """A map of an answer, which XML writes otherwise than a structure."""


class Refusal(NamedTuple):
    """An error as a service tells it."""

    status: int
    code: str
    message: str
    query_code: str | None  # what it is called in the query protocol, where the service has one

    @property
    def fault(self) -> str:
        """Whose it is."""
        return "Sender" if self.status < 500 else "Receiver"


def refusal_of(error: JupyterLambdaError, service: Service) -> Refusal:
    """An error under its service's names: these services answer 400 where Lambda has many statuses."""
    code = aws_code(error)
    status = 400 if 400 <= code.status < 500 and not (service.model.errors and code.status == 403) else int(code.status)
    name = service.codes.get(code.code, code.code)
    query_code = {**_QUERY_CODES, **service.model.errors}.get(name, name) if service.model.errors else None
    return Refusal(status, name, error.aws_message or str(error), query_code)


class WireFormat(Protocol):
    """One of them."""

    def operation(self, body: bytes) -> str:
        """The name of the operation that is called."""
        ...

    def values(self, service: Service, operation: Operation, body: bytes) -> Values:
        """The operation's input (InvalidRequestContent, Unparsable)."""
        ...

    def answer(self, operation: str, answer: dict[str, Any], request_id: str) -> tuple[Headers, bytes]:
        """Headers and body of an answer."""
        ...

    def refusal(self, refusal: Refusal, request_id: str) -> tuple[Headers, bytes]:
        """Headers and body of an error."""
        ...


class Json:
    """AWS JSON: the operation stands in `X-Amz-Target`."""

    def __init__(self, operation: str, content_type: bytes) -> None:
        self._operation = operation
        version = b"1.0" if b"json-1.0" in content_type else b"1.1"
        self._type = (b"content-type", b"application/x-amz-json-" + version)

    def operation(self, body: bytes) -> str:
        """From the target."""
        return self._operation

    def values(self, service: Service, operation: Operation, body: bytes) -> Values:
        """From a JSON object."""
        try:
            document = msgspec.json.decode(body or b"{}")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise not_parsed(error) from error
        return document_values(service.model, operation, document)

    def answer(self, operation: str, answer: dict[str, Any], request_id: str) -> tuple[Headers, bytes]:
        """A JSON object."""
        return [self._type], msgspec.json.encode(with_numbers(answer))

    def refusal(self, refusal: Refusal, request_id: str) -> tuple[Headers, bytes]:
        """`__type` and `message`."""
        headers = [self._type, (b"x-amzn-errortype", refusal.code.encode()), *query_error(refusal)]
        return headers, msgspec.json.encode({"__type": refusal.code, "message": refusal.message})


class Query:
    """AWS Query: a form whose `Action` is the operation; answers are XML."""

    _TYPE: Final = (b"content-type", b"text/xml")

    def __init__(self, query: str) -> None:
        self._query = query

    def operation(self, body: bytes) -> str:
        """From the form, or from the query of a GET."""
        action = self._tree(body).part("Action")
        return "" if action is None else action.text or ""

    def values(self, service: Service, operation: Operation, body: bytes) -> Values:
        """From the form's dotted names."""
        return tree_values(service.model, operation, self._tree(body))

    def answer(self, operation: str, answer: dict[str, Any], request_id: str) -> tuple[Headers, bytes]:
        """The result within its envelope."""
        result = f"<{operation}Result>{_xml(answer)}</{operation}Result>" if answer else ""
        told = f"{result}<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        return [self._TYPE], f'<{operation}Response xmlns="{_NAMESPACE}">{told}</{operation}Response>'.encode()

    def refusal(self, refusal: Refusal, request_id: str) -> tuple[Headers, bytes]:
        """The error within its envelope."""
        error = {"Type": refusal.fault, "Code": refusal.query_code or refusal.code, "Message": refusal.message}
        told = f"<Error>{_xml(error)}</Error><RequestId>{request_id}</RequestId>"
        return [self._TYPE], f'<ErrorResponse xmlns="{_NAMESPACE}">{told}</ErrorResponse>'.encode()

    def _tree(self, body: bytes) -> Node:
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise not_parsed(error) from error
        return query_tree(text or self._query)


def not_parsed(error: Exception) -> InvalidRequestContent:
    """The error for a body that is not written as it says."""
    return InvalidRequestContent(
        "request", f"its body can't be read: {error}", "Let an AWS client write it.",
        aws_message=f"The request body could not be parsed: {error}",
    )  # fmt: skip


def query_error(refusal: Refusal) -> Headers:
    """For clients that knew a service by its query protocol: the code under which they know an error."""
    return [(b"x-amzn-query-error", f"{refusal.query_code};{refusal.fault}".encode())] if refusal.query_code else []


def with_numbers(value: Any) -> Any:
    """A document with epoch seconds in place of moments."""
    match value:
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        case dict():
            return {name: with_numbers(one) for name, one in value.items()}
        case list():
            return [with_numbers(one) for one in value]
        case _:
            return value


def _xml(value: Any) -> str:
    match value:
        case Entries():
            return "".join(f"<entry><key>{_xml(k)}</key><value>{_xml(v)}</value></entry>" for k, v in value.items())
        case dict():
            return "".join(f"<{name}>{_xml(one)}</{name}>" for name, one in value.items())
        case list():
            return "".join(f"<member>{_xml(one)}</member>" for one in value)
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        case _:
            return escape(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", str(value)))


def format_of(method: str, path: str, query: str, headers: Mapping[bytes, bytes]) -> tuple[str, WireFormat]:
    """How a request is written, and the first part of its target: empty for the query protocol."""
    if path.startswith("/service/"):
        name, _, operation = path.removeprefix("/service/").partition("/operation/")
        # Only where it is spoken: its library takes 10 ms to import, which each start of the engine would wait for.
        from jupyter_lambda.api.aws.rpc.cbor_format import Cbor

        return name, Cbor(operation)
    target = headers.get(b"x-amz-target", b"").decode("latin-1")
    if target:
        prefix, _, operation = target.partition(".")
        return prefix, Json(operation, headers.get(b"content-type", b""))
    return "", Query(query if method == "GET" else "")
