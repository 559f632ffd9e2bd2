"""Layers and code signing configurations.

Source: AWS Lambda API Reference; Developer Guide, "Packaging your layer content"; recorded errors.
"""

from __future__ import annotations

import io
import urllib.request
import uuid
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.conftest import RUNTIME, zipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.conftest import Functions

ARN = "arn:aws:lambda:us-east-1:000000000000:layer:"


@pytest.fixture
def layer() -> str:
    return f"layer-{uuid.uuid4().hex[:8]}"


def publish(client: Any, layer: str, **files: str) -> Any:
    return client.publish_layer_version(
        LayerName=layer, Content={"ZipFile": zipped("", **files)}, CompatibleRuntimes=[RUNTIME], Description="d"
    )


def test_a_layer_lives(client: Any, layer: str, refused: Callable[..., Any]) -> None:
    made = publish(client, layer, **{"python/deps.py": "x = 1"})
    assert (made["ResponseMetadata"]["HTTPStatusCode"], made["Version"]) == (201, 1)
    assert (made["LayerArn"], made["LayerVersionArn"]) == (ARN + layer, f"{ARN}{layer}:1")
    with urllib.request.urlopen(made["Content"]["Location"], timeout=10) as answer:
        assert "python/deps.py" in zipfile.ZipFile(io.BytesIO(answer.read())).namelist()
    assert publish(client, layer)["Version"] == 2
    versions = client.list_layer_versions(LayerName=layer)["LayerVersions"]
    assert [v["Version"] for v in versions] == [2, 1]
    assert client.get_layer_version_by_arn(Arn=f"{ARN}{layer}:1")["Description"] == "d"
    listed = {one["LayerName"]: one["LatestMatchingVersion"]["Version"] for one in client.list_layers()["Layers"]}
    assert listed[layer] == 2
    assert layer not in {one["LayerName"] for one in client.list_layers(CompatibleRuntime="ruby3.4")["Layers"]}

    assert client.delete_layer_version(LayerName=layer, VersionNumber=2)["ResponseMetadata"]["HTTPStatusCode"] == 204
    client.delete_layer_version(LayerName=layer, VersionNumber=2)
    assert publish(client, layer)["Version"] == 3
    error = refused(client.get_layer_version, LayerName=layer, VersionNumber=2)
    assert (error.code, error.message) == ("ResourceNotFoundException", "The resource you requested does not exist.")
    assert refused(client.get_layer_version, LayerName=layer, VersionNumber=0).message == "Layer Version Cannot be less than 1"


def test_a_function_imports_from_its_layers_the_later_one_first(client: Any, layer: str, functions: Functions) -> None:
    first = publish(
        client, f"{layer}-a", **{"python/one.py": "x = 'a'", "python/both.py": "x = 'a'", "bin/tool": "#!/bin/sh\necho tool"}
    )
    second = publish(
        client, f"{layer}-b", **{f"python/lib/{RUNTIME}/site-packages/two.py": "x = 'b'", "python/both.py": "x = 'b'"}
    )
    arns = [first["LayerVersionArn"], second["LayerVersionArn"]]
    source = (
        "import one, two, both, subprocess\n"
        "def handler(event, context):\n"
        "    at_opt = open('/opt/python/both.py').read(), subprocess.run(['/opt/bin/tool'], capture_output=True, text=True).stdout\n"
        "    return [one.x, two.x, both.x, subprocess.run(['tool'], capture_output=True, text=True).stdout, *at_opt]\n"
    )
    name = functions.create(source, Layers=arns)
    configuration = client.get_function_configuration(FunctionName=name)
    assert [used["Arn"] for used in configuration["Layers"]] == arns
    assert all(used["CodeSize"] > 0 for used in configuration["Layers"])
    client.delete_layer_version(LayerName=f"{layer}-a", VersionNumber=1)
    assert client.invoke(FunctionName=name)["Payload"].read() == b'["a", "b", "b", "tool\\n", "x = \'b\'", "tool\\n"]'
    client.update_function_configuration(FunctionName=name, Layers=[])
    assert client.invoke(FunctionName=name)["FunctionError"] == "Unhandled"


