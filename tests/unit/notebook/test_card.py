"""The card's output (notebook/card.py): what is saved with a notebook."""

from __future__ import annotations

import json
import zlib

from jupyter_lambda.client.home import home_id
from jupyter_lambda.model.engine_api import DeployAnswer
from jupyter_lambda.model.function import Configuration, Function, Version
from jupyter_lambda.notebook.card import CARD_FORMAT, card

HOME = "/home/ada/.local/share/jupyter/lambda"


def answer() -> DeployAnswer:
    latest = Version(
        function_name="f", version="$LATEST", configuration=Configuration(memory_mib=512, timeout_seconds=10, environment={"K": "secret"}),
        package_sha256="0" * 64, package_bytes=1, content_digest="", revision_id="", last_modified="",
    )  # fmt: skip
    return DeployAnswer(function=Function(name="f", latest=latest), version="3", created=True, published=True)


def test_a_card_names_its_function_and_its_engine():
    assert card(answer(), HOME) == {
        "format": CARD_FORMAT, "function": "f", "version": "3", "memory_mib": 512, "timeout_seconds": 10, "home": home_id(HOME),
        "line_crc32": None,
    }  # fmt: skip


def test_a_saved_card_tells_nothing_of_the_machine():
    text = json.dumps(card(answer(), HOME))

    assert "ada" not in text
    assert "secret" not in text


def test_a_card_knows_the_line_it_was_run_with_and_not_what_it_says():
    made = card(answer(), HOME, "%%lambda  f --memory 256 -e KEY=secret\t")

    assert made["line_crc32"] == zlib.crc32(b"%%lambda f --memory 256 -e KEY=secret")
    assert "secret" not in json.dumps(made)


def test_homes_are_told_apart():
    assert len({home_id(HOME), home_id(HOME + "2")}) == 2
