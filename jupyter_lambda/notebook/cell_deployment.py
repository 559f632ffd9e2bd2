"""From a `%%lambda` cell to a deployed function.

    capture the cell ─▶ install requirements ─▶ prove the package ─▶ have its image built ─▶ deploy ─▶ what to show
    find or start the engine (a thread) ─────────────────────────────────────────┘

The engine takes half a second to start and capturing about as long: side by side they cost the longer of the two. Nothing is deployed
before the package was proved.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_lambda.capture.capturing import capture_cell
from jupyter_lambda.capture.options import PackageOptions
from jupyter_lambda.capture.proof import prove
from jupyter_lambda.capture.requirements import parse_requirements
from jupyter_lambda.client.deployment import Deployment, DeploymentChoices, deploy_request, ensure_image, install
from jupyter_lambda.client.handle import FunctionHandle
from jupyter_lambda.client.views.functions import limits_held
from jupyter_lambda.errors import OwnedByAnotherNotebook, RequestError
from jupyter_lambda.model.function import Mount, sandbox_kind
from jupyter_lambda.model.names import LATEST
from jupyter_lambda.notebook.deployment_view import DeploymentView
from jupyter_lambda.notebook.notebook_identity import may_be_same, notebook_identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from jupyter_lambda.capture.package import Capture
    from jupyter_lambda.client.engine_client import EngineClient
    from jupyter_lambda.model.engine_api import DeployAnswer, DeployRequest, EngineStatus
    from jupyter_lambda.model.function import Configuration
    from jupyter_lambda.notebook.cell_options import AliasOption, CellOptions


class CellDeployment:
    """One run of one cell.

    Args:
        options: The cell's line.
        source: The cell with its line, so that line numbers are those that the reader sees.
        namespace: The notebook's variables; read, never changed.
        connect: Finds or starts the engine.
        tell: Takes progress, a line at a time.
        cell_numbers: Execution counts by code file name, for the report's "as of cell [4]".
        folder: What relative paths are relative to: the kernel's working directory.
    """

    def __init__(
        self,
        options: CellOptions,
        source: str,
        namespace: Mapping[str, Any],
        *,
        connect: Callable[[], EngineClient],
        tell: Callable[[str], None],
        cell_numbers: Mapping[str, int] | None = None,
        folder: Path | None = None,
    ) -> None:
        self._options, self._source, self._namespace = options, source, namespace
        self._connect, self._tell, self._cell_numbers = connect, tell, cell_numbers
        self._folder = (folder or Path.cwd()).resolve()

    def run(self) -> tuple[DeploymentView, FunctionHandle]:
        """Capture, prove, deploy.

        Raises:
            CaptureFailed: The cell can't become a package; nothing was deployed.
            RequestError: The engine refused, or an option names what is not there.
            SandboxError: The image that it would run in is not there, or could not be built; nothing was deployed.
            EngineUnavailable: No engine could be started.
        """
        package_options = self._package_options()
        with ExitStack() as stack:
            # Not left by `with`: that would wait for an engine that starts for a cell which failed.
            executor = ThreadPoolExecutor(1, thread_name_prefix="jupyter-lambda-engine")
            stack.callback(executor.shutdown, wait=False)
            engine = executor.submit(self._connect)
            capture = stack.enter_context(
                capture_cell(
                    self._source,
                    self._namespace,
                    name=self._options.name,
                    options=package_options,
                    cell_numbers=self._cell_numbers,
                )
            )
            return self._prove_and_deploy(capture, package_options, engine)

    def _prove_and_deploy(
        self, capture: Capture, package_options: PackageOptions, engine: Future[EngineClient]
    ) -> tuple[DeploymentView, FunctionHandle]:
        """What needs the package, and then what needs the engine too."""
        folder = self._install(capture, package_options.requirements, engine)
        proof = prove(capture, extra_path=[folder] if folder else [])
        client = engine.result()
        client.upload_blob(capture.package, capture.package_sha256)
        choices = self._choices(package_options)
        ensure_image(client, capture, choices, progress=self._tell)
        answer = self._deploy(client, deploy_request(capture, choices, folder))
        version = f"v{answer.version}" if answer.version else "$LATEST"
        deployment = Deployment(answer, proof.report.with_state("deployed", version=version))
        status = client.status()
        sandbox, note = _where_it_runs(answer.function.latest.configuration, status)
        view = DeploymentView(
            answer,
            deployment.report,
            what_changed=what_changed(client, answer),
            sandbox=sandbox,
            sandbox_note=note,
            home=status.home,
            line=self._source.partition("\n")[0],
        )
        return view, FunctionHandle(self._options.name, client, deployment=deployment)

    def _deploy(self, client: EngineClient, request: DeployRequest) -> DeployAnswer:
        """Deploy; take over without being told where the owner may be this very notebook under another name."""
        try:
            return client.deploy(self._options.name, request)
        except OwnedByAnotherNotebook:
            owner = client.function(self._options.name).function.notebook
            if owner is None or request.notebook is None or not may_be_same(request.notebook, owner):
                raise
        return client.deploy(self._options.name, msgspec.structs.replace(request, take_over=True))

    def _choices(self, package_options: PackageOptions) -> DeploymentChoices:
        values = self._options.values
        alias: AliasOption | None = values.get("alias")
        options = self._options.configuration()
        if package_options.mounts:
            options["mounts"] = msgspec.to_builtins(package_options.mounts)
        return DeploymentChoices(
            options=options,
            requirements=package_options.requirements,
            publish=self._options.publish,
            description=values.get("description", ""),
            alias=alias.name if alias else None,
            alias_weight=alias.weight if alias else None,
            reserved_concurrency=values.get("reserved_concurrency"),
            provisioned_concurrency=values.get("provisioned_concurrency"),
            notebook=notebook_identity(self._namespace),
            take_over=self._options.take_over,
        )

    def _install(self, capture: Capture, lines: tuple[str, ...], engine: Future[EngineClient]) -> str | None:
        """Install what the line asks for into the engine's home, telling what pip tells; None where it asks for nothing."""
        if not lines:
            return None
        return install(engine.result(), capture, lines, progress=self._tell)

    def _requirements(self) -> tuple[str, ...]:
        text = self._options.values.get("requirements")
        return parse_requirements(text, self._folder) if text is not None else ()

    def _package_options(self) -> PackageOptions:
        values = self._options.values
        return PackageOptions(
            folder=self._folder,
            handler=values.get("handler"),
            runtime=values.get("runtime"),
            files=values.get("files", ()),
            requirements=self._requirements(),
            environment=dict(values.get("environment", ())),
            mounts=tuple(self._mount(source, target) for source, target in values.get("mounts", ())),
        )

    def _mount(self, source: str, target: str) -> Mount:
        path = (self._folder / Path(source).expanduser()).resolve()
        if not path.exists():
            raise RequestError(f"%%lambda --mount {source}", f"{path} is not there", "Name a folder of this machine.")
        return Mount(str(path), target or str(path))


def _where_it_runs(configuration: Configuration, status: EngineStatus) -> tuple[str, str]:
    """The function's sandbox, and a sentence about it: why the engine took it, or what holds the limits in the one that was chosen."""
    kind = sandbox_kind(configuration, status.sandbox)
    if kind == status.sandbox:
        return kind, status.sandbox_note
    rows = next((each.enforcement for each in status.sandboxes if each.kind == kind), ())
    held = f": {limits_held(rows)}" if rows else ""
    return kind, f"{kind.capitalize()} sandbox, as this function asks (others use {status.sandbox}){held}."


def what_changed(client: EngineClient, answer: DeployAnswer) -> tuple[str, ...]:
    """What the new version has that the one before had not, in a reader's words: `cell`, `model`, `--memory 128 MB → 512 MB`."""
    if "code" not in answer.changed:
        return answer.changed
    rest = tuple(change for change in answer.changed if change != "code")
    older = [v.version for v in client.function(answer.function.name).versions if v.version != answer.version]
    if not older:
        return answer.changed
    difference = client.difference(answer.function.name, older[-1], answer.version or LATEST)
    told = (*(["cell"] if difference.source else []), *difference.captured)
    return (*(told or ("files",)), *rest)
