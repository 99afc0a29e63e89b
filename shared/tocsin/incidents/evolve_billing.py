"""What the events of billing make of an incident."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tocsin.incidents import events_billing as e
from tocsin.incidents.events import Event
from tocsin.incidents.model import Incident
from tocsin.incidents.parts_billing import CheckoutsSeen, Reconciliation, Replayed


def _reconciled(incident: Incident, event: e.ReconciliationRecorded) -> Incident:
    stands = Reconciliation(
        id=event.reconciliation,
        started_at=event.started_at,
        unresolved=event.unresolved,
        unknown=event.unknown,
        signed_off_by=event.signed_off_by,
        at=event.at,
        compared=event.compared,
        healed=event.healed,
        accepted=event.accepted,
        evidence=event.evidence,
    )
    return replace(incident, reconciliation=stands)


def _replayed(incident: Incident, event: e.ReplayRecorded) -> Incident:
    name = f"{event.provider}#{event.account}"
    newest = Replayed(
        id=event.replay,
        kind=event.kind,
        start=event.start,
        end=event.end,
        inserted=event.counts.inserted,
        fetched=event.counts.fetched,
        second_pass_inserted=event.counts.second_pass_inserted,
        proven=event.proven,
        at=event.at,
        listed=event.counts.listed,
        missing=event.counts.missing,
        duplicate=event.counts.duplicate,
    )
    return replace(incident, replays={**incident.replays, name: newest})


def _examined(incident: Incident, event: e.CheckoutsExamined) -> Incident:
    """The newest examination of a provider counts."""
    seen = CheckoutsSeen(
        at=event.at,
        sessions=event.sessions,
        workspaces=event.workspaces,
        probed=event.probe is not None,
        paid=event.paid,
        quiet_minutes=event.quiet_minutes,
        volume=event.volume,
        lacks=event.lacks,
    )
    known = incident.billing_exit
    checkouts = {**known.checkouts, event.provider: seen}
    return replace(incident, billing_exit=replace(known, checkouts=checkouts))


HANDLERS: dict[type[Event], Callable[[Incident, Any], Incident]] = {
    e.ReconciliationRecorded: _reconciled,
    e.ReplayRecorded: _replayed,
    e.CheckoutsExamined: _examined,
}
