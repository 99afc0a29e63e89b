"""A budget of requests per second, shared by all who ask one provider for one account.

Stripe allows an account 100 requests a second live, 25 in test mode, and by default 25 per kind of
request (docs.stripe.com/rate-limits); what customers are doing comes out of the same. So a replay
takes less than all of it, and takes it second by second from one counter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.billing.identity import Identity

SLOTS = 8
"""Seconds kept side by side; a slot is used again for the second eight later."""

PER_SECOND = {"stripe": 20, "razorpay": 5}
"""Below what is published for Stripe; Razorpay publishes nothing and answers 429."""


def budget(identity: Identity) -> int:
    """Requests a second for background work on this account."""
    return PER_SECOND.get(identity.provider, 5)


def slot(second: int) -> int:
    """The counter of a second."""
    return second % SLOTS
