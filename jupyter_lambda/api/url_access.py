"""Who may call a function URL: permissions of its policy, and CORS. Pure.

Source: AWS Lambda Developer Guide, "Control access to Lambda function URLs" (both permissions since October 2025) and "CORS".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_lambda.model.function_settings import FunctionUrl, Policy


def is_public(policy: Policy | None) -> bool:
    """Whether everybody may call a URL of the type NONE: InvokeFunctionUrl and InvokeFunction are both allowed to `*`."""
    statements = [one for one in (policy.statements if policy else ()) if one.get("Principal") == "*"]
    return any(_allows_url(one) for one in statements) and any(_allows_function(one) for one in statements)


def _allows_url(statement: dict[str, Any]) -> bool:
    condition = statement.get("Condition", {})
    auth = condition.get("StringEquals", {}).get("lambda:FunctionUrlAuthType", "NONE")
    return _names(statement, "lambda:InvokeFunctionUrl") and auth == "NONE"


def _allows_function(statement: dict[str, Any]) -> bool:
    via = statement.get("Condition", {}).get("Bool", {}).get("lambda:InvokedViaFunctionUrl", "true")
    return _names(statement, "lambda:InvokeFunction") and via == "true"


def _names(statement: dict[str, Any], action: str) -> bool:
    return statement.get("Action") in (action, "lambda:*", "*")


def allows_origin(url: FunctionUrl, origin: str) -> bool:
    """Whether a web page of this origin may call the URL."""
    return url.cors is not None and _fits(url.cors.get("AllowOrigins", ()), origin)


def cors_headers(url: FunctionUrl, origin: str) -> list[tuple[str, str]]:
    """What an answer to a page of an allowed origin carries."""
    cors = url.cors or {}
    headers = [("access-control-allow-origin", "*" if "*" in cors.get("AllowOrigins", ()) else origin), ("vary", "Origin")]
    if cors.get("AllowCredentials"):
        headers.append(("access-control-allow-credentials", "true"))
    if cors.get("ExposeHeaders"):
        headers.append(("access-control-expose-headers", ",".join(cors["ExposeHeaders"])))
    return headers


def preflight_headers(url: FunctionUrl, origin: str) -> list[tuple[str, str]]:
    """What the answer to a preflight request carries; the function is not asked."""
    cors = url.cors or {}
    headers = cors_headers(url, origin)
    for name, member in (("access-control-allow-methods", "AllowMethods"), ("access-control-allow-headers", "AllowHeaders")):
        if cors.get(member):
            headers.append((name, ",".join(cors[member])))
    if "MaxAge" in cors:
        headers.append(("access-control-max-age", str(cors["MaxAge"])))
    return headers


def _fits(allowed: Iterable[str], origin: str) -> bool:
    return any(one in ("*", origin) for one in allowed)
