"""Comparing MACs: the part both providers' verifiers share.

Bytes throughout and in constant time. A header is foreign text, so turning it into bytes never
raises, whatever is in it.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def header_bytes(header: str) -> bytes:
    """The header as bytes; anything that is no Unicode text becomes `?` and matches nothing."""
    return header.encode("utf-8", "replace")


def any_matches(secrets: Iterable[bytes], message: bytes, claimed: Sequence[bytes]) -> bool:
    """Whether some secret's HMAC-SHA256 of the message, lower-case hex, is among the claimed.

    An empty secret proves nothing and is left out: everybody knows its MACs.
    """
    found = False
    for secret in secrets:
        if secret:
            expected = hmac.digest(secret, message, "sha256").hex().encode()
            for candidate in claimed:
                found |= hmac.compare_digest(expected, candidate)
    return found
