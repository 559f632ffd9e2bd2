"""From a capture to a deployed function: prove that it loads, upload it, deploy it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_lambda.capture.report import CaptureReport
from jupyter_lambda.errors import FunctionNotFound
from jupyter_lambda.model.engine_api import DeployAnswer, DeployRequest, ImageRequest
from jupyter_lambda.model.function import Configuration

if TYPE_CHECKING:
    from jupyter_lambda.capture.package import Capture
    from jupyter_lambda.client.engine_client import EngineClient

HOST: Final = "host"  # the image that is no image: this machine's own folders
_REQUIREMENTS_FOLDER: Final = "requirements"  # inside the home: installed sets, shared by all functions


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentChoices:
    """What the caller said besides the code; what is not said stays as it is on `$LATEST`.

    Attributes:
        options: Members of `Configuration` by name.
        requirements: pip's lines, as `parse_requirements` returns them.
        publish: Whether to give out a version number if the content changed.
        description: Words for the list of versions.
        alias: An alias to point to the new version.
        alias_weight: The new version's share of the alias's calls; None: all of them.
        reserved_concurrency: How many may run at once, set aside for this function.
        provisioned_concurrency: How many environments are kept ready.
        notebook: Who deploys; None: nobody in particular, then no owner is asked for.
        take_over: Deploy also what another notebook owns.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    requirements: Sequence[str] = ()
    publish: bool = True
    description: str = ""
    alias: str | None = None
    alias_weight: float | None = None
    reserved_concurrency: int | None = None
    provisioned_concurrency: int | None = None
    notebook: str | None = None
    take_over: bool = False


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a deployment did, and the capture's report with what the proof measured."""

    answer: DeployAnswer
    report: CaptureReport


def deploy_capture(engine: EngineClient, capture: Capture, choices: DeploymentChoices) -> Deployment:
    """Prove, upload, deploy. The capture stays the caller's, who closes it.

    Raises:
        CaptureFailed: The package does not load; nothing was deployed.
        CaptureError: pip could not install the requirements.
        SandboxError: The image that it would run in is not there, or could not be built.
        OwnedByAnotherNotebook: Another notebook deployed this name.
        RequestError: The engine refused an option.
    """
    from jupyter_lambda.capture.proof import prove

    folder = install(engine, capture, choices.requirements)
    proof = prove(capture, extra_path=[folder] if folder else [])
    engine.upload_blob(capture.package, capture.package_sha256)
    ensure_image(engine, capture, choices)
    answer = engine.deploy(capture.name, deploy_request(capture, choices, folder))
    version = f"v{answer.version}" if answer.version else "$LATEST"
    return Deployment(answer, proof.report.with_state("deployed", version=version))


def install(
    engine: EngineClient, capture: Capture, requirements: Sequence[str], *, progress: Callable[[str], None] | None = None
) -> str | None:
    """Install pip's lines for the capture's interpreter, telling `progress` what pip tells; the folder, None where there are none."""
    if not requirements:
        return None
    from jupyter_lambda.capture.pip_install import install_requirements

    cache = Path(engine.runtime.home) / _REQUIREMENTS_FOLDER
    wheels = engine.status().wheel_folder
    installed = install_requirements(
        requirements, capture.python, cache, find_links=Path(wheels) if wheels else None, progress=progress
    )
    return str(installed.folder)


def ensure_image(
    engine: EngineClient, capture: Capture, choices: DeploymentChoices, *, progress: Callable[[str], None] | None = None
) -> None:
    """Have the image at hand that the function will run in, telling `progress` what a build tells; nothing where there is none.

    Raises:
        SandboxError: It is not there, or could not be built; nothing was deployed.
    """
    status = engine.status()
    if not status.default_image:
        return  # an engine that knows no images
    present = _present(engine, capture.name)
    image, sandbox = choices.options.get("image", present.image), choices.options.get("sandbox", present.sandbox)
    kind = sandbox or ("docker" if image is not None else status.sandbox)
    if kind != "docker" or (image or status.default_image) == HOST:
        return
    requirements = tuple(choices.requirements) or present.requirements
    request = ImageRequest(python=capture.python, image=image, requirements=requirements, sandbox=kind)
    engine.ensure_image(request, progress or _ignore)


def _present(engine: EngineClient, name: str) -> Configuration:
    """What `$LATEST` has: options that are not set stay as they are."""
    try:
        return engine.function(name).function.latest.configuration
    except FunctionNotFound:
        return Configuration()


def _ignore(line: str) -> None:
    """Nobody listens."""


def deploy_request(capture: Capture, choices: DeploymentChoices, requirements_folder: str | None) -> DeployRequest:
    """What the engine is asked."""
    options = dict(choices.options)
    if choices.requirements:
        options["requirements"] = list(choices.requirements)
    return DeployRequest(
        package_sha256=capture.package_sha256,
        content_digest=capture.content_digest,
        handler=capture.handler,
        runtime=capture.runtime,
        python=capture.python,
        options=options,
        preload=capture.preload,
        requirements_folder=requirements_folder,
        source=capture.source,
        manifest=capture.manifest,
        notebook=choices.notebook,
        take_over=choices.take_over,
        publish=choices.publish,
        description=choices.description,
        alias=choices.alias,
        alias_weight=choices.alias_weight,
        reserved_concurrency=choices.reserved_concurrency,
        provisioned_concurrency=choices.provisioned_concurrency,
    )
