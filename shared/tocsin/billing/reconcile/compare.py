"""Whether the provider, what we hold, and what the product enforces agree, object by object.

The provider's own answer about one subscription is the measure. What a list leaves out proves
nothing: every row we hold is asked about by its id, and only a provider that says "there is no such
subscription" makes an orphan. What could not be asked is `Unknown`: reported, never healed, never
taken for agreement. Nothing here takes access away; healing is proposed, and done on approval.

    missing      the provider has it and we hold nothing
    orphan       we hold it as running and the provider says that there is none
    stale        several facts differ, or the ledger has an event that the row does not know: the
                 row is an older picture as a whole
    status       only the status differs (or whether payment is collected)
    plan         only the plan differs (or how many of it)
    period       only the end of the period differs (or when it is to end)
    enforcement  the row is right and yet another access is given than follows from it: a person's
                 correction decides, or it counts for another workspace
    double       a workspace is being charged by more than one subscription, add-ons apart

An object has one class at most, a workspace may be double besides. Seconds are epoch seconds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from tocsin.billing.access.corrections import moment
from tocsin.billing.access.entitlement import may_be_double, one_subscription
from tocsin.billing.projection.ordering import CREATED_JITTER, FETCH_MARGIN, Verdict
from tocsin.billing.provider import PROVIDERS
from tocsin.billing.subscription import RUNNING, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.billing.access.entitlement import AccessPolicy
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Answer, Overlay, Row
    from tocsin.billing.subscription import Subscription, SubscriptionItem

GONE = "gone"
"""The provider's word that we write for a subscription it says there is none of."""


class Kind(StrEnum):
    """The class of a mismatch. Stored, and a code of the closing gate, so never renamed."""

    MISSING = "missing"
    STALE = "stale"
    STATUS = "status"
    PERIOD = "period"
    PLAN = "plan"
    ENFORCEMENT = "enforcement"
    ORPHAN = "orphan"
    DOUBLE = "double"


class Healing(StrEnum):
    """What is proposed. Stored, so never renamed."""

    REFETCH = "refetch"
    """Ask the provider once more and write its answer, on condition that nobody else wrote."""
    LIFT = "lift"
    """Take the correction away."""
    END = "end"
    """Keep the row and mark it ended, if the provider says once more that there is none."""
    CHOOSE = "choose"
    """A person ends one of them at its provider; healing then asks about each and looks again."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One disagreement. `held` and `says` are what we hold and what the provider says, by fact."""

    kind: Kind
    workspace: str | None
    identity: Identity
    subscription: str
    held: Mapping[str, str]
    says: Mapping[str, str]
    healing: Healing
    others: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The same for the same object and class, whenever it is found."""
        about = (
            self.workspace if self.kind is Kind.DOUBLE else f"{self.identity}#{self.subscription}"
        )
        return hashlib.sha256(f"{self.kind}\0{about}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be compared, and why."""

    workspace: str | None
    identity: Identity
    subscription: str
    why: str


