"""Where Razorpay lists its subscriptions (razorpay.com/docs/api/payments/subscriptions/fetch-all).

Pages are counted from the newest one, so what is made meanwhile shows some of them twice, which
does no harm; nothing is skipped by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = 100


def path(after: str | None) -> str:
    """One page; `after` is how many were seen."""
    return f"/v1/subscriptions?{urlencode({'count': PAGE, 'skip': int(after or 0)})}"


def entries(document: Mapping[str, Any], after: str | None) -> tuple[list[Any], str | None]:
    """The objects, and how many were seen while a page is full."""
    found = document["items"]
    if not isinstance(found, list):
        raise TypeError("a page has a list")
    return found, str(int(after or 0) + len(found)) if len(found) >= PAGE else None
