"""What the events of billing make of an incident."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tocsin.incidents import events_billing as e
from tocsin.incidents.events import Event
from tocsin.incidents.model import Incident
from tocsin.incidents.parts import Reconciliation


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


HANDLERS: dict[type[Event], Callable[[Incident, Any], Incident]] = {
    e.ReconciliationRecorded: _reconciled,
}
