"""Razorpay's lists: `from` and `to` on creation, `count` up to 100, `skip`; newest first.

There are no cursors: a page shifts when something is added in front of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.razorpay.errors import bad_request
from tocsin.local.sandbox.razorpay.params import only, whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.local.sandbox.defaults import Json

PAGING: Final = frozenset({"from", "to", "count", "skip"})
WITHOUT_WINDOW: Final = frozenset({"count", "skip"})
_COUNT: Final = 10
_MOST: Final = 100
_FAR: Final = 10**12


def collection(items: list[Json]) -> Json:
    """A list as Razorpay wraps it; `count` is that of this page."""
    return {"entity": "collection", "count": len(items), "items": items}


def page(stored: Iterable[Json], params: Json, *, allowed: frozenset[str]) -> list[Json]:
    """One page of `stored`, given oldest first.

    Raises:
        RazorpayRefusal: an unknown parameter, or a count above 100.
    """
    only(params, allowed)
    count = whole(params, "count", least=1) or _COUNT
    if count > _MOST:
        raise bad_request("The count may not be greater than 100.", field="count")
    skip = whole(params, "skip") or 0
    lowest = whole(params, "from") or 0
    highest = whole(params, "to")
    highest = _FAR if highest is None else highest
    found = [one for one in stored if lowest <= one["created_at"] <= highest]
    newest_first = sorted(found, key=lambda one: int(one["created_at"]))[::-1]
    return newest_first[skip : skip + count]
