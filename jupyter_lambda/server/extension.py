"""What Jupyter's server loads: settings under `c.JupyterLambda`, and the handlers."""

from __future__ import annotations

from typing import cast

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Dict, Unicode

from jupyter_lambda._version import __version__
from jupyter_lambda.client.home import home_folder
from jupyter_lambda.server.engine_access import EngineAccess, StartOptions
from jupyter_lambda.server.engine_handlers import EngineHandler, EngineLogHandler
from jupyter_lambda.server.forwarding import ForwardHandler
from jupyter_lambda.server.function_urls import FunctionUrlHandler
from jupyter_lambda.server.invoke_handler import InvokeHandler
from jupyter_lambda.server.stream_handler import StreamHandler


class JupyterLambda(ExtensionApp):
    """Functions of `%%lambda` in JupyterLab: the bridge to their engine."""

    name = "jupyter_lambda"
    load_other_extensions = True

    home = Unicode(
        "", config=True, help="The engine's home; empty for $JUPYTER_LAMBDA_HOME, else lambda/ in Jupyter's data folder."
    )
    sandbox = Unicode(
        "", config=True, help="What an engine started from here uses: auto, process or docker; empty for $JUPYTER_LAMBDA_SANDBOX."
    )
    start_engine = Bool(
        True, config=True, help="Start the engine when a page asks something of it; otherwise pages see only one that runs."
    )
    open_function_urls = Bool(
        False, config=True,
        help="Let anybody who reaches this server call function URLs that are open to everybody (AuthType NONE with both permissions).",
    )  # fmt: skip
    engine_settings = Dict(
        value_trait=Unicode(), key_trait=Unicode(), config=True,
        help="Settings of an engine started from here, as `jupyter lambda engine start --set NAME=VALUE` takes them.",
    )  # fmt: skip

    def initialize_settings(self) -> None:
        """Make the one way to the engine that all handlers share."""
        options = StartOptions(
            sandbox=self.sandbox or None, settings=cast("dict[str, str]", self.engine_settings), allowed=self.start_engine
        )
        self._access = EngineAccess(home_folder(self.home or None), options)
        self.settings["jupyter_lambda_access"] = self._access
        self.settings["jupyter_lambda_open_urls"] = self.open_function_urls
        self.log.info(
            "jupyter-lambda %s: notebooks use it by `%%load_ext jupyter_lambda`; its home is %s", __version__, self._access.home
        )

    def initialize_handlers(self) -> None:
        """Say which address is whose; the first that fits answers."""
        self.handlers.extend(
            [
                (r"/jupyter-lambda/stream", StreamHandler),
                (r"/jupyter-lambda/engine(?:/(start))?", EngineHandler),
                (r"/jupyter-lambda/engine/log", EngineLogHandler),
                (r"/jupyter-lambda/functions/([^/]+)/invoke", InvokeHandler),
                (r"/jupyter-lambda/url/([0-9a-z]+)(?:/.*)?", FunctionUrlHandler),
                (r"/jupyter-lambda/(.+)", ForwardHandler),
            ]
        )

    async def stop_extension(self) -> None:
        """Close connections; the engine runs on."""
        self._access.close()
