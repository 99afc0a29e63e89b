"""The keys of signed webhooks: each way has its own, made from one master key."""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING

from tocsin.errors import SecretUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping


def secret_of(master: bytes, way_id: str) -> bytes:
    """The secret of one way."""
    return hmac.digest(master, f"webhook:{way_id}".encode(), "sha256")


def shown(secret: bytes) -> str:
    """A secret as the receiver's library wants it."""
    return "whsec_" + base64.b64encode(secret).decode()


def signature(secret: bytes, name: str, stamp: str, body: bytes) -> str:
    """The value of `webhook-signature`."""
    signed = hmac.digest(secret, f"{name}.{stamp}.".encode() + body, "sha256")
    return "v1," + base64.b64encode(signed).decode()


def master_key(document: Mapping[str, object]) -> bytes:
    """The master key in the secret `delivery-keys`.

    Raises:
        SecretUnavailable: there is none of at least 32 bytes.
    """
    try:
        key = bytes.fromhex(str(document["webhooks"]))
    except (KeyError, ValueError) as error:
        raise SecretUnavailable("the secret holds no key for webhooks") from error
    if len(key) < 32:  # noqa: PLR2004 - bytes of SHA-256
        raise SecretUnavailable("the key for webhooks has fewer than 32 bytes")
    return key
