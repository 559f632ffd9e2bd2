"""`jl.deploy` and `@jl.lambda_function`: a callable, a file or a folder becomes a function."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import msgspec

from jupyter_lambda.client.connection import engine as default_engine
from jupyter_lambda.client.deployment import DeploymentChoices, deploy_capture
from jupyter_lambda.client.handle import FunctionHandle
from jupyter_lambda.client.options import configuration_options
from jupyter_lambda.errors import RequestError
from jupyter_lambda.model.function import Mount
from jupyter_lambda.model.names import check_function_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jupyter_lambda.capture.options import PackageOptions
    from jupyter_lambda.capture.package import Capture
    from jupyter_lambda.client.engine_client import EngineClient

    Deployable = Callable[..., Any] | str | os.PathLike[str]


def deploy(
    handler: Deployable,
    name: str | None = None,
    *,
    entry: str | None = None,
    files: Iterable[str] | str = (),
    requirements: str | Sequence[str] = (),
    publish: bool = True,
    alias: str | None = None,
    alias_weight: float | None = None,
    reserved_concurrency: int | None = None,
    provisioned_concurrency: int | None = None,
    take_over: bool = False,
    notebook: str | None = None,
    engine: EngineClient | None = None,
    **options: Any,
) -> FunctionHandle:
    """Deploy a function and return its handle; a version is published when the content changed.

    Args:
        handler: A callable that takes event and context; or the path of a `.py` file or a folder.
        name: The function's name; None: the callable's, or the file's.
        entry: In a file or a folder, the function to call: `function` or `module.function`.
        files: Globs of files to put into the package.
        requirements: A requirements file, `"numpy pandas>=2"`, or a list of such lines.
        publish: False changes `$LATEST` only.
        alias: An alias to point to the new version.
        alias_weight: The new version's share of the alias's calls, 0.0–1.0; None: all of them.
        reserved_concurrency: How many may run at once, set aside for this function.
        provisioned_concurrency: How many environments are kept ready.
        take_over: Deploy also what another notebook owns.
        notebook: The notebook that shall own it; None asks for no owner.
        engine: The engine; None for the usual one.
        **options: Configuration, as on the cell's line or as the model names it: `memory_mib=512`, `timeout=10`,
            `environment={"NAME": "value"}`, `mounts=["/models"]`, … What is not given stays as it is.

    Raises:
        CaptureFailed: It can't become a package; nothing was deployed.
        RequestError: An option does not exist or is out of range, or the name is none.
    """
    name = check_function_name(name or _name_of(handler))
    configuration = configuration_options(options)
    package_options = _package_options(configuration, files, requirements)
    choices = DeploymentChoices(
        options=configuration,
        requirements=package_options.requirements,
        publish=publish,
        description=configuration.get("description", ""),
        alias=alias,
        alias_weight=alias_weight,
        reserved_concurrency=reserved_concurrency,
        provisioned_concurrency=provisioned_concurrency,
        notebook=notebook,
        take_over=take_over,
    )
    with _capture(handler, name, entry, package_options) as capture:
        engine = engine or default_engine()
        deployment = deploy_capture(engine, capture, choices)
    return FunctionHandle(name, engine, deployment=deployment)


@overload
def lambda_function(handler: Callable[..., Any], /) -> FunctionHandle: ...
@overload
def lambda_function(name: str | None = None, /, **options: Any) -> Callable[[Callable[..., Any]], FunctionHandle]: ...
def lambda_function(
    handler: Callable[..., Any] | str | None = None, /, **options: Any
) -> FunctionHandle | Callable[[Callable[..., Any]], FunctionHandle]:
    """Deploy the function below; its name then is a handle.

    As it stands, or with `deploy`'s options:

        @jl.lambda_function(memory=512)
        def resize(event, context): ...

    Calling `resize({...})` invokes it; `resize.map`, `resize.versions` and the others are a handle's.
    """
    if callable(handler):
        return deploy(handler)
    if handler is not None:
        options = {"name": handler, **options}

    def decorate(function: Callable[..., Any]) -> FunctionHandle:
        return deploy(function, **options)

    return decorate


def _name_of(handler: Deployable) -> str:
    if isinstance(handler, (str, os.PathLike)):
        return Path(handler).resolve().stem
    found = getattr(handler, "__name__", None) or type(handler).__name__
    if found == "<lambda>":
        raise RequestError("function's name", "a lambda has none", 'Give name="…".')
    return str(found)


def _package_options(
    configuration: Mapping[str, Any], files: Iterable[str] | str, requirements: str | Sequence[str]
) -> PackageOptions:
    from jupyter_lambda.capture.options import PackageOptions
    from jupyter_lambda.capture.requirements import parse_requirements

    folder = Path.cwd()
    text = requirements if isinstance(requirements, str) else " ".join(requirements)
    lines = parse_requirements(text, folder) if text.strip() else ()
    for mount in configuration.get("mounts", ()):
        if not Path(mount["source"]).exists():
            raise RequestError(f"mount {mount['source']}", "it is not there", "Name a folder of this machine.")
    return PackageOptions(
        folder=folder,
        runtime=configuration.get("runtime"),
        handler=configuration.get("handler"),
        files=(files,) if isinstance(files, str) else tuple(files),
        requirements=lines,
        environment=configuration.get("environment", {}),
        mounts=msgspec.convert(configuration.get("mounts", []), tuple[Mount, ...]),
    )


def _capture(handler: Deployable, name: str, entry: str | None, package_options: PackageOptions) -> Capture:
    from jupyter_lambda.capture.capturing import capture_callable, capture_path

    if isinstance(handler, (str, os.PathLike)):
        return capture_path(os.fspath(handler), name=name, handler=entry, options=package_options)
    if entry is not None:
        raise RequestError(f'entry "{entry}"', "a callable has no entries", "Give the callable itself.")
    if not callable(handler):
        raise RequestError(
            f'handler of function "{name}"', f"{handler!r:.40} can't be called", "Give a function, or a file's path."
        )
    return capture_callable(handler, name=name, options=package_options)
