"""The few values the sandbox and whoever starts or calls it have to agree on."""

from __future__ import annotations

from typing import Any, Final

type Json = dict[str, Any]

DEFAULT_API_KEY: Final = "sk_test_tocsin_sandbox"

"""Accepted when no other key is given; worth nothing outside a loopback sandbox."""

RAZORPAY_KEY_ID: Final = "rzp_test_tocsin_sandbox"

"""The Razorpay key's id, its secret being the API key; any that begins with `rzp_` is taken."""

ACCOUNT: Final = "acct_local"

"""The account every object of the sandbox belongs to."""

RAZORPAY_ACCOUNT: Final = "acc_local"

"""The merchant that Razorpay's webhooks name."""

ENDPOINTS: Final = {"stripe": "we_local", "razorpay": "rzp_local"}

"""By provider, the webhook endpoint that is the local stage's."""

RETENTION_SECONDS: Final = 30 * 86_400

"""How long an event can be listed or read, as at the provider."""

HOST: Final = "127.0.0.1"

NEWEST: Final = "2026-10-28.endive"
