"""The Extensions API and the Telemetry API of one environment, at the address of its Runtime API.

Source: AWS Lambda Developer Guide, "Using the Lambda Extensions API to create extensions" and "Lambda Telemetry API reference"; error
types, and what the Logs API answers where it is not there, as read in the runtime interface emulator.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.engine.extensions import Extension, Refusal
from jupyter_lambda.engine.telemetry_feed import read_subscription
from jupyter_lambda.telemetry import platform_events

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lambda.api.http_protocol import HttpProtocol, Request
    from jupyter_lambda.engine.companions import Companions

EXTENSION_PREFIX: Final = b"/2020-01-01/extension/"
TELEMETRY: Final = b"/2022-07-01/telemetry"
LOGS: Final = b"/2020-08-15/logs"
PREFIXES: Final = (EXTENSION_PREFIX, TELEMETRY, LOGS)
_JSON: Final = b"Content-Type: application/json\r\n"
_ACCEPTED: Final = b'{"status":"OK"}\n'


def answer_extension_call(connection: HttpProtocol, companions: Companions, request: Request) -> None:
    """Answer one call of an extension."""
    target = request.target.rstrip(b"/")
    if target == EXTENSION_PREFIX + b"register":
        _register(connection, companions, request)
        return
    extension = _caller(companions, request)
    if isinstance(extension, Refusal):
        _refuse(connection, extension)
    elif target in (TELEMETRY, LOGS):
        _subscribe(connection, companions, extension, request)
    elif (handle := _CALLS.get(target.removeprefix(EXTENSION_PREFIX))) is not None:
        handle(connection, companions, extension, request)
    else:
        connection.respond(404, b"", b"")


def _register(connection: HttpProtocol, companions: Companions, request: Request) -> None:
    name = request.headers.get(b"lambda-extension-name", b"").decode("latin-1")
    if not name:
        _refuse(connection, Refusal("Extension.InvalidExtensionName", "Empty extension name"))
        return
    try:
        events = msgspec.json.decode(request.body, type=_Registration).events
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        _refuse(connection, Refusal("InvalidRequestFormat", str(error)))
        return
    registered = companions.extensions.register(name, events)
    if isinstance(registered, Refusal):
        _refuse(connection, registered)
        return
    about = msgspec.to_builtins(companions.about)
    if b"accountId" in request.headers.get(b"lambda-extension-accept-feature", b""):
        about["accountId"] = companions.account_id
    header = b"Lambda-Extension-Identifier: %b\r\n" % registered.identifier.encode()
    connection.respond(200, _JSON + header, msgspec.json.encode(about))


class _Registration(msgspec.Struct):
    events: tuple[str, ...] = ()


def _caller(companions: Companions, request: Request) -> Extension | Refusal:
    identifier = request.headers.get(b"lambda-extension-identifier", b"").decode("latin-1")
    if not identifier:
        return Refusal("Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header")
    try:
        uuid.UUID(identifier)
    except ValueError:
        return Refusal("Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier")
    found = companions.extensions.find(identifier)
    return found or Refusal("Extension.UnknownExtensionIdentifier", f"Unknown extension {identifier}")


def _next(connection: HttpProtocol, companions: Companions, extension: Extension, _request: Request) -> None:
    def send(event: dict[str, Any]) -> None:
        header = b"Lambda-Extension-Event-Identifier: %b\r\n" % str(uuid.uuid4()).encode()
        connection.respond(200, _JSON + header, msgspec.json.encode(event))

    refusal = companions.extensions.next(extension, send)
    if refusal is not None:
        _refuse(connection, refusal)


def _init_error(connection: HttpProtocol, companions: Companions, extension: Extension, request: Request) -> None:
    _error(connection, request, extension, companions.extensions.init_error)


def _exit_error(connection: HttpProtocol, companions: Companions, extension: Extension, request: Request) -> None:
    _error(connection, request, extension, companions.extensions.exit_error)


def _error(
    connection: HttpProtocol, request: Request, extension: Extension, report: Callable[[Extension, str], Refusal | None]
) -> None:
    error_type = request.headers.get(b"lambda-extension-function-error-type", b"").decode("latin-1")
    if not error_type:
        _refuse(connection, Refusal("Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found"))
        return
    refusal = report(extension, error_type)
    if refusal is not None:
        _refuse(connection, refusal)
    else:
        connection.respond(202, _JSON, _ACCEPTED)


def _subscribe(connection: HttpProtocol, companions: Companions, extension: Extension, request: Request) -> None:
    name = "Telemetry" if request.target.startswith(TELEMETRY) else "Logs"
    if name == "Logs" or not companions.hears:  # internal extensions alone have no way for us to reach them
        connection.respond(202, _JSON, _error_body(f"{name}.NotSupported", f"{name} API is not supported"))
        return
    if not companions.feed.is_open:
        _refuse(connection, Refusal("Telemetry.SubscriptionClosed", "Telemetry API subscription is closed already"))
        return
    subscription = read_subscription(request.body)
    if isinstance(subscription, str):
        connection.respond(400, _JSON, _error_body("ValidationError", subscription))
        return
    companions.feed.subscribe(extension.name, subscription)
    companions.tell_of_subscription(platform_events.telemetry_subscription(extension.name, subscription.types))
    connection.respond(200, _JSON, b'"OK"')


_CALLS: Final = {b"event/next": _next, b"init/error": _init_error, b"exit/error": _exit_error}


def _refuse(connection: HttpProtocol, refusal: Refusal) -> None:
    connection.respond(403, _JSON, _error_body(refusal.error_type, refusal.message))


def _error_body(error_type: str, message: str) -> bytes:
    return msgspec.json.encode({"errorMessage": message, "errorType": error_type})
