"""The sweep: finds what is due in the sparse index and does it; costs what is due.

One incident that fails must not keep the others waiting, whatever the failure is: it is reported,
stays in the index, and is tried again by the next sweep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.application.execute import execute
from tocsin.application.outcome import SweepReport
from tocsin.incidents.commands import Tick
from tocsin.incidents.timeline import Actor
from tocsin.incidents.vocabulary import ActorKind

if TYPE_CHECKING:
    from tocsin.ports import Ids, IncidentClock, IncidentStore, PolicySource

SWEEP = Actor(ActorKind.SYSTEM, "sla_check")


def sweep(
    *,
    store: IncidentStore,
    policies: PolicySource,
    clock: IncidentClock,
    ids: Ids,
    limit: int = 200,
) -> SweepReport:
    """Ticks every due incident once and names the messages that are still unsent.

    Raises:
        StoreUnavailable: the index itself did not answer.
    """
    due = store.due(at=clock.incident_now(), limit=limit)
    changed: list[str] = []
    failed: dict[str, str] = {}
    for incident_id in due.incidents:
        tick = Tick(
            incident_id=incident_id, command_id="", actor=SWEEP, correlation_id=ids.unique_id()
        )
        try:
            outcome = execute(tick, store=store, policies=policies, clock=clock, ids=ids)
        except Exception as error:  # noqa: BLE001 - see the module's paragraph
            failed[incident_id] = f"{type(error).__name__}: {error}"
        else:
            if outcome.entries:
                changed.append(incident_id)
    return SweepReport(
        due=len(due.incidents),
        changed=tuple(changed),
        failed=failed,
        outbox_due=due.outbox,
        more=due.more,
    )
