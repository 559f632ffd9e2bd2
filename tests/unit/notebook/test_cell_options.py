"""The option line of `%%lambda`: everything it takes, and a clear word for everything it doesn't."""

import pytest

from jupyter_lambda.errors import RequestError
from jupyter_lambda.notebook.cell_options import OPTIONS, AliasOption, CellOptions, parse_cell_line
from jupyter_lambda.notebook.option_help import magic_help

EVERYTHING = (
    "resize --memory 512 --timeout=10 -e STAGE=test -e 'GREETING=hello world' -eCOLOUR=#fff --requirements \"pillow six\""
    " --layer arn:aws:lambda:us-east-1:000000000000:layer:one:1 --reserved 3 --provisioned 1 --ephemeral 1024"
    " --runtime python3.12 --handler main --sandbox process --image python:3.12 --files '*.bin' --files data --mount /models"
    " --mount /data:/mnt/data --network none --description 'a sentence' --alias prod=0.1 --take-over  # and a remark"
)


def test_takes_every_option_of_the_contract():
    options = parse_cell_line(EVERYTHING)
    assert options == CellOptions(
        "resize",
        {
            "memory_mib": 512,
            "timeout_seconds": 10,
            "environment": (("STAGE", "test"), ("GREETING", "hello world"), ("COLOUR", "#fff")),
            "requirements": "pillow six",
            "layers": ("arn:aws:lambda:us-east-1:000000000000:layer:one:1",),
            "reserved_concurrency": 3,
            "provisioned_concurrency": 1,
            "ephemeral_mib": 1024,
            "runtime": "python3.12",
            "handler": "main",
            "sandbox": "process",
            "image": "python:3.12",
            "files": ("*.bin", "data"),
            "mounts": (("/models", ""), ("/data", "/mnt/data")),
            "network": "none",
            "description": "a sentence",
            "alias": AliasOption("prod", 0.1),
            "take_over": True,
        },
    )
    assert options.publish
    assert options.take_over


def test_the_configuration_holds_only_what_stands_on_the_line():
    options = parse_cell_line("resize -e STAGE=test --memory 256 --files x")
    assert options.configuration() == {"memory_mib": 256, "environment": {"STAGE": "test"}}


def test_the_name_may_stand_anywhere():
    assert parse_cell_line("--memory 256 resize --no-publish").name == "resize"
    assert not parse_cell_line("--memory 256 resize --no-publish").publish


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "the function's name is missing"),
        ("--memory 512", "the function's name is missing"),
        ("a b", '"b" belongs to no option'),
        ("a --memori 512", 'Did you mean "--memory"?'),
        ("a --takeover", 'Did you mean "--take-over"?'),
        ("a --xyzzy", "%%lambda\\? lists the options"),
        ("a --memory", "its value is missing. Write --memory MB"),
        ("a --memory --timeout 3", "its value is missing"),
        ("a --memory 512MB", "without a unit. Write --memory 512"),
        ("a --timeout 1.5", "takes a whole number of seconds"),
        ("a --memory 64", "out of range: 128–10,240 MB. Use --memory 128"),
        ("a --memory 20000", "Use --memory 10240"),
        ("a --timeout 0", "out of range: 1–900 s"),
        ("a --timeout 901", "Use --timeout 900"),
        ("a --ephemeral 100", "out of range: 512–10,240 MB"),
        ("a --memory 256 --memory 512", "stands twice"),
        ("a -e STAGE", "an environment variable is NAME=VALUE"),
        ("a -e 1A=x", "starts with a letter"),
        ("a -e AWS_REGION=x", "Lambda sets it itself"),
        (f"a -e BIG={'x' * 5000}", "Lambda takes 4,096"),
        ("a --runtime python3.99", 'runtime "python3.99"'),
        ("a --sandbox podman", "Use process or docker"),
        ("a --network host", "Use none or bridge"),
        ("a --alias 3", "those are version numbers"),
        ("a --alias prod=1.5", "not a weight between 0 and 1"),
        ("a --alias prod=lots", "not a weight between 0 and 1"),
        ("a --alias prod --no-publish", "Leave one of the two out"),
        ("a --mount :/x", "the host's folder is missing"),
        ("a --mount /data:mnt", "Write /data:/mnt"),
        ("a --reserved -1", "out of range: 0–1,000"),
        ("a --reserved many", "takes a whole number of calls"),
        ("a --no-publish=yes", "takes no value"),
        ("a --description 'half", "a quote is opened and not closed"),
        (f"a --description '{'x' * 300}'", "longer than 256 characters"),
        ("näme", "only letters, digits, - and _"),
        (f"{'a' * 70}", "64 at most"),
        (f"a {' '.join(['--layer x'] * 6)}", "Lambda takes 5 at most"),
    ],
)
def test_says_what_is_wrong_and_what_to_write(line, says):
    with pytest.raises(RequestError, match=says):
        parse_cell_line(line)


def test_a_hash_inside_a_word_is_no_comment():
    assert parse_cell_line("a -e URL=http://x/#top # a remark").configuration() == {"environment": {"URL": "http://x/#top"}}
    assert parse_cell_line("a --description 'a # b' # c").values["description"] == "a # b"


def test_help_names_every_option():
    text = magic_help("  list")
    for option in OPTIONS:
        assert f"  {option.flag} " in text
        assert option.meaning in text
