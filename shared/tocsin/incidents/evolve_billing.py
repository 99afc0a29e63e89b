"""What the events of billing make of an incident."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tocsin.incidents import events_billing as e
from tocsin.incidents.events import Event
from tocsin.incidents.model import Incident
from tocsin.incidents.parts import Reconciliation, Replayed


def _reconciled(incident: Incident, event: e.ReconciliationRecorded) -> Incident:
    stands = Reconciliation(
        id=event.reconciliation,
        started_at=event.started_at,
        unresolved=event.unresolved,
        unknown=event.unknown,
        signed_off_by=event.signed_off_by,
        at=event.at,
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
    )
    return replace(incident, replays={**incident.replays, name: newest})


HANDLERS: dict[type[Event], Callable[[Incident, Any], Incident]] = {
    e.ReconciliationRecorded: _reconciled,
    e.ReplayRecorded: _replayed,
}
