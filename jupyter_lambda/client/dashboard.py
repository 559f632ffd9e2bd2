"""`jl.dashboard`: functions and environments at a glance, with real figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_lambda.client.connection import engine as default_engine
from jupyter_lambda.client.views.functions import FunctionList
from jupyter_lambda.client.views.table import Cell, Column, Row, html_table, text_table
from jupyter_lambda.client.views.view import View, escaped
from jupyter_lambda.model.environment import EnvironmentState
from jupyter_lambda.telemetry import quantities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lambda.client.engine_client import EngineClient
    from jupyter_lambda.model.engine_api import EngineStatus, FunctionDetail, Metrics
    from jupyter_lambda.model.environment import EnvironmentView

_ENVIRONMENTS: Final = (
    Column("Environment"), Column("Function"), Column("Version", number=True), Column("State"), Column("Invocations", number=True),
    Column("Memory", number=True), Column("Init", number=True),
)  # fmt: skip
_CALLS: Final = (
    Column("Function"), Column("Invocations", number=True), Column("Errors", number=True), Column("Cold", number=True),
    Column("p50", number=True), Column("p99", number=True), Column("Cost on AWS", number=True),
)  # fmt: skip


class Dashboard(View):
    """What the engine has and does, as of the moment it was asked."""

    label = "jupyter-lambda"

    def __init__(
        self,
        status: EngineStatus,
        functions: Sequence[FunctionDetail],
        environments: Sequence[EnvironmentView],
        metrics: Sequence[Metrics],
    ) -> None:
        self.status = status
        self.functions = tuple(functions)
        self.environments = tuple(one for one in environments if one.state is not EnvironmentState.ENDED)
        self.metrics = tuple(sorted(metrics, key=lambda one: one.function_name))

    def text(self) -> str:
        """The engine in a line, then the tables."""
        parts = [" · ".join(self._engine_words()), FunctionList(self.functions).text()]
        if self.metrics:
            parts.append(text_table(_CALLS, [_calls_row(one) for one in self.metrics]))
        if self.environments:
            parts.append(text_table(_ENVIRONMENTS, [_environment_row(one) for one in self.environments]))
        return "\n\n".join(parts)

    def markup(self) -> str:
        """The same."""
        parts = [f'<p class="quiet">{escaped(" · ".join(self._engine_words()))}</p>', FunctionList(self.functions).markup()]
        if self.metrics:
            parts += ["<h4>Invocations</h4>", html_table(_CALLS, [_calls_row(one) for one in self.metrics])]
        if self.environments:
            parts += ["<h4>Environments</h4>", html_table(_ENVIRONMENTS, [_environment_row(one) for one in self.environments])]
        return "".join(parts)

    def as_json(self) -> Any:
        """All of it."""
        return msgspec.to_builtins(
            {"status": self.status, "functions": self.functions, "environments": self.environments, "metrics": self.metrics}
        )

    def _engine_words(self) -> list[str]:
        status = self.status
        words = [f"engine {status.version}", f"{status.sandbox} sandbox", f"{status.running:,} running"]
        if status.budget_mib:
            words.append(f"memory {status.budget_used_mib:,} of {quantities.memory(status.budget_mib)}")
        if status.queued_events:
            words.append(f"{status.queued_events:,} events queued")
        return [*words, status.home]


def dashboard(*, engine: EngineClient | None = None) -> Dashboard:
    """Functions, what was invoked and the environments there are, as of now."""
    client = engine or default_engine()
    functions = client.functions()
    metrics = [client.metrics(detail.function.name) for detail in functions]
    return Dashboard(client.status(), functions, client.environments(), metrics)


def _environment_row(one: EnvironmentView) -> Row:
    return (
        Cell(one.environment_id[:8], "mono"),
        one.function_name,
        one.version,
        Cell(one.state.value, "alive" if one.state is EnvironmentState.BUSY else ""),
        f"{one.invocations:,}",
        f"{one.held_mib} of {quantities.memory(one.memory_mib)}",
        quantities.duration(one.init_ms),
    )


def _calls_row(one: Metrics) -> Row:
    return (
        Cell(one.function_name, "mono strong"),
        f"{one.invocations:,}",
        Cell(f"{one.errors:,}", "bad" if one.errors else ""),
        f"{one.cold_starts:,}",
        quantities.duration(one.duration_p50_ms),
        quantities.duration(one.duration_p99_ms),
        quantities.cost(one.cost_usd),
    )
