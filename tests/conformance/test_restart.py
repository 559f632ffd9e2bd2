"""What was answered as done is there after the engine was killed and started again, under the same access key.

Source: AWS Lambda API Reference: a successful answer is durable.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import psutil

from jupyter_lambda.client.launch import ensure_engine
from jupyter_lambda.testing.plugin import end_engine
from tests.conformance.conftest import ROLE, RUNTIME, Keys, zipped

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lambda.model.runtime_file import RuntimeFile


def keys_of(engine: RuntimeFile) -> Keys:
    return Keys(engine.url, engine.access_key_id, engine.secret_access_key, engine.region)


def test_everything_is_there_after_a_kill(tmp_path: Path) -> None:
    home = tmp_path / "home"
    engine = ensure_engine(home, sandbox="process")
    client = keys_of(engine).client()
    layer = client.publish_layer_version(LayerName="deps", Content={"ZipFile": zipped("", **{"python/deps.py": "x = 'kept'"})})
    source = "import deps\ndef handler(event, context):\n    return deps.x\n"
    client.create_function(
        FunctionName="f", Runtime=RUNTIME, Role=ROLE, Handler="f.handler", Code={"ZipFile": zipped(source)}, Tags={"a": "1"},
        Layers=[layer["LayerVersionArn"]], Publish=True,
    )  # fmt: skip
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=3)
    client.put_function_event_invoke_config(FunctionName="f", Qualifier="live", MaximumRetryAttempts=0)
    client.put_provisioned_concurrency_config(FunctionName="f", Qualifier="live", ProvisionedConcurrentExecutions=1)
    url = client.create_function_url_config(FunctionName="f", AuthType="AWS_IAM")["FunctionUrl"]
    client.add_permission(FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="*")
    client.close()

    process = psutil.Process(engine.pid)
    os.kill(engine.pid, signal.SIGKILL)
    process.wait(10)

    again = ensure_engine(home, sandbox="process")
    assert (again.pid != engine.pid, again.access_key_id) == (True, engine.access_key_id)
    client = keys_of(again).client()
    function = client.get_function(FunctionName="f")
    assert (function["Tags"], function["Concurrency"]) == ({"a": "1"}, {"ReservedConcurrentExecutions": 3})
    assert client.get_function_event_invoke_config(FunctionName="f", Qualifier="live")["MaximumRetryAttempts"] == 0
    assert client.get_function_url_config(FunctionName="f")["FunctionUrl"].endswith(url.split("/url/")[1])
    assert '"Sid":"s"' in client.get_policy(FunctionName="f")["Policy"]
    assert client.list_layer_versions(LayerName="deps")["LayerVersions"][0]["Version"] == 1
    answer = client.invoke(FunctionName="f", Qualifier="live")
    assert (answer["ExecutedVersion"], answer["Payload"].read()) == ("1", b'"kept"')
    assert client.get_provisioned_concurrency_config(FunctionName="f", Qualifier="live")["Status"] == "READY"
    client.close()
    end_engine(home)
