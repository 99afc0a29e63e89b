"""What writing things down makes of an incident: heads and counters; texts stay on the timeline."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from tocsin.incidents import events_record as e
from tocsin.incidents.events import Event, PromiseMoved
from tocsin.incidents.figures import counted
from tocsin.incidents.model import Incident
from tocsin.incidents.parts import (
    Access,
    Audience,
    Impact,
    Item,
    Postmortem,
    Prevention,
    Proposal,
    UpdateAudience,
)

FAILED_UPDATES = 10


def _item(incident: Incident, event: e.ItemSettled) -> Incident:
    item = Item(state=event.state, at=event.at, by=event.person, late=event.late)
    return replace(incident, checklist={**incident.checklist, event.item: item})


def _impact(incident: Incident, event: e.ImpactRecorded) -> Incident:
    impact = Impact(
        summary=event.summary,
        exposure=event.exposure,
        tenants=event.tenants,
        users=event.users,
        endpoints=event.endpoints,
        services=event.services,
        data_categories=event.data_categories,
        confirmed_by=event.confirmed_by,
    )
    return replace(incident, impact=impact)


def _beginning(incident: Incident, event: e.BeginningCorrected) -> Incident:
    return replace(incident, began_at=event.new)


def _decision(incident: Incident, _event: e.DecisionRecorded) -> Incident:
    return _counted(incident, "decisions")


def _evidence(incident: Incident, _event: e.EvidenceRecorded) -> Incident:
    return _counted(incident, "evidence")


def _link(incident: Incident, event: e.LinkAdded) -> Incident:
    return _counted(incident, f"links_{event.purpose}")


def _channel(incident: Incident, event: e.ChannelRecorded) -> Incident:
    return replace(incident, channels={**incident.channels, event.channel: event.address})


def _corrected(incident: Incident, _event: e.Corrected) -> Incident:
    return _counted(incident, "corrections")


def _update(incident: Incident, event: e.UpdateRecorded) -> Incident:
    """A refused send stays unresolved until it, or what corrects it, is accepted."""
    audience = _audience(incident, event.audience)
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
    return _heard(incident, event.audience, heard)


def _figures(incident: Incident) -> tuple[str, ...]:
    return tuple(str(one) for one in counted(incident))


def _due_soon(incident: Incident, event: e.UpdateDueSoon) -> Incident:
    audience = _audience(incident, event.audience)
    return _heard(incident, event.audience, replace(audience, reminded_of=event.due_at))


def _missed(incident: Incident, event: e.UpdateMissed) -> Incident:
    audience = _audience(incident, event.audience)
    return _heard(incident, event.audience, replace(audience, missed_at=event.due_at))


def promised(incident: Incident, moved: Iterable[PromiseMoved]) -> Incident:
    """The incident after some promises of updates moved."""
    for each in moved:
        audience = _audience(incident, each.audience)
        incident = _heard(incident, each.audience, replace(audience, next_by=each.new_due))
    return incident


def withdrawn(incident: Incident, update: str | None) -> Incident:
    """The incident after an update to customers turned out not to be true any more."""
    if update is None:
        return incident
    said = incident.communication.to_customers
    others = tuple(known for known in said.withdraw if known != update)
    heard = replace(said, claimed=None, withdraw=(*others, update)[-FAILED_UPDATES:])
    return _heard(incident, UpdateAudience.CUSTOMERS, heard)


def _audience(incident: Incident, which: UpdateAudience) -> Audience:
    said = incident.communication
    return said.internal if which is UpdateAudience.INTERNAL else said.to_customers


def _heard(incident: Incident, which: UpdateAudience, heard: Audience) -> Incident:
    said, internal = incident.communication, which is UpdateAudience.INTERNAL
    changed = replace(said, internal=heard) if internal else replace(said, to_customers=heard)
    return replace(incident, communication=changed)


def _customers(incident: Incident, event: e.CustomersDecided) -> Incident:
    said = incident.communication
    heard = said.to_customers
    if not event.tell or event.next_by is not None:
        heard = replace(heard, next_by=event.next_by)
    decided = replace(said, customers=event.tell, to_customers=heard, proposal=None)
    return replace(incident, communication=decided)


def _customers_proposed(incident: Incident, event: e.CustomersProposed) -> Incident:
    proposal = Proposal(
        what=str(event.tell), person=event.person, part=event.part, reason=event.reason
    )
    said = replace(incident.communication, proposal=proposal)
    return replace(incident, communication=said)


def _postmortem(incident: Incident, event: e.PostmortemPublished) -> Incident:
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


def _prevented(incident: Incident, event: e.PreventionVerified) -> Incident:
    return _work(incident, event.action, done_at=event.at, done_by=event.person, check=event.check)


def _overdue(incident: Incident, event: e.PreventionOverdue) -> Incident:
    return _work(incident, event.action, overdue_at=event.due_at)


def _work(incident: Incident, name: str, **changes: Any) -> Incident:
    changed = replace(incident.prevention[name], **changes)
    return replace(incident, prevention={**incident.prevention, name: changed})


def _criterion(incident: Incident, event: e.CriterionConfirmed) -> Incident:
    confirmed = {code: at for code, at in incident.confirmed.items() if code != event.criterion}
    if event.met:
        confirmed[event.criterion] = event.at
    return replace(incident, confirmed=confirmed)


def _restricted(incident: Incident, _event: e.Restricted) -> Incident:
    return replace(incident, restricted=True, lifting=None)


def _lifting(incident: Incident, event: e.LiftingProposed) -> Incident:
    proposal = Proposal(what="lift", person=event.person, part=event.part, reason=event.reason)
    return replace(incident, lifting=proposal)


def _lifted(incident: Incident, _event: e.RestrictionLifted) -> Incident:
    return replace(incident, restricted=False, lifting=None)


def _access(incident: Incident, event: e.AccessChanged) -> Incident:
    added = tuple(person for person in incident.access.added if person != event.person)
    excluded = tuple(person for person in incident.access.excluded if person != event.person)
    if event.allowed:
        added = (*added, event.person)
    else:
        excluded = (*excluded, event.person)
    return replace(incident, access=Access(added=added, excluded=excluded))


def _authorized(incident: Incident, _event: e.ActAuthorized) -> Incident:
    return _counted(incident, "authorizations")


def _counted(incident: Incident, name: str) -> Incident:
    counts = {**incident.counts, name: incident.counts.get(name, 0) + 1}
    return replace(incident, counts=counts)


HANDLERS: dict[type[Event], Callable[[Incident, Any], Incident]] = {
    e.ItemSettled: _item,
    e.ImpactRecorded: _impact,
    e.BeginningCorrected: _beginning,
    e.DecisionRecorded: _decision,
    e.EvidenceRecorded: _evidence,
    e.LinkAdded: _link,
    e.ChannelRecorded: _channel,
    e.Corrected: _corrected,
    e.UpdateRecorded: _update,
    e.UpdateDueSoon: _due_soon,
    e.UpdateMissed: _missed,
    e.CustomersDecided: _customers,
    e.CustomersProposed: _customers_proposed,
    e.PostmortemPublished: _postmortem,
    e.PreventionVerified: _prevented,
    e.PreventionOverdue: _overdue,
    e.CriterionConfirmed: _criterion,
    e.Restricted: _restricted,
    e.LiftingProposed: _lifting,
    e.RestrictionLifted: _lifted,
    e.AccessChanged: _access,
    e.ActAuthorized: _authorized,
}
