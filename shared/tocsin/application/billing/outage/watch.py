"""One look at all providers: what is wrong, since when, and what is to be said about it.

What was seen is kept between looks in one record per stage, so that a trouble begins at once and
ends only after a calm spell, whichever copy of the function looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.billing.checkout.breaker import Phase
from tocsin.billing.outage.divergence import divergence
from tocsin.billing.outage.memory import UPDATE_EVERY, Memory, Seen
from tocsin.billing.outage.signs import (
    DELIVERIES,
    LOOK_BACK,
    PROBES_IN_A_ROW,
    URGENT,
    Arrivals,
    Tally,
    Trouble,
    Watched,
    backlog,
    checkouts,
    refusals,
    silence,
)
from tocsin.billing.outage.wording import Situation, word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.billing.checkout.attempts import Attempt
    from tocsin.billing.checkout.breaker import Breaker
    from tocsin.billing.checkout.routing import Price
    from tocsin.billing.identity import Identity
    from tocsin.billing.outage.divergence import Comparison
    from tocsin.billing.outage.signs import Health


type Prices = Mapping[tuple[str, str], Price]

"""The runbook wants the degraded path told within 30 minutes; the page promises as often."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at one provider brought in."""

    identity: Identity
    attempts: Sequence[Attempt]
    breaker: Breaker
    health: Health
    newest_arrival: int | None
    comparison: Comparison | None = None


def judge(look: Look, before: Seen, *, now: int) -> Seen:
    """What is remembered after a look."""
    health = look.health
    failed = 0 if health.reachable else before.failed_probes + 1
    arrivals = before.arrivals.noted(look.newest_arrival)
    found: dict[Trouble, Tally | None] = {
        Trouble.CHECKOUT: _checkout(look, now),
        Trouble.REFUSED: refusals(look.attempts, now=now),
        Trouble.UNREACHABLE: Tally(failed, failed, broken=failed >= PROBES_IN_A_ROW),
        Trouble.DELIVERIES: _deliveries(health),
        Trouble.BACKLOG: None
        if health.undelivered is None
        else backlog(health.undelivered, before.waiting),
        Trouble.SILENCE: _silence(arrivals, health, now),
        Trouble.ENDPOINT: _yes(health.disabled),
        Trouble.DOWNTIME: _yes(health.downtime),
        Trouble.DIVERGENCE: divergence(look.comparison, now=now),
    }
    watched = {
        trouble: before.watched.get(trouble, Watched()).seen(tally, now=now)
        for trouble, tally in found.items()
    }
    return Seen(
        {trouble: each for trouble, each in watched.items() if each.firing},
        arrivals,
        failed,
        health.undelivered if health.undelivered is not None else before.waiting,
    )


def situation(
    memory: Memory, providers: Sequence[str], *, now: int, prices: Prices | None = None
) -> Situation:
    """What there is to say. A promised update is renewed when it is due."""
    troubles = {name: seen.firing for name, seen in memory.providers.items() if seen.firing}
    since = min((seen.since for seen in memory.providers.values() if seen.since), default=None)
    sold = {what: frozenset(price.ids) for what, price in (prices or {}).items() if price.ids}
    return Situation(tuple(providers), troubles, since, memory.next_update, now, sold=sold)


def wanted_in_vain(log: Sequence[Attempt], found: Situation) -> tuple[tuple[str, str], ...]:
    """What cannot be paid by any path and somebody has wanted meanwhile, plan and currency."""
    newest = {(each.plan, each.currency): each for each in sorted(log, key=lambda each: each.at)}
    return tuple(what for what in found.unpayable if what in newest and not newest[what].worked)


def status_document(found: Situation) -> dict[str, Any]:
    """The public status: nothing in it that an outsider may not know."""
    wording = word(found)
    return {
        "level": found.level,
        "headline": wording.headline,
        "text": wording.public,
        "providers": {
            name: "failing"
            if name in found.failing
            else "delayed"
            if found.troubles.get(name)
            else "working"
            for name in found.providers
        },
        "since": found.since,
        "next_update": found.next_update,
        "as_of": found.as_of,
    }


def promised(memory: Memory, *, now: int) -> int | None:
    """When the next update is due: kept while it is ahead, and none while all is well."""
    if not memory.providers_in_trouble:
        return None
    if memory.next_update is not None and now < memory.next_update:
        return memory.next_update
    return now + UPDATE_EVERY


def recent_attempts(log: Sequence[Attempt], provider: str, *, now: int) -> list[Attempt]:
    """The attempts of one provider that a rule may look at."""
    return [each for each in log if each.provider == provider and each.second > now - LOOK_BACK]


def customers_feel(troubles: frozenset[Trouble]) -> bool:
    """Whether payments fail, and not only news of them."""
    return bool(troubles & URGENT)


def _checkout(look: Look, now: int) -> Tally:
    """A breaker that is not closed is trouble whatever the log says: nothing is tried meanwhile."""
    breaker = look.breaker
    after = breaker.since if breaker.phase is Phase.CLOSED else 0
    tally = checkouts(look.attempts, now=now, after=after)
    if breaker.phase is not Phase.CLOSED and not tally.broken:
        return Tally(tally.bad, tally.total, broken=True, why="breaker")
    return tally


def _deliveries(health: Health) -> Tally | None:
    if health.events is None or health.undelivered is None:
        return None
    bad, total = health.undelivered, max(health.events, health.undelivered)
    return Tally(bad, total, broken=DELIVERIES.broken(bad, total), why="deliveries")


def _silence(arrivals: Arrivals, health: Health, now: int) -> Tally | None:
    suspect_at = arrivals.suspect_at()
    if suspect_at is None or now < suspect_at:
        return Tally(0, 0, broken=False)
    return silence(arrivals, health.listed, now=now)


def _yes(found: bool | None) -> Tally | None:  # noqa: FBT001 - None is the third answer
    return None if found is None else Tally(int(found), 1, broken=found)