def test_layers_that_aws_refuses(client: Any, layer: str, functions: Functions, refused: Callable[..., Any]) -> None:
    for _ in range(2):
        publish(client, layer)
    one, two = (f"{ARN}{layer}:{number}" for number in (1, 2))
    elsewhere = f"arn:aws:lambda:eu-west-1:000000000000:layer:{layer}:1"
    for layers, message in (
        ([f"{ARN}{layer}:9"], f"Layer version {ARN}{layer}:9 does not exist."),
        ([elsewhere], "Layers are not in the same region as the function. Layers are expected to be in region us-east-1."),
        (
            [one, two],
            "Two different versions of the same layer are not allowed to be referenced in the same function. "
            f"{one} and {two} are versions of the same layer.",
        ),
        ([f"{ARN}{layer}:{n}" for n in range(1, 7)], "Cannot reference more than 5 layers."),
    ):
        error = refused(functions.create, Layers=layers)
        assert (error.code, error.message, error.members) == ("InvalidParameterValueException", message, {"Type": "User"})


def test_a_layers_policy(client: Any, layer: str, refused: Callable[..., Any]) -> None:
    publish(client, layer)
    given = {"LayerName": layer, "VersionNumber": 1}
    assert refused(client.get_layer_version_policy, **given).message == "No policy is associated with the given resource."
    statement = {"StatementId": "s1", "Action": "lambda:GetLayerVersion", "Principal": "*"}
    added = client.add_layer_version_permission(**given, **statement)
    assert added["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert client.get_layer_version_policy(**given)["RevisionId"] == added["RevisionId"]
    assert refused(client.add_layer_version_permission, **given, **statement).code == "ResourceConflictException"
    error = refused(client.add_layer_version_permission, **given, **{**statement, "Action": "*"})
    assert error.message == (
        "1 validation error detected: Value '*' at 'action' failed to satisfy constraint: Member must satisfy regular expression "
        "pattern: lambda:GetLayerVersion"
    )
    error = refused(client.remove_layer_version_permission, **given, StatementId="s1", RevisionId="old")
    assert (error.code, error.message) == (
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the latest Revision Id",
    )  # fmt: skip
    assert client.remove_layer_version_permission(**given, StatementId="s1")["ResponseMetadata"]["HTTPStatusCode"] == 204
    error = refused(client.remove_layer_version_permission, **given, StatementId="doesnotexist")
    assert error.message == "Statement doesnotexist is not found in resource policy."
    error = refused(client.add_layer_version_permission, **{**given, "LayerName": f"{layer}-doesnotexist"}, **statement)
    assert (error.status, error.message) == (404, f"Layer version {ARN}{layer}-doesnotexist:1 does not exist.")


def test_code_signing(client: Any, function: str, functions: Functions, refused: Callable[..., Any]) -> None:
    publisher = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/0123456789"
    made = client.create_code_signing_config(AllowedPublishers={"SigningProfileVersionArns": [publisher]})["CodeSigningConfig"]
    arn = made["CodeSigningConfigArn"]
    assert made["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Warn"}
    client.update_code_signing_config(CodeSigningConfigArn=arn, CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Enforce"})
    look = client.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"]
    assert look["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Enforce"}
    client.put_function_code_signing_config(FunctionName=function, CodeSigningConfigArn=arn)
    assert client.get_function_code_signing_config(FunctionName=function)["CodeSigningConfigArn"] == arn
    used = client.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"]
    assert used == [f"arn:aws:lambda:us-east-1:000000000000:function:{function}"]
    assert refused(client.delete_code_signing_config, CodeSigningConfigArn=arn).code == "ResourceConflictException"
    for operation, values in (
        (client.update_function_code, {"FunctionName": function, "ZipFile": zipped()}),
        (functions.create, {"CodeSigningConfigArn": arn}),
    ):
        error = refused(operation, **values)
        assert (error.code, error.status) == ("CodeVerificationFailedException", 400)
    client.update_function_configuration(FunctionName=function, Timeout=7)  # the code stays what it was
    client.delete_function_code_signing_config(FunctionName=function)
    client.update_function_code(FunctionName=function, ZipFile=zipped())
    client.delete_code_signing_config(CodeSigningConfigArn=arn)
    assert arn not in {one["CodeSigningConfigArn"] for one in client.list_code_signing_configs()["CodeSigningConfigs"]}
    error = refused(client.get_code_signing_config, CodeSigningConfigArn=arn)
    assert (error.code, error.message, error.members) == (
        "ResourceNotFoundException", f"The Lambda code signing configuration {arn} can not be found.", {},
    )  # fmt: skip
    for operation, values in (
        (client.put_function_code_signing_config, {"FunctionName": function}),
        (functions.create, {}),
    ):
        error = refused(operation, CodeSigningConfigArn=arn, **values)
        assert (error.code, error.status) == ("CodeSigningConfigNotFoundException", 404)
        assert error.message.endswith(f"Check that the provided configuration is not deleted: {arn}.")
