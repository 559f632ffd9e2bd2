"""`<base_url>jupyter-lambda/url/<id>/…`: function URLs where only the Jupyter server can be reached, as on a hub.

Whoever is logged in and may execute may call any of them: the server is the caller, whatever the URL's AuthType is. Everybody else is
let through only where `c.JupyterLambda.open_function_urls` says so, and then by the rules of the URL itself.

What a function answers is shown on Jupyter's origin, so it is put into a sandbox (a Content-Security-Policy of its own): its scripts
run, and can't reach the server as its user. Jupyter's own cookies and tokens never reach a function.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import ensure_async, url_path_join
from tornado import web
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.httputil import HTTPHeaders, parse_response_start_line
from tornado.iostream import StreamClosedError
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from jupyter_lambda.client.error_body import error_body
from jupyter_lambda.errors import JupyterLambdaError
from jupyter_lambda.model import limits
from jupyter_lambda.server.answers import AUTH_RESOURCE

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from jupyter_lambda.model.runtime_file import RuntimeFile
    from jupyter_lambda.server.engine_access import EngineAccess

SANDBOX: Final = "sandbox allow-forms allow-popups allow-scripts"
_SECONDS: Final = 910.0  # a function runs for 900 at most
_NOT_PASSED: Final = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "keep-alive", "upgrade", "te", "trailer", "proxy-connection",
     "authorization", "cookie", "origin", "referer", "x-xsrftoken", "accept-encoding", "expect"}
)  # fmt: skip
_NOT_ANSWERED: Final = frozenset(
    {"connection", "content-length", "transfer-encoding", "keep-alive", "set-cookie", "server", "date", "content-security-policy"}
)


class FunctionUrlHandler(JupyterHandler):
    """Passes a request on to a function URL, and the answer back piece by piece."""

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    auth_resource = AUTH_RESOURCE

    @property
    def _access(self) -> EngineAccess:
        access: EngineAccess = self.settings["jupyter_lambda_access"]
        return access

    def check_xsrf_cookie(self) -> None:
        """Who comes without a login has nothing that another site could misuse."""
        if getattr(self, "_jupyter_current_user", None) is not None:  # tornado asks once before it is known, too
            super().check_xsrf_cookie()

    @allow_unauthenticated
    async def get(self, url_id: str) -> None:
        """Call it; so do the other methods."""
        await self._call(url_id)

    head = post = put = patch = delete = options = get

    async def _call(self, url_id: str) -> None:
        trusted = await self._may_execute()
        try:
            runtime = await self._access.start()
        except JupyterLambdaError as error:
            status, body = error_body(error)
            self.set_status(status)
            self.set_header("Content-Type", "application/json")
            self.finish(body)
            return
        await self._pass_on(runtime, url_id, trusted=trusted)

    async def _may_execute(self) -> bool:
        """Whether the caller is somebody who may; raises for nobody, unless URLs are open here."""
        user = self.current_user
        if user is not None:
            allowed: Awaitable[bool] | bool = self.authorizer.is_authorized(self, user, "execute", self.auth_resource)
            if not await ensure_async(allowed):
                raise web.HTTPError(403, "you may not execute here")
            return True
        if not self.settings["jupyter_lambda_open_urls"]:
            raise web.HTTPError(403, "log in, or have c.JupyterLambda.open_function_urls set on this server")
        return False

    async def _pass_on(self, runtime: RuntimeFile, url_id: str, *, trusted: bool) -> None:
        place = f"{runtime.url}/engine/v1/urls/{url_id}" if trusted else f"{runtime.url}/url/{url_id}"
        query = self._query(trusted=trusted)
        headers = self._request_headers()
        if trusted:
            headers["Authorization"] = f"Bearer {runtime.token}"
        method = self.request.method or "GET"
        request = HTTPRequest(
            place + _path_behind(self.request.path, url_id) + (f"?{query}" if query else ""), method=method, headers=headers,
            body=self.request.body if self.request.body or method in ("POST", "PUT", "PATCH") else None,
            allow_nonstandard_methods=True, follow_redirects=False, decompress_response=False, connect_timeout=5.0,
            request_timeout=_SECONDS, header_callback=_Head(self, url_id), streaming_callback=self._piece,
        )  # fmt: skip
        client = SimpleAsyncHTTPClient(force_instance=True, max_body_size=limits.STREAMED_RESPONSE_BYTES_MAX + 2**20)
        try:
            await client.fetch(request, raise_error=False)
        except StreamClosedError:
            return  # the caller went away, or the engine in the middle of an answer
        except (HTTPClientError, OSError) as error:
            if self._headers_written:
                raise
            raise web.HTTPError(502, f"the engine did not answer: {error}") from error
        finally:
            client.close()
        self.finish()

    async def _piece(self, piece: bytes) -> None:
        """Pass a piece on, and take the next one when the caller has it."""
        self.write(piece)
        await self.flush()

    def _query(self, *, trusted: bool) -> str:
        """The query as it came; Jupyter's own token is none of the function's business."""
        parts = self.request.query.split("&") if self.request.query else []
        own = ("token=", "_xsrf=") if trusted else ()
        return "&".join(part for part in parts if not (own and part.startswith(own)))

    def _request_headers(self) -> HTTPHeaders:
        headers = HTTPHeaders()
        for name, value in self.request.headers.get_all():
            if name.lower() not in _NOT_PASSED:
                headers.add(name, value)
        cookies = [f"{name}={morsel.coded_value}" for name, morsel in self.request.cookies.items() if not self._is_own(name)]
        if cookies:
            headers["Cookie"] = "; ".join(cookies)
        return headers

    def _is_own(self, cookie: str) -> bool:
        own = {"_xsrf", self.identity_provider.get_cookie_name(self)}
        return cookie in own or cookie.startswith(("username-", "jupyter"))

    def begin(self, status: int, headers: HTTPHeaders, url_id: str) -> None:
        """Answer with the function's status and headers."""
        self.set_status(status)
        for name in ("Content-Type", "Content-Length"):
            self.clear_header(name)
        for name, value in headers.get_all():
            if name.lower() not in _NOT_ANSWERED:
                self.add_header(name, value)
        if "Content-Length" in headers and self.request.method == "HEAD":
            self.set_header("Content-Length", headers["Content-Length"])
        self.set_header("Content-Security-Policy", SANDBOX)
        base = url_path_join(self.base_url, "jupyter-lambda/url", url_id) + "/"
        for line in headers.get_list("Set-Cookie"):
            for name, cookie in _cookies(line).items():
                if not self._is_own(name):
                    cookie["path"] = base
                    cookie["domain"] = ""
                    self.add_header("Set-Cookie", cookie.OutputString())


class _Head:
    """Gathers the lines of the answer's head, and begins the answer with them."""

    def __init__(self, handler: FunctionUrlHandler, url_id: str) -> None:
        self._handler = handler
        self._url_id = url_id
        self._status = 502
        self._headers = HTTPHeaders()

    def __call__(self, line: str) -> None:
        if line.startswith("HTTP/"):
            self._status, self._headers = parse_response_start_line(line.strip()).code, HTTPHeaders()
        elif line.strip():
            self._headers.parse_line(line)
        elif self._status >= 200:
            self._handler.begin(self._status, self._headers, self._url_id)


def _path_behind(requested: str, url_id: str) -> str:
    """The path behind the id with its quoting as it came, which the route's own groups have lost."""
    return requested.partition(f"jupyter-lambda/url/{url_id}")[2] or "/"


def _cookies(line: str) -> SimpleCookie:
    cookie: SimpleCookie = SimpleCookie()
    try:
        cookie.load(line)
    except CookieError:
        return SimpleCookie()
    return cookie
