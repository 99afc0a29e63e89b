"""What goes over the wire for one delivery: the bytes of the body and the provider's headers."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.local.sandbox.delivery.signing import hex_mac, signature_header
from tocsin.local.sandbox.stripe.account import render_event, render_thin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.endpoint import Endpoint
    from tocsin.local.sandbox.razorpay.merchant import Made


@dataclass(frozen=True, slots=True)
class Message:
    """One signed POST."""

    body: bytes
    headers: Mapping[str, str]


def stripe_message(event: Json, endpoint: Endpoint, *, provider_now: int) -> Message:
    """The event in the endpoint's shape, signed now with every secret in force.

    The signed time is the real one: it is checked against the receiver's own clock.
    """
    thin = endpoint.payload == "thin"
    shown = render_thin(event) if thin else render_event(event, endpoint.api_version)
    body = json.dumps(shown, indent=2).encode()
    at = int(time.time()) + endpoint.signing_skew_seconds
    signature = signature_header(body, endpoint.signing_with(provider_now), at=at)
    return Message(
        body,
        {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "stripe-signature": signature,
        },
    )


def razorpay_message(made: Made, secret: str) -> Message:
    """The event as it was made, signed with one secret; its id is in a header only."""
    return Message(
        made.body,
        {
            "content-type": "application/json",
            "user-agent": "Razorpay-Webhook/v1",
            "x-razorpay-signature": hex_mac(secret, made.body),
            "x-razorpay-event-id": made.id,
        },
    )
