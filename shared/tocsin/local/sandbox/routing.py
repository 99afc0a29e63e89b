"""Which of the two providers a request is for: both have their API under `/v1` of one address.

`/razorpay` before the path says so; without it the key does, which Razorpay takes as basic
authorisation with a key id that begins with `rzp_`.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.endpoint import RAZORPAY, STRIPE

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX: Final = "/razorpay/"


def provider_of(path: str, headers: Mapping[str, str]) -> tuple[str, str]:
    """The provider, and the path as it is at that provider."""
    if path.startswith(_PREFIX):
        return RAZORPAY, path.removeprefix(_PREFIX[:-1])
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        key_id, _ = basic(credentials)
        if key_id.startswith("rzp_"):
            return RAZORPAY, path
    return STRIPE, path


def basic(credentials: str) -> tuple[str, str]:
    """User and password of basic authorisation; both empty for what cannot be read."""
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password
