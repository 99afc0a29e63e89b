"""The one call of containment that neither moto nor the emulator knows, answered as IAM does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.client import BaseClient

if TYPE_CHECKING:
    import pytest


def nobody_has_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a user without credentials for single services; the call itself is in a stub's test."""
    client: Any = BaseClient
    ask = client._make_api_call  # every call of botocore passes here

    def asked(self: Any, operation: str, request: Any) -> Any:
        if operation == "ListServiceSpecificCredentials":
            return {"ServiceSpecificCredentials": []}
        return ask(self, operation, request)

    monkeypatch.setattr(BaseClient, "_make_api_call", asked)
