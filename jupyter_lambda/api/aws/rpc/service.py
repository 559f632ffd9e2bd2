"""What a service is to the door: a model, functions that carry operations out, and how its errors are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_lambda.api.aws.service_model import ServiceModel
from jupyter_lambda.engine.engine import Engine

Values = dict[str, Any]
Handler = Callable[[Engine, Values], Awaitable[dict[str, Any] | None]]


@dataclass(frozen=True, slots=True)
class Service:
    """One service.

    Attributes:
        name: As IAM and signatures call it.
        title: As people call it.
        target: The first part of `X-Amz-Target`.
        model: Its operations and shapes.
        handlers: What carries out which operation; the others are refused by name.
        codes: Its own names of errors that are called otherwise elsewhere.
    """

    name: str
    title: str
    target: str
    model: ServiceModel
    handlers: Mapping[str, Handler]
    codes: Mapping[str, str]
