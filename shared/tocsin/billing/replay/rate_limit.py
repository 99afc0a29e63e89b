"""A budget of requests per second, shared by all who ask one provider for one account.

What customers are doing comes out of the same. So background work takes less than all of what the
provider allows, and takes it second by second from one counter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.billing.provider import PROVIDERS

if TYPE_CHECKING:
    from tocsin.billing.identity import Identity

SLOTS = 8
"""Seconds kept side by side; a slot is used again for the second eight later."""

_CAUTIOUS = 5
"""Where nothing is known of a provider."""


def budget(identity: Identity) -> int:
    """Requests a second for background work on this account."""
    known = PROVIDERS.get(identity.provider)
    return _CAUTIOUS if known is None else known.per_second


def slot(second: int) -> int:
    """The counter of a second."""
    return second % SLOTS
