"""The provider's list semantics: newest first, cursors in both directions, `created` ranges.

`ending_before` gives the page just newer than the cursor, still newest first inside; walking with
it from an old object therefore yields pages oldest first, which is how the SDK pages forward in
time. Objects of one second keep the order in which they were made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.stripe.errors import invalid
from tocsin.local.sandbox.stripe.forms import integer, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.local.sandbox.defaults import Json

PAGING: Final = frozenset({"limit", "starting_after", "ending_before"})
_LIMIT: Final = 10
_MOST: Final = 100
_FAR: Final = 10**12
_COMPARISONS: Final = frozenset({"gt", "gte", "lt", "lte"})


def page(stored: Iterable[Json], params: Json) -> tuple[list[Json], bool]:
    """One page of `stored` (given oldest first) and whether more follow in that direction.

    Raises:
        ProviderRefusal: a bad limit, both cursors at once, or a cursor that is not in the list.
    """
    limit = page_limit(params)
    after, before = text(params, "starting_after"), text(params, "ending_before")
    if after and before:
        raise invalid("You can only pass one of starting_after and ending_before.")
    newest_first = sorted(stored, key=lambda one: int(one["created"]))[::-1]
    if before:
        newer = newest_first[: _position(newest_first, before, "ending_before")]
        return newer[-limit:], len(newer) > limit
    start = _position(newest_first, after, "starting_after") + 1 if after else 0
    rest = newest_first[start:]
    return rest[:limit], len(rest) > limit


def page_limit(params: Json) -> int:
    """How many the caller wants at once."""
    limit = integer(params, "limit", _LIMIT) or 0
    if not 1 <= limit <= _MOST:
        raise invalid("Invalid limit: it must be between 1 and 100.", param="limit")
    return limit


def bounds(params: Json) -> tuple[int, int]:
    """The first and the last second that `created` asks for, both included."""
    given = params.get("created")
    if given is None:
        return -_FAR, _FAR
    if isinstance(given, str):
        given = {"gte": given, "lte": given}
    if not isinstance(given, dict) or not given or set(given) - _COMPARISONS:
        raise invalid("Invalid created: use gt, gte, lt, lte.", param="created")
    seconds = {name: integer(given, name) or 0 for name in given}
    lowest = max(seconds.get("gt", -_FAR) + 1, seconds.get("gte", -_FAR))
    return lowest, min(seconds.get("lt", _FAR) - 1, seconds.get("lte", _FAR))


def in_range(stored: Iterable[Json], params: Json) -> list[Json]:
    """Those whose `created` is in the range or equal to the value given."""
    lowest, highest = bounds(params)
    return [one for one in stored if lowest <= int(one["created"]) <= highest]


def _position(listed: list[Json], identifier: str, param: str) -> int:
    for position, one in enumerate(listed):
        if one["id"] == identifier:
            return position
    raise invalid(f"No such object: '{identifier}'", param=param, code="resource_missing")
