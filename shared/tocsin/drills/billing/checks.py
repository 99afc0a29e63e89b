"""What the billing half of the demo expects, as pure functions of what was seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.drills.checks import Check, Claim

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tocsin.local.sandbox.clients.official import ProviderTruth
    from tocsin.local.sandbox.clients.stripe import Sent

DISORDERED = Claim("webhook.disordered", "the provider really sent duplicates and disorder")
ACCEPTED = Claim("webhook.accepted", "every delivery was answered with 2xx at once")
EACH_ONCE = Claim("ledger.each_once", "every event is in the ledger, once")
EQUAL = Claim("projection.equals_provider", "every subscription is as the provider's own SDK says")
LEDGER_UNTOUCHED = Claim("ledger.duplicate_ignored", "sent again, an event changes no stored byte")
PROJECTION_UNTOUCHED = Claim("projection.duplicate_ignored", "and no subscription's revision")
STALE = Claim("projection.stale_ignored", "an old event that comes late changes nothing")
FORGED = Claim("webhook.forged_refused", "forged, altered, late and early webhooks are refused")
NOT_STORED = Claim("ledger.forged_not_stored", "and nothing of them is kept")

_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Projected:
    """What a projection row promises; `rev` rises when one of the others does."""

    raw_status: str
    plan: str
    period_end: int | None
    rev: int


def disordered(sent: Iterable[Sent], made: Sequence[str]) -> Check:
    """`made` are event ids in the order in which the provider made them."""
    attempts = [one for one in sent if one.event in set(made)]
    doubles = sum(count - 1 for count in Counter(one.event for one in attempts).values())
    arrived = list(dict.fromkeys(one.event for one in attempts))
    moved = sum(one != other for one, other in zip(arrived, made, strict=False))
    return DISORDERED.holds(
        doubles > 0 and moved > 0,
        expected="some of both",
        observed=f"{len(made)} events, {doubles} sent again, {moved} out of place",
    )


def accepted(sent: Iterable[Sent], made: Collection[str]) -> Check:
    """No attempt failed, and no event is without one that succeeded."""
    attempts = [one for one in sent if one.event in made]
    failed = Counter(str(one.status or one.error) for one in attempts if not one.succeeded)
    missing = set(made) - {one.event for one in attempts if one.succeeded}
    observed = {**failed, **({"never accepted": len(missing)} if missing else {})}
    return ACCEPTED.holds(
        bool(made) and not observed,
        expected=f"{len(made)} events accepted, no attempt refused",
        observed=observed or f"{len(attempts)} deliveries accepted",
    )


def each_once(stored: Iterable[str], made: Collection[str]) -> Check:
    """`stored` are the ids found under the keys of the events made."""
    ids = list(stored)
    return EACH_ONCE.equal(
        expected=f"{len(set(made))} events, 0 missing",
        observed=f"{len(ids)} events, {len(set(made) - set(ids))} missing",
    )


def differences(
    truth: Mapping[str, ProviderTruth], rows: Mapping[str, Projected]
) -> dict[str, str]:
    """Subscriptions whose projection promises something else, and what."""
    found = {}
    for identifier, real in truth.items():
        row = rows.get(identifier)
        mine = (row.raw_status, row.period_end, row.plan) if row else "no projection"
        theirs = (real.status, real.period_end, real.price)
        if mine != theirs:
            found[identifier] = f"{theirs} at the provider, here {mine}"
    return found


def equal(truth: Mapping[str, ProviderTruth], rows: Mapping[str, Projected]) -> Check:
    """Status, period and price of every subscription of this run."""
    wrong = differences(truth, rows)
    some = dict(list(wrong.items())[:_SHOWN])
    statuses = Counter(one.status for one in truth.values())
    return EQUAL.holds(
        bool(truth) and not wrong,
        expected=f"all {len(truth)} equal",
        observed=f"{len(wrong)} differ: {some}" if wrong else f"all equal: {dict(statuses)}",
    )


def ledger_untouched(before: str, after: str, resent: Iterable[Sent]) -> Check:
    """Fingerprints of the ledger items before and after `resent` deliveries of known events."""
    answers = Counter(one.status for one in resent)
    return LEDGER_UNTOUCHED.holds(
        before == after and bool(answers) and set(answers) == {200},
        expected="2xx to each, the same items",
        observed=f"{dict(answers)}, {'the same' if before == after else 'other'} items",
    )


def projection_untouched(before: Mapping[str, Projected], after: Mapping[str, Projected]) -> Check:
    """What every row promised before and after known events came again."""
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    return PROJECTION_UNTOUCHED.equal(expected=set(), observed=changed)


def stale(real: ProviderTruth, before: Projected | None, after: Projected | None) -> Check:
    """One row before and after its very first event came last."""
    right = (real.status, real.period_end)
    observed = {
        "before": (before.raw_status, before.period_end) if before else None,
        "after": (after.raw_status, after.period_end) if after else None,
    }
    return STALE.equal(expected={"before": right, "after": right}, observed=observed)


def forged(
    answers: Mapping[str, tuple[int, str]], expected: Mapping[str, tuple[int, str]]
) -> Check:
    """Status and problem code of each attempt by its name."""
    return FORGED.equal(expected=dict(expected), observed=dict(answers))


def not_stored(found: Collection[Any]) -> Check:
    """`found` are the keys of forged events that are in the ledger."""
    return NOT_STORED.equal(expected=0, observed=len(found))
