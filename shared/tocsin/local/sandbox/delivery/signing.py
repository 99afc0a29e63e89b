"""Signs webhook deliveries as the provider does: HMAC-SHA256 over `<seconds>.<body>`.

While a secret is being rolled the provider sends one signature per active secret in one header.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def hex_mac(secret: str, message: bytes) -> str:
    """HMAC-SHA256 in lower-case hex; for Razorpay, over the body alone, the whole signature."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def signature_header(body: bytes, secrets: Sequence[str], *, at: int) -> str:
    """`t=<at>,v1=<hex>[,v1=<hex>…]`; the key is the whole secret, `whsec_` included."""
    signatures = [hex_mac(secret, b"%d." % at + body) for secret in secrets]
    return ",".join([f"t={at}", *(f"v1={signature}" for signature in signatures)])
