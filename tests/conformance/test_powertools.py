"""aws-lambda-powertools, unmodified from PyPI, in a function's package: logger, event handler, batch, idempotency in memory.

Source: Powertools for AWS Lambda (Python) documentation. Its version is in the test's output.
"""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conformance.conftest import Functions

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(600)]

HANDLER = """
from importlib.metadata import version
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.idempotency import BasePersistenceLayer, IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyItemAlreadyExistsError, IdempotencyItemNotFoundError,
)

logger = Logger(service="shop", level="INFO")
app = LambdaFunctionUrlResolver()
processor = BatchProcessor(event_type=EventType.SQS)

@app.get("/orders/<number>")
def order(number):
    logger.info("asked", order=number)
    return {"order": number}

def take(record):
    if record.body == "bad":
        raise ValueError("bad")

class InMemory(BasePersistenceLayer):
    records = {}

    def _get_record(self, key):
        if key not in self.records:
            raise IdempotencyItemNotFoundError
        return self.records[key]

    def _put_record(self, data_record):
        if data_record.idempotency_key in self.records:
            raise IdempotencyItemAlreadyExistsError(old_data_record=self.records[data_record.idempotency_key])
        self.records[data_record.idempotency_key] = data_record

    def _update_record(self, data_record):
        self.records[data_record.idempotency_key] = data_record

    def _delete_record(self, data_record):
        self.records.pop(data_record.idempotency_key, None)

paid = []
once = IdempotencyConfig()

@idempotent_function(data_keyword_argument="payment", persistence_store=InMemory(), config=once)
def pay(payment):
    paid.append(payment)
    return {"receipt": len(paid)}

@logger.inject_lambda_context
def handler(event, context):
    if event == "version":
        return version("aws-lambda-powertools")
    if "pay" in event:
        once.register_lambda_context(context)
        return [pay(payment=event["pay"]), len(paid)]
    if "Records" in event:
        return process_partial_response(event=event, record_handler=take, processor=processor, context=context)
    return app.resolve(event, context)
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A zip with the library and a handler."""
    folder = tmp_path_factory.mktemp("powertools")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--target",
        str(folder),
        "aws-lambda-powertools",
    ]
    subprocess.run(command, check=True)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("f.py", HANDLER)
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                made.write(path, Path(path).relative_to(folder))
    return buffer.getvalue()


def test_logger_event_handler_batch_and_idempotency(client: Any, functions: Functions, package: bytes) -> None:
    name = functions.create(Code={"ZipFile": package}, Timeout=30, MemorySize=512)

    def call(event: Any) -> tuple[Any, str]:
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
        return json.loads(answer["Payload"].read()), base64.b64decode(answer["LogResult"]).decode()

    print("aws-lambda-powertools", call("version")[0])
    request = {
        "version": "2.0", "rawPath": "/orders/7", "rawQueryString": "", "headers": {},
        "requestContext": {"http": {"method": "GET", "path": "/orders/7"}, "stage": "$default"},
    }  # fmt: skip
    answer, log = call(request)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"order": "7"})
    line = next(json.loads(text) for text in log.splitlines() if text.startswith("{") and '"asked"' in text)
    assert (line["service"], line["order"], line["function_name"], line["function_memory_size"]) == ("shop", "7", name, "512")
    records = [{"messageId": str(n), "body": body, "eventSource": "aws:sqs"} for n, body in enumerate(["good", "bad"])]
    answer, _ = call({"Records": records})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert [call({"pay": {"order": number}})[0] for number in (1, 1, 2)] == [
        [{"receipt": 1}, 1],
        [{"receipt": 1}, 1],  # the same payment again is not made again
        [{"receipt": 2}, 2],
    ]
