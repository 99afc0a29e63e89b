"""The deploy freeze: which services it holds, until when, and what passes (semantics 10).

It is no switch that somebody could forget. A real critical or high in production freezes its
services from t0 until containment is verified, by being one; the commander can hold it longer,
lift it, or let one linked change through. Nobody needs to lower a severity to deploy.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from tocsin.incidents.model.incident import Incident
from tocsin.incidents.vocabulary import Category, Kind, Severity

_OTHER_STAGES = frozenset(
    {
        *("nonprod", "nonproduction", "preprod", "preproduction", "stage", "staging"),
        *("test", "testing", "dev", "develop", "development", "qa", "uat", "sandbox", "demo"),
    }
)
"""Words that name a stage which is not production, each as a whole word."""

EVERY_SERVICE = "*"
"""Stands for all services while an incident does not know which it is about."""
SEVERITIES = (Severity.CRITICAL, Severity.HIGH)


class ChangeKind(StrEnum):
    """What somebody wants to change in production."""

    CODE = "code"
    INFRASTRUCTURE = "infrastructure"
    SCHEMA = "schema"
    CONFIGURATION = "configuration"
    FLAG_ON = "flag_on"
    FLAG_OFF = "flag_off"
    PRICES = "prices"
    PLANS = "plans"
    ROUTING = "routing"
    BULK_EDIT = "bulk_edit"


BILLING_CHANGES = frozenset(
    {ChangeKind.PRICES, ChangeKind.PLANS, ChangeKind.ROUTING, ChangeKind.BULK_EDIT}
)


def is_production(environment: str) -> bool:
    """Whether it is production by its name: `prod`, `$default` and what nobody knows are.

    What is not known to be another stage is held too: a freeze too many costs a question, one too
    few a deployment into an outage.
    """
    words = [word.rstrip("0123456789") for word in _WORDS.findall(environment.lower())]
    joined = (first + second for first, second in pairwise(words) if first in ("non", "pre"))
    return _OTHER_STAGES.isdisjoint((*words, *joined))


_WORDS = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFreeze:
    """One service held by one incident. `until` None: until containment is verified.

    `billing` says that prices, plans, routing and bulk edits are held too. `allowed` names the
    changes that pass. `policy` is the version of the policy that the incident goes by; empty in
    one that was written before it was kept here.
    """

    service: str
    incident: str
    kind: Kind
    since: datetime
    until: datetime | None
    restricted: bool
    billing: bool
    allowed: tuple[str, ...] = ()
    policy: str = ""

    def holds_at(self, at: datetime) -> bool:
        """A drill holds nothing: it is only reported."""
        return self.kind is Kind.REAL and self.lasts_at(at)

    def lasts_at(self, at: datetime) -> bool:
        return self.until is None or at < self.until

    def stops(self, change: ChangeKind, names: Iterable[str], at: datetime) -> bool:
        """Whether this freeze stops the change that goes by any of `names`.

        Turning a flag off is never risky, and what the commander let through passes: a commit
        also where one side wrote it short, as git does.
        """
        if not self.holds_at(at) or change is ChangeKind.FLAG_OFF:
            return False
        if change in BILLING_CHANGES and not self.billing:
            return False
        return not any(_same(name, allowed) for name in names for allowed in self.allowed)


def _same(name: str, allowed: str) -> bool:
    if name == allowed:
        return True
    one, other = name.lower(), allowed.lower()
    commits = _COMMIT.fullmatch(one) and _COMMIT.fullmatch(other)
    return bool(commits) and (one.startswith(other) or other.startswith(one))


_COMMIT = re.compile(r"[0-9a-f]{7,40}")
"""Seven digits are what git shortens a commit to at least."""


def could_freeze(incident: Incident) -> bool:
    """Whether it is of the sort that freezes, contained or not."""
    return (
        incident.open
        and incident.kind is not Kind.BACKFILLED
        and is_production(incident.environment)
        and incident.severity in SEVERITIES
    )


def ends_at(incident: Incident) -> datetime | None:
    """When a held freeze ends; None while containment is not verified."""
    verified_at = incident.containment.verified_at
    if verified_at is None:
        return None
    return verified_at + timedelta(milliseconds=incident.freeze.hold_ms)


def freezes(incident: Incident) -> tuple[ServiceFreeze, ...]:
    """Every service the incident holds. One that is only held for a while stays until it ends."""
    held = not incident.contained or incident.freeze.hold_ms > 0
    if not could_freeze(incident) or not held or incident.freeze.lifted_at is not None:
        return ()
    return tuple(
        ServiceFreeze(
            service=service,
            incident=incident.id,
            kind=incident.kind,
            since=incident.cycle_started_at,
            until=ends_at(incident),
            restricted=incident.restricted,
            billing=incident.category is Category.OPERATIONAL,
            allowed=tuple(sorted(incident.freeze.allowed)),
            policy=incident.policy_version,
        )
        for service in scope(incident)
    )


def scope(incident: Incident) -> tuple[str, ...]:
    """Its own service and those of its blast radius; in doubt every service."""
    named = incident.impact.services if incident.impact is not None else ()
    own = (incident.service,) if incident.service else ()
    return tuple(dict.fromkeys((*own, *named))) or (EVERY_SERVICE,)


def changed(before: Incident | None, after: Incident) -> tuple[ServiceFreeze, ...]:
    """What to write down anew: freezes that began or changed, and those that are over."""
    old = {} if before is None else {held.service: held for held in freezes(before)}
    new = {held.service: held for held in freezes(after)}
    over = [_over(held, after.recorded_at) for name, held in old.items() if name not in new]
    return (*(held for name, held in new.items() if old.get(name) != held), *over)


def stopped_by(
    found: Iterable[ServiceFreeze], change: ChangeKind, names: tuple[str, ...], at: datetime
) -> tuple[ServiceFreeze, ...]:
    """The freezes that stop a change. Two incidents: until both end, and each lets it through."""
    return tuple(held for held in found if held.stops(change, names, at))


def _over(held: ServiceFreeze, at: datetime | None) -> ServiceFreeze:
    known = [moment for moment in (held.until, at) if moment is not None]
    return replace(held, until=min(known, default=None))