type Finding = Mismatch | Unknown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One subscription as both sides know it.

    `row` is None or without a subscription where we hold nothing. `newest_event` is when the newest
    event that the ledger holds of it was made, None where nobody looked.
    """

    identity: Identity
    subscription: str
    row: Row | None
    answer: Answer
    newest_event: int | None = None

    @property
    def held(self) -> Subscription | None:
        return self.row.subscription if self.row else None

    @property
    def workspace(self) -> str | None:
        """Whose it is: by the provider where it says so, else as we hold it."""
        for known in (self.answer.subscription, self.held):
            if known is not None and known.workspace:
                return known.workspace
        return None


def compare(subject: Subject, rules: AccessPolicy, *, now: int, incident_open: bool) -> Finding:
    """What is wrong with one subscription; None: both sides and what is enforced agree."""
    held, truth = subject.held, subject.answer.subscription
    if subject.answer.verdict is Verdict.MISSING:
        return _gone(subject, held)
    if subject.answer.verdict is not Verdict.FOUND or truth is None:
        return _unknown(subject, subject.answer.detail or str(subject.answer.verdict))
    if truth.status is Status.UNKNOWN:
        return _unknown(subject, f"its status {truth.raw_status!r} is a word we do not know")
    if held is None:
        return None if _unsent(subject.identity, truth) else _missing(subject, truth)
    if (kind := _difference(subject, held, truth)) is None:
        return _enforced(subject, truth, rules, now=now, incident_open=incident_open)
    return _found(subject, kind, facts(held), facts(truth), Healing.REFETCH)


def _gone(subject: Subject, held: Subscription | None) -> Mismatch | None:
    if held is None or held.terminal:
        return None
    return _found(subject, Kind.ORPHAN, facts(held), {"status": GONE}, Healing.END)


def _missing(subject: Subject, truth: Subscription) -> Mismatch:
    return _found(subject, Kind.MISSING, {}, facts(truth), Healing.REFETCH)


def _unsent(identity: Identity, truth: Subscription) -> bool:
    """Whether its provider has sent nothing of it yet: then holding nothing of it is right."""
    known = PROVIDERS.get(identity.provider)
    return known is not None and truth.raw_status in known.unsent


def double(
    workspace: str, subjects: Sequence[Subject], add_ons: frozenset[str] = frozenset()
) -> Mismatch | None:
    """Whether a workspace may be charged twice for one thing, by what the providers say.

    By two providers, or by two subscriptions at one, unless one of them is to `add_ons` alone. One
    that we hold under this workspace and its provider has under another is charged there.
    """
    charging = sorted(
        (
            (each.identity, each.subscription, each.answer.subscription)
            for each in subjects
            if each.answer.subscription
            and each.answer.subscription.status in RUNNING
            and each.workspace in {None, workspace}
        ),
        key=lambda each: (str(each[0]), each[1]),
    )
    if not may_be_double((truth.plan for _, _, truth in charging), add_ons):
        return None
    first, name, _ = charging[0]
    says = {
        f"{identity}#{each}": f"{truth.status} {truth.plan}" for identity, each, truth in charging
    }
    return Mismatch(
        Kind.DOUBLE, workspace, first, name, dict(says), says, Healing.CHOOSE, tuple(says)
    )


def facts(subscription: Subscription) -> dict[str, str]:
    """What is compared, as text for a report."""
    end = subscription.period_end
    return {
        "status": subscription.status.value,
        "plan": subscription.plan,
        "period_end": _when(end),
        "collection_paused": str(subscription.collection_paused).lower(),
        "ends_at_period_end": str(subscription.ends_at_period_end).lower(),
        "ends_at": _when(subscription.ends_at),
        "quantity": _told(subscription.quantity),
        "items": ", ".join(f"{each.plan} until {_when(each.end)}" for each in subscription.items)
        or "end together",
    }


def correction_facts(overlay: Overlay) -> dict[str, str]:
    """By which facts a correction that was compared is known again."""
    return {
        "corrected_by": overlay.by,
        "corrected_to": overlay.status.value,
        "until": _when(overlay.until),
        "access_until": _when(overlay.access_until),
    }


def _told(number: int | None) -> str:
    return "none" if number is None else str(number)


def _when(seconds: int | None) -> str:
    return "none" if seconds is None else moment(seconds)


def _difference(subject: Subject, held: Subscription, truth: Subscription) -> Kind | None:
    differ = [
        kind
        for kind, ours, theirs in (
            (Kind.STATUS, _standing(held), _standing(truth)),
            (Kind.PLAN, _bought(held, truth), _bought(truth, held)),
            (Kind.PERIOD, _period(held, truth), _period(truth, held)),
        )
        if ours != theirs
    ]
    if not differ:
        return None
    return Kind.STALE if len(differ) > 1 or _is_behind(subject) else differ[0]


def _standing(one: Subscription) -> tuple[Status, bool]:
    return one.status, one.collection_paused


def _bought(one: Subscription, other: Subscription) -> tuple[str, int | None]:
    """Plan and quantity; the latter is not compared where one side did not keep it."""
    return one.plan, None if other.quantity is None else one.quantity


def _period(
    one: Subscription, other: Subscription
) -> tuple[int | None, int | None, tuple[SubscriptionItem, ...]]:
    """Ends, those of items too; the latter are not compared where one side did not keep them."""
    return one.period_end, one.planned_end, one.items if other.items else ()


def _is_behind(subject: Subject) -> bool:
    """Whether the ledger holds an event that is certainly newer than all that the row knows."""
    row, newest = subject.row, subject.newest_event
    if row is None or newest is None:
        return False
    by_event = row.applied is None or newest > row.applied + CREATED_JITTER
    by_answer = row.fetched is None or newest > row.fetched + FETCH_MARGIN
    return by_event and by_answer


def _enforced(
    subject: Subject,
    truth: Subscription,
    rules: AccessPolicy,
    *,
    now: int,
    incident_open: bool,
) -> Finding:
    row, held = subject.row, subject.held
    if row is None or held is None:
        return None
    if truth.workspace and not row.erased and held.workspace != truth.workspace:
        held_by, whose = held.workspace or "nobody", truth.workspace
        return _found(
            subject,
            Kind.ENFORCEMENT,
            {"workspace": held_by},
            {"workspace": whose},
            Healing.REFETCH,
        )
    given = one_subscription(row, rules, now=now, incident_open=incident_open)
    follows = one_subscription(
        replace(row, overlay=None), rules, now=now, incident_open=incident_open
    )
    if given is None or follows is None or given.access is follows.access:
        return None
    by = given.corrected_by or "nobody"
    ours = {"access": given.access.value, "corrected_by": by, "until": _when(given.corrected_until)}
    ours |= correction_facts(row.overlay) if row.overlay is not None else {}
    return _found(subject, Kind.ENFORCEMENT, ours, {"access": follows.access.value}, Healing.LIFT)


def _found(
    subject: Subject,
    kind: Kind,
    held: Mapping[str, str],
    says: Mapping[str, str],
    healing: Healing,
) -> Mismatch:
    return Mismatch(
        kind, subject.workspace, subject.identity, subject.subscription, held, says, healing
    )


def _unknown(subject: Subject, why: str) -> Unknown:
    return Unknown(subject.workspace, subject.identity, subject.subscription, why)
