"""Refusals in the provider's own words: status, `type`, `code`, `param`, message.

The official SDK turns these into its exception classes, so a wrong shape here would teach the
product to handle errors that the provider never sends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json


class ProviderRefusal(Exception):
    """An answer other than 200; `body` is what the provider would send."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        decline_code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        error = {"type": kind, "message": message, "code": code, "param": param}
        error["decline_code"] = decline_code
        self.body: Json = {"error": {key: value for key, value in error.items() if value}}


def missing(what: str, identifier: str, *, param: str = "id", status: int = 404) -> ProviderRefusal:
    """`No such customer: 'cus_…'`: 404 in a path, 400 when a parameter names the object."""
    return ProviderRefusal(
        status, f"No such {what}: '{identifier}'", code="resource_missing", param=param
    )


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> ProviderRefusal:
    """400: the request can never succeed as it is."""
    return ProviderRefusal(400, message, param=param, code=code)


def unauthenticated(key: str | None) -> ProviderRefusal:
    """401, showing no more of a wrong key than the provider does."""
    if not key:
        return ProviderRefusal(
            401, "You did not provide an API key. Use `Authorization: Bearer YOUR_SECRET_KEY`."
        )
    shown = f"{key[:8]}{'*' * max(0, len(key) - 12)}{key[-4:]}" if len(key) > 16 else "****"  # noqa: PLR2004  # shorter keys would be shown whole
    return ProviderRefusal(401, f"Invalid API Key provided: {shown}")


def no_such_account(identifier: str) -> ProviderRefusal:
    """403: the `Stripe-Account` header names an account that is not connected."""
    return ProviderRefusal(
        403,
        f"The provided key does not have access to account '{identifier}' (or that account does"
        f" not exist). Application access may have been revoked.",
        code="account_invalid",
    )


def declined(message: str = "Your card was declined.") -> ProviderRefusal:
    """402: the payment was refused by the card issuer."""
    return ProviderRefusal(
        402, message, kind="card_error", code="card_declined", decline_code="generic_decline"
    )


def key_reused(key: str) -> ProviderRefusal:
    """400: the idempotency key was used for another request."""
    return ProviderRefusal(
        400,
        f"Keys for idempotent requests can only be used with the same parameters they were first"
        f" used with. Try using a key other than '{key}' if you meant to execute a different"
        f" request.",
        kind="idempotency_error",
    )
