"""Which front ends get a widget beside the card (notebook/front_end.py)."""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from jupyter_lambda.notebook.front_end import shows_widgets_only

OURS, ANYWIDGET = "/lab-of/ada/jupyter-lambda/engine", "/lab-of/ada/lab/extensions/anywidget/package.json"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A Jupyter server with such paths; gives the kernel's environment."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    running = []

    def serve(*paths, url=None):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                allowed = self.headers["Authorization"] == "token t"
                self.send_response((200 if allowed else 403) if self.path in paths else 404)
                self.end_headers()

            def log_message(self, *_):
                pass

        httpd = HTTPServer(("127.0.0.1", 0), Handler)
        running.append(httpd)
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        facts = {"url": url or f"http://127.0.0.1:{httpd.server_port}/lab-of/ada/", "token": "t"}
        (tmp_path / f"jpserver-{os.getpid()}.json").write_text(json.dumps(facts))
        return {"JPY_PARENT_PID": str(os.getpid())}

    yield serve
    for httpd in running:
        httpd.shutdown()
        httpd.server_close()


@pytest.mark.parametrize(("paths", "widget"), [((OURS, ANYWIDGET), False), ((ANYWIDGET,), True), ((), False), ((OURS,), False)])
def test_a_jupyter_server_is_asked_what_it_has(server, paths, widget):
    assert shows_widgets_only({}, server(*paths)) is widget


@pytest.mark.parametrize(
    ("namespace", "environ", "widget"),
    [
        ({}, {}, False),
        ({"__vsc_ipynb_file__": "/n.ipynb"}, {}, True),
        ({"__vsc_ipynb_file__": "/n.ipynb"}, {"JUPYTER_LAMBDA_CARD": "output"}, False),
        ({}, {"JUPYTER_LAMBDA_CARD": "widget"}, True),
        ({}, {"JPY_PARENT_PID": "not a number"}, False),
        ({}, {"JPY_PARENT_PID": "4194305"}, False),
    ],
)
def test_signs_and_the_variable(namespace, environ, widget):
    assert shows_widgets_only(namespace, environ) is widget


def test_a_server_that_does_not_answer_is_left_alone(server):
    assert shows_widgets_only({}, server(url="http://127.0.0.1:9/")) is False
    assert shows_widgets_only({}, server(url="https://elsewhere/")) is False
