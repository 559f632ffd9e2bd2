"""The engine API under `/engine/v1/`, and `/health`: thin handlers that read JSON, call the engine and write JSON.

The table of calls stands in docs/engine-api.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute

from jupyter_lambda.api.aws.lambda_api import LambdaApi
from jupyter_lambda.api.aws.rpc.door import RpcApi, is_rpc
from jupyter_lambda.api.error_body import engine_error
from jupyter_lambda.api.function_url import TRUSTED_PREFIX, FunctionUrls, url_id_of
from jupyter_lambda.api.images import image_progress
from jupyter_lambda.api.stream import stream
from jupyter_lambda.errors import InvocationNotFound, JupyterLambdaError, NotFound, RequestError
from jupyter_lambda.model.engine_api import (
    AliasRequest,
    ConfigurationChange,
    DeployRequest,
    EngineStatus,
    Hello,
    ImageRequest,
    InvocationPage,
    PublishRequest,
    SettingView,
)
from jupyter_lambda.model.invocation import InvocationRecord
from jupyter_lambda.model.names import parse_function_reference

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from jupyter_lambda.api.access import Access
    from jupyter_lambda.engine.engine import Engine
    from jupyter_lambda.model.host import MachineReading


_OWN_PATHS = ("/health", "/metrics")
T = TypeVar("T")
N = TypeVar("N")


class Service:
    """What the control plane asks of the process that runs the engine."""

    def __init__(
        self,
        *,
        hello: Callable[[], Hello],
        status: Callable[[], EngineStatus],
        doctor: Callable[[], Awaitable[Any]],
        stop: Callable[[bool], None],
        machine: Callable[[], MachineReading] | None = None,
        settings: Callable[[], list[SettingView]] = list,
    ) -> None:
        self.machine = machine
        self.settings = settings
        self.hello = hello
        self.status = status
        self.doctor = doctor
        self.stop = stop


class Guard:
    """Lets requests with the engine's token through; `/health` is open."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then pass on."""
        if scope["type"] == "lifespan" or scope.get("path") == "/health":
            await self._app(scope, receive, send)
            return
        try:
            self._access.check(dict(scope["headers"]))
        except JupyterLambdaError as error:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 4403, "reason": "no valid token"})
                return
            await _error_response(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class _Application:
    """Makes Starlette see an ASGI application in a method."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def control_plane(engine: Engine, service: Service, access: Access) -> ASGIApp:
    """The application that serves everything but the hot doors."""
    routes = Routes(engine, service)
    aws, rpc, urls = LambdaApi(engine, access), RpcApi(engine, access), FunctionUrls(engine, access)
    own = Starlette(
        routes=[
            Route("/health", _health),
            Route("/metrics", routes.prometheus),
            Route(TRUSTED_PREFIX + "{id}/{rest:path}", _Application(urls.answer_trusted)),
            *routes.table(),
            WebSocketRoute("/engine/v1/stream", lambda socket: stream(socket, engine, service.status, service.machine)),
        ],
        middleware=[Middleware(Guard, access=access)],
        exception_handlers={JupyterLambdaError: _on_error, 404: _on_unknown, 405: _on_unknown},
    )

    async def by_path(scope: Scope, receive: Receive, send: Send) -> None:
        """Function URLs have their own; the engine's own paths are named; every other one is AWS's: its other services, or Lambda."""
        if scope["type"] != "http":
            await own(scope, receive, send)
        elif url_id_of(scope) is not None:
            await urls(scope, receive, send)
        else:
            is_own = scope["path"].startswith("/engine/") or scope["path"] in _OWN_PATHS
            await (own if is_own else rpc if is_rpc(scope) else aws)(scope, receive, send)

    return by_path


class Routes:
    """The handlers."""

    def __init__(self, engine: Engine, service: Service) -> None:
        self._engine = engine
        self._service = service

    def table(self) -> list[Route]:
        """Path, handler, methods."""
        function = "/engine/v1/functions/{name}"
        return [
            Route("/engine/v1/hello", self.hello),
            Route("/engine/v1/status", self.status),
            Route("/engine/v1/doctor", self.doctor),
            Route("/engine/v1/settings", self.settings),
            Route("/engine/v1/stop", self.stop, methods=["POST"]),
            Route("/engine/v1/blobs/{sha256}", self.blob, methods=["HEAD", "PUT"]),
            Route("/engine/v1/images", self.image, methods=["POST"]),
            Route("/engine/v1/functions", self.functions),
            Route(function, self.function, methods=["GET", "DELETE"]),
            Route(f"{function}/deploy", self.deploy, methods=["POST"]),
            Route(f"{function}/configuration", self.configuration, methods=["PATCH"]),
            Route(f"{function}/versions", self.publish, methods=["POST"]),
            Route(f"{function}/versions/{{version}}", self.version),
            Route(f"{function}/difference", self.difference),
            Route(f"{function}/aliases/{{alias}}", self.alias, methods=["PUT", "DELETE"]),
            Route(f"{function}/test-events", self.test_events),
            Route(f"{function}/test-events/{{event}}", self.test_event, methods=["PUT", "DELETE"]),
            Route(f"{function}/invocations", self.invocations),
            Route(f"{function}/logs", self.logs),
            Route(f"{function}/metrics", self.metrics),
            Route(f"{function}/environments", self.lives),
            Route("/engine/v1/invocations", self.invocations),
            Route("/engine/v1/invocations/{id}", self.invocation),
            Route("/engine/v1/invocations/{id}/cancel", self.cancel, methods=["POST"]),
            Route("/engine/v1/environments", self.environments),
            Route("/engine/v1/environments/{id}", self.end_environment, methods=["DELETE"]),
        ]

    # -- the process --------------------------------------------------------------------------------------------------------
    async def hello(self, _: Request) -> Response:
        """Who answers."""
        return _json(self._service.hello())

    async def status(self, _: Request) -> Response:
        """The engine's state."""
        return _json(self._service.status())

    async def doctor(self, _: Request) -> Response:
        """What this machine offers."""
        return _json(await self._service.doctor())

    async def settings(self, _: Request) -> Response:
        """The engine's settings, with their defaults."""
        return _json(self._service.settings())

    async def stop(self, request: Request) -> Response:
        """End the engine, soon."""
        self._service.stop(request.query_params.get("drain") == "1")
        return _json({}, 202)

    async def blob(self, request: Request) -> Response:
        """Ask for a package, or upload one in pieces."""
        sha256 = request.path_params["sha256"]
        if request.method == "HEAD":
            return Response(status_code=200 if await self._engine.store.has_blob(sha256) else 404)
        upload = self._engine.store.blob_upload(sha256)
        try:
            async for piece in request.stream():
                if piece:
                    await upload.write(piece)
            await upload.finish()
        finally:
            await upload.abort()
        return _json({}, 201)

    async def image(self, request: Request) -> Response:
        """Have an image at hand, told line by line."""
        asked = await _body(request, ImageRequest)
        return StreamingResponse(image_progress(self._engine, asked), media_type="application/x-ndjson")

    # -- functions ----------------------------------------------------------------------------------------------------------
    async def functions(self, _: Request) -> Response:
        """Every function."""
        return _json([self._engine.detail(e) for e in self._engine.catalog.entries()])

    async def function(self, request: Request) -> Response:
        """One function; or remove it, or a version of it."""
        name = _name(request)
        if request.method == "DELETE":
            await self._engine.delete(name, request.query_params.get("qualifier"))
            return Response(status_code=204)
        return _json(self._engine.detail(self._engine.catalog.entry(name)))

    async def deploy(self, request: Request) -> Response:
        """Create or change a function."""
        return _json(await self._engine.deploy(request.path_params["name"], await _body(request, DeployRequest)))

    async def configuration(self, request: Request) -> Response:
        """Change `$LATEST`."""
        return _json(await self._engine.configure(_name(request), await _body(request, ConfigurationChange)))

    async def publish(self, request: Request) -> Response:
        """Publish `$LATEST`."""
        asked = await _body(request, PublishRequest)
        return _json(await self._engine.publish(_name(request), asked.description))

    async def version(self, request: Request) -> Response:
        """One version."""
        catalog = self._engine.catalog
        return _json(catalog.version(catalog.entry(_name(request)), request.path_params["version"]))

    async def difference(self, request: Request) -> Response:
        """What changed between two versions."""
        query = request.query_params
        if "before" not in query or "after" not in query:
            raise RequestError("difference", "it needs two versions", "Give ?before=V&after=V.")
        return _json(self._engine.difference(_name(request), query["before"], query["after"]))

    async def alias(self, request: Request) -> Response:
        """Create, change or remove an alias."""
        name, alias = _name(request), request.path_params["alias"]
        if request.method == "DELETE":
            await self._engine.catalog.delete_alias(name, alias)
            return Response(status_code=204)
        return _json(await self._engine.put_alias(name, alias, await _body(request, AliasRequest)))

    async def test_events(self, request: Request) -> Response:
        """The events that are kept to try a function with."""
        return _json(self._engine.test_events.of(_name(request)))

    async def test_event(self, request: Request) -> Response:
        """Keep an event, which is the request's body, or remove one."""
        name, event = _name(request), request.path_params["event"]
        if request.method == "DELETE":
            await self._engine.test_events.delete(name, event)
            return Response(status_code=204)
        return _json(await self._engine.test_events.put(name, event, await request.body()))

    # -- what happened ------------------------------------------------------------------------------------------------------
    async def invocations(self, request: Request) -> Response:
        """Records, newest first."""
        name = _name(request) if "name" in request.path_params else None
        if name is not None:
            self._engine.catalog.entry(name)
        records = await self._engine.store.invocations(
            name, limit=_number(request, "limit", 100, int), before=_number(request, "before", None, float)
        )
        return _json(InvocationPage(invocations=records))

    async def invocation(self, request: Request) -> Response:
        """One record with its log."""
        request_id = request.path_params["id"]
        found = await self._engine.store.invocation(request_id)
        if found is None:
            raise InvocationNotFound(f"invocation {request_id}", "there is no record of it", "It may be running, or too old.")
        return _json({"record": found[0], "log": found[1]})

    async def cancel(self, request: Request) -> Response:
        """Cancel a running invocation."""
        self._engine.cancel(request.path_params["id"])
        return _json({}, 202)

    async def logs(self, request: Request) -> Response:
        """Logs, or logs as they come."""
        name = _name(request)
        self._engine.catalog.entry(name)
        since = _number(request, "since_sequence", 0, int)
        if request.query_params.get("follow") == "1":
            start = since or await self._newest_log(name)
            return StreamingResponse(self._follow(name, start), media_type="application/x-ndjson")
        return _json(
            await self._engine.store.log_events(
                name, since_sequence=since, since=_number(request, "since", 0.0, float),
                request_id=request.query_params.get("request_id"), limit=_number(request, "limit", 1000, int),
            )
        )  # fmt: skip

    async def metrics(self, request: Request) -> Response:
        """A function's figures."""
        name = _name(request)
        self._engine.catalog.entry(name)
        return _json(await self._engine.store.metrics(name, since=_number(request, "since", 0.0, float)))

    async def prometheus(self, request: Request) -> Response:
        """What Prometheus scrapes."""
        # Imported at the first scrape: its library takes longer to import than the rest of a start.
        from jupyter_lambda.api.prometheus import exposition

        page, content_type = exposition(self._engine, self._service.status(), request.headers.get("accept", ""))
        return Response(page, headers={"content-type": content_type})

    async def environments(self, _: Request) -> Response:
        """Live environments, and those that ended not long ago."""
        return _json(self._engine.environments())

    async def lives(self, request: Request) -> Response:
        """What a function's environments did when."""
        name = _name(request)
        self._engine.catalog.entry(name)
        return _json(self._engine.dispatcher.lives(name, _number(request, "since", 0.0, float)))

    async def end_environment(self, request: Request) -> Response:
        """End one environment."""
        environment_id = request.path_params["id"]
        if not await self._engine.dispatcher.end_environment(environment_id):
            raise NotFound(f"environment {environment_id}", "it is not running", "It may have ended already.")
        return _json({}, 202)

    async def _follow(self, name: str, since: int) -> AsyncIterator[bytes]:
        """Log events after `since`, then those of invocations as they end."""
        store = self._engine.store
        with self._engine.live.watch() as watcher:
            for event in await store.log_events(name, since_sequence=since):
                since = event.sequence
                yield msgspec.json.encode(event) + b"\n"
            async for change in watcher.changes():
                ended = isinstance(change.body, InvocationRecord) and change.body.function_name == name
                if not (ended or watcher.missed):
                    continue
                watcher.missed = False
                for event in await store.log_events(name, since_sequence=since):
                    since = event.sequence
                    yield msgspec.json.encode(event) + b"\n"

    async def _newest_log(self, name: str) -> int:
        past = await self._engine.store.log_events(name, limit=1)
        return past[-1].sequence if past else 0


async def _health(_: Request) -> Response:
    return _json({"status": "ok"})


def _name(request: Request) -> str:
    return parse_function_reference(request.path_params["name"]).name


async def _body(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestError("request", f"its body is not a {kind.__name__}: {error}", "See docs/engine-api.md.") from error


def _number(request: Request, name: str, default: N, kind: Callable[[str], N]) -> N:
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        return kind(text)
    except ValueError as error:
        raise RequestError(f'parameter {name} "{text}"', "not a number", "Give a number.") from error


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def _error_response(error: JupyterLambdaError) -> Response:
    status, body = engine_error(error)
    return Response(body, status, media_type="application/json")


async def _on_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, JupyterLambdaError):
        raise error
    return _error_response(error)


async def _on_unknown(request: Request, _: Exception) -> Response:
    return _error_response(NotFound(f"{request.method} {request.url.path}", "there is no such call", "See docs/engine-api.md."))
