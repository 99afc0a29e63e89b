"""Where Stripe lists its events (docs.stripe.com/api/events/list): 30 days back, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tocsin.billing.replay.cursor import PAGE

if TYPE_CHECKING:
    from tocsin.billing.replay.cursor import Slice


def path(wanted: Slice) -> str:
    """The path and query of one list call.

    All types and whatever became of their delivery: an event that was answered with 200 and then
    lost, or made while the endpoint was disabled, is not among the undelivered ones.
    """
    query = {"created[gte]": wanted.start, "created[lt]": wanted.end, "limit": PAGE}
    text = urlencode(query)
    return f"/v1/events?{text}" + (
        f"&{urlencode({'starting_after': wanted.after})}" if wanted.after else ""
    )
