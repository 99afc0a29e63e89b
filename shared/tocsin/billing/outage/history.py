"""What became of subscriptions in a time that is over: late payments and spells without access.

Read from the snapshots that the ledger keeps. A payment is late by the provider's own times. Access
is what we gave, so it changes when we heard of something, not when it happened: a subscription that
was paid while its event was lost gave no access until the event came. While a person's correction
gave access, nothing was lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.billing.outage.impact import LatePayment, LostAccess
from tocsin.billing.subscription import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tocsin.billing.subscription import Subscription


type Access = Callable[[Subscription, int], bool]

type Price = Callable[[str], tuple[int, str] | None]

type Corrected = Mapping[tuple[str, str], Sequence[tuple[int, int]]]

OWING = frozenset({Status.PAST_DUE, Status.SUSPENDED})

PAYING = frozenset({Status.ACTIVE, Status.TRIALING})

TAKEN_AWAY = frozenset({Status.SUSPENDED, Status.EXPIRED})

"""Without access because something went wrong. Who cancelled, paused or is done lost nothing."""

NOTICED_LATE = 300

"""Seconds between a change and our hearing of it, from which on a customer was kept out by us."""


@dataclass(frozen=True, slots=True)
class Told:
    """One state of a subscription: when it was made there, and when it was known here."""

    provider: str
    state: Subscription
    made_at: int
    known_at: int


@dataclass(frozen=True, slots=True)
class History:
    """What was told in a time; `complete` is false where more may have been."""

    told: tuple[Told, ...]
    complete: bool


def late_payments(
    told: Sequence[Told], *, since: int, until: int, price: Price
) -> tuple[LatePayment, ...]:
    """Payments that became late between the two, and when they came, as far as was told."""
    found = []
    for (_, name), states in _by_subscription(told):
        due: Told | None = None
        for each in sorted(states, key=lambda each: (each.made_at, each.known_at)):
            status = each.state.status
            if status in OWING:
                due = due or each
            elif due is not None:
                paid_at = each.made_at if status in PAYING else None
                found.append(_late(name, due, paid_at, price))
                due = None
        if due is not None:
            found.append(_late(name, due, None, price))
    return tuple(each for each in found if since <= each.due_at <= until)


def lost_access(
    told: Sequence[Told],
    *,
    since: int,
    until: int,
    price: Price,
    access: Access,
    corrected: Corrected | None = None,
) -> tuple[LostAccess, ...]:
    """Spells without access between the two. `access` is what a state gives at a time.

    `corrected` are the times (from, to) in which a correction gave access, by provider and id of
    the subscription, oldest first: they are taken out of its spells.
    """
    found = list[LostAccess]()
    for whose, states in _by_subscription(told):
        given = () if corrected is None else corrected.get(whose, ())
        for spell in _spells(states, price, access):
            found += _without(spell, given)
    return tuple(
        each
        for each in found
        if each.since <= until and (each.until is None or each.until >= since)
    )


def _spells(states: Iterable[Told], price: Price, access: Access) -> Iterator[LostAccess]:
    present: Told | None = None
    lost: int | None = None
    for each in sorted(states, key=lambda each: (each.known_at, each.made_at)):
        if present is not None and each.made_at < present.made_at:
            continue  # an older one that came later changes nothing
        gives = access(each.state, each.known_at)
        if lost is not None and (gives or each.state.status not in TAKEN_AWAY):
            yield _lost(each, lost, each.known_at, price)
            lost = None
        elif gives and present is not None and not access(present.state, each.made_at):
            if each.known_at - each.made_at > NOTICED_LATE:
                yield _lost(each, each.made_at, each.known_at, price)
        elif lost is None and not gives and each.state.status in TAKEN_AWAY:
            lost = each.known_at
        present = each
    if lost is not None and present is not None:
        yield _lost(present, lost, None, price)


def _without(spell: LostAccess, given: Sequence[tuple[int, int]]) -> Iterator[LostAccess]:
    """What is left of a spell when those times are taken out of it."""
    since = spell.since
    for start, end in given:
        if end <= since or (spell.until is not None and start >= spell.until):
            continue
        if start > since:
            yield replace(spell, since=since, until=start)
        since = end
    if spell.until is None or since < spell.until:
        yield replace(spell, since=since)


def _lost(told: Told, since: int, until: int | None, price: Price) -> LostAccess:
    amount, currency = price(told.state.plan) or (None, None)
    return LostAccess(told.state.workspace or "", since, until, amount, currency)


def _late(name: str, due: Told, paid_at: int | None, price: Price) -> LatePayment:
    amount, currency = price(due.state.plan) or (None, None)
    workspace = due.state.workspace or ""
    return LatePayment(workspace, due.provider, name, amount, currency, due.made_at, paid_at)


def _by_subscription(
    told: Sequence[Told],
) -> Iterator[tuple[tuple[str, str], list[Told]]]:
    groups: dict[tuple[str, str], list[Told]] = {}
    for each in told:
        groups.setdefault((each.provider, each.state.id), []).append(each)
    yield from sorted(groups.items())
