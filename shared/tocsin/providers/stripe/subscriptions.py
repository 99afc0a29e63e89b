"""Where Stripe lists its subscriptions (docs.stripe.com/api/subscriptions/list), newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = 100


def path(after: str | None) -> str:
    """One page; `status=all`, or those that ended would be left out."""
    query: dict[str, str | int] = {"status": "all", "limit": PAGE}
    if after is not None:
        query["starting_after"] = after
    return f"/v1/subscriptions?{urlencode(query)}"


def entries(document: Mapping[str, Any], after: str | None) -> tuple[list[Any], str | None]:
    """The objects, and the last one's id while there are more."""
    del after
    found, has_more = document["data"], document["has_more"]
    if not isinstance(found, list) or not isinstance(has_more, bool):
        raise TypeError("a page has a list and says whether there is more")
    if has_more and not found:
        raise ValueError("there cannot be more behind nothing")
    return found, str(found[-1]["id"]) if has_more else None
