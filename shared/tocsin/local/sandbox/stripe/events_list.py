"""`GET /v1/events`: a window of seconds, newest first, paged in both directions.

Walks from the cursor only as far as the page needs, so that a hundredth page of a long history
costs what the first one does.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.defaults import RETENTION_SECONDS
from tocsin.local.sandbox.event_store import unpacked
from tocsin.local.sandbox.stripe.errors import invalid
from tocsin.local.sandbox.stripe.forms import boolean, only, sequence, text
from tocsin.local.sandbox.stripe.lists import PAGING, bounds, page_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.event_store import Kept
    from tocsin.local.sandbox.stripe.account import Account

_MOST_TYPES: Final = 20
_END_OF_TIME: Final = 10**12


def list_events(
    account: Account,
    params: Json,
    *,
    now: int,
    delivered: Callable[[str], bool],
    as_of: int | None = None,
) -> tuple[list[Json], bool]:
    """Stored events of the last 30 days and whether more follow.

    `delivered` says whether every endpoint answered 2xx; `as_of` is how late the replica that
    answers is: it lists nothing made after that.

    Raises:
        ProviderRefusal: a bad limit, range, type or cursor.
    """
    only(params, PAGING | {"created", "type", "types", "delivery_success"})
    limit, types = page_limit(params), _types(params)
    success = boolean(params, "delivery_success")

    def wanted(one: Kept) -> bool:
        return (
            not one.kind.startswith("v2.")
            and (as_of is None or one.made_at <= as_of)
            and (not types or any(_matches(one.kind, kind) for kind in types))
            and (success is None or delivered(one.id) == success)
        )

    lowest, highest = bounds(params)
    first, end = account.events.between(
        max(lowest, now - RETENTION_SECONDS), min(highest, _END_OF_TIME)
    )
    after, before = text(params, "starting_after"), text(params, "ending_before")
    if after and before:
        raise invalid("You can only pass one of starting_after and ending_before.")
    if before:
        start = max(_position(account, before, "ending_before") + 1, first)
        upward = _some(account, range(start, end), wanted, limit + 1)
        return [unpacked(one) for one in reversed(upward[:limit])], len(upward) > limit
    if after:
        end = min(_position(account, after, "starting_after"), end)
    downward = _some(account, range(end - 1, first - 1, -1), wanted, limit + 1)
    return [unpacked(one) for one in downward[:limit]], len(downward) > limit


def _some(
    account: Account, positions: Iterable[int], wanted: Callable[[Kept], bool], most: int
) -> list[Kept]:
    walked = (account.events.at(position) for position in positions)
    return list(islice((one for one in walked if wanted(one)), most))


def _types(params: Json) -> list[str]:
    if "type" in params and "types" in params:
        raise invalid("You can only pass one of type and types.", param="types")
    types = sequence(params, "types")
    if len(types) > _MOST_TYPES:
        raise invalid("You can pass up to 20 types.", param="types")
    single = text(params, "type")
    return [single] if single else types


def _position(account: Account, identifier: str, param: str) -> int:
    position = account.events.position(identifier)
    if position is None:
        raise invalid(f"No such object: '{identifier}'", param=param, code="resource_missing")
    return position


def _matches(kind: str, pattern: str) -> bool:
    return kind.startswith(pattern[:-1]) if pattern.endswith("*") else kind == pattern
