"""What was promised and told, and the work after it: the events, and what they make of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from tocsin.incidents.events.base import Event
from tocsin.incidents.events.changes import Handlers, audience_of, with_audience
from tocsin.incidents.model.content import Stored
from tocsin.incidents.model.figures import counted
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.parts import (
    Audience,
    Postmortem,
    Prevention,
    Preventive,
    Proposal,
    UpdateAudience,
)
from tocsin.incidents.vocabulary import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRecorded(Event):
    """An update was sent, or a channel refused it.

    `lacks` are parts that a billing incident's final one should have had. With a `headline` it is
    sent to stakeholders by what is stored with this entry, as every message is.
    """

    type: ClassVar[str] = "update_recorded"

    update: str
    audience: UpdateAudience
    text: str
    accepted: bool
    final: bool
    next_by: datetime | None
    kept_promise: bool | None
    impact: str = ""
    mitigation: str = ""
    eta: str = ""
    residual: str = ""
    no_change: bool = False
    corrects: str | None = None
    says_contained: bool = False
    lacks: tuple[str, ...] = ()
    headline: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateDueSoon(Event):
    """A promised update is due at `due_at`: said once, to `people`."""

    type: ClassVar[str] = "update_due_soon"

    audience: UpdateAudience
    due_at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateMissed(Event):
    """The update promised for `due_at` was not sent by then."""

    type: ClassVar[str] = "update_missed"

    audience: UpdateAudience
    due_at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersDecided(Event):
    """Whether customers are told; `next_by` is when they first hear."""

    type: ClassVar[str] = "customers_decided"

    tell: bool
    reason: str
    next_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersProposed(Event):
    """One of the two who decide about customers wants this; nothing is decided yet."""

    type: ClassVar[str] = "customers_proposed"

    tell: bool
    reason: str
    person: str
    part: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmortemPublished(Event):
    """The postmortem of this cycle is out; `names` are the ids of `actions`, in their order.

    Of a provider's outage it refers to the `reconciliation` that was newest then, and to its
    `report` by place and digest.
    """

    type: ClassVar[str] = "postmortem_published"

    url: str
    root_cause: str
    actions: tuple[Preventive, ...]
    names: tuple[str, ...] = ()
    reconciliation: str | None = None
    report: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreventionVerified(Event):
    """A preventive action is done: the check that failed before passes now."""

    type: ClassVar[str] = "prevention_verified"

    action: str
    check: str
    failed_at: datetime
    failed_evidence: str
    passed_at: datetime
    passed_evidence: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreventionOverdue(Event):
    """A preventive action was not done by its date."""

    type: ClassVar[str] = "prevention_overdue"

    action: str
    due_at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionConfirmed(Event):
    """A criterion that is decided outside was reported met, or not any more."""

    type: ClassVar[str] = "criterion_confirmed"

    criterion: str
    met: bool
    evidence: str


FAILED_UPDATES = 10


def _update(incident: Incident, event: UpdateRecorded) -> Incident:
    """A refused send stays unresolved until it, or what corrects it, is accepted."""
    audience = audience_of(incident, event.audience)
    failed = tuple(update for update in audience.failed if update != event.update)
    if event.accepted:
        failed = tuple(update for update in failed if update != event.corrects)
        heard = Audience(
            first_at=audience.first_at or event.at,
            final_at=event.at if event.final else None,
            final_lacks=event.lacks,
            final_figures=_figures(incident) if event.final else (),
            next_by=None if event.final else event.next_by,
            failed=failed,
            last_at=event.at,
            claimed=event.update if event.says_contained else audience.claimed,
            withdraw=tuple(update for update in audience.withdraw if update != event.corrects),
        )
    else:
        heard = replace(audience, failed=(*failed, event.update)[-FAILED_UPDATES:])
    return with_audience(incident, event.audience, heard)


def _figures(incident: Incident) -> tuple[str, ...]:
    return tuple(str(one) for one in counted(incident))


def _due_soon(incident: Incident, event: UpdateDueSoon) -> Incident:
    audience = audience_of(incident, event.audience)
    return with_audience(incident, event.audience, replace(audience, reminded_of=event.due_at))


def _missed(incident: Incident, event: UpdateMissed) -> Incident:
    audience = audience_of(incident, event.audience)
    return with_audience(incident, event.audience, replace(audience, missed_at=event.due_at))


def withdrawn(incident: Incident, update: str | None) -> Incident:
    """The incident after an update to customers turned out not to be true any more."""
    if update is None:
        return incident
    said = incident.communication.to_customers
    others = tuple(known for known in said.withdraw if known != update)
    heard = replace(said, claimed=None, withdraw=(*others, update)[-FAILED_UPDATES:])
    return with_audience(incident, UpdateAudience.CUSTOMERS, heard)


def _customers(incident: Incident, event: CustomersDecided) -> Incident:
    said = incident.communication
    heard = said.to_customers
    if not event.tell or event.next_by is not None:
        heard = replace(heard, next_by=event.next_by)
    decided = replace(said, customers=event.tell, to_customers=heard, proposal=None)
    return replace(incident, communication=decided)


def _customers_proposed(incident: Incident, event: CustomersProposed) -> Incident:
    proposal = Proposal(
        what=str(event.tell), person=event.person, part=event.part, reason=event.reason
    )
    said = replace(incident.communication, proposal=proposal)
    return replace(incident, communication=said)


def _postmortem(incident: Incident, event: PostmortemPublished) -> Incident:
    published = Postmortem(
        url=event.url,
        actions=len(event.actions),
        published_at=event.at,
        reconciliation=event.reconciliation,
        report=event.report,
    )
    work = dict(incident.prevention)
    for name, action in zip(event.names, event.actions, strict=False):
        known = work.get(name) or Prevention(
            text=action.text, owner=action.owner, due_at=action.due_at
        )
        work[name] = replace(known, owner=action.owner, due_at=action.due_at)
    return replace(incident, postmortem=published, prevention=work)


def _prevented(incident: Incident, event: PreventionVerified) -> Incident:
    return _work(incident, event.action, done_at=event.at, done_by=event.person, check=event.check)


def _overdue(incident: Incident, event: PreventionOverdue) -> Incident:
    return _work(incident, event.action, overdue_at=event.due_at)


def _work(incident: Incident, name: str, **changes: Any) -> Incident:
    changed = replace(incident.prevention[name], **changes)
    return replace(incident, prevention={**incident.prevention, name: changed})


def _criterion(incident: Incident, event: CriterionConfirmed) -> Incident:
    confirmed = {code: at for code, at in incident.confirmed.items() if code != event.criterion}
    if event.met:
        confirmed[event.criterion] = event.at
    return replace(incident, confirmed=confirmed)


HANDLERS: Handlers = {
    UpdateRecorded: _update,
    UpdateDueSoon: _due_soon,
    UpdateMissed: _missed,
    CustomersDecided: _customers,
    CustomersProposed: _customers_proposed,
    PostmortemPublished: _postmortem,
    PreventionVerified: _prevented,
    PreventionOverdue: _overdue,
    CriterionConfirmed: _criterion,
}
