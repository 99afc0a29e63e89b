"""The sweep: finds what is due in the sparse index and does it; costs what is due.

One incident that fails must not keep the others waiting, whatever the failure is: it is reported,
stays in the index, and is tried again by the next sweep. What one sweep cannot do in its time it
hands on, and the same code does it elsewhere: a tick acts on nothing twice, so it does not matter
that two of them may meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.application.execute import execute
from tocsin.application.outcome import SweepReport
from tocsin.errors import Unavailable
from tocsin.incidents.commands.base import Tick
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tocsin.ports.incidents import DueQueue, IncidentStore
    from tocsin.ports.runbooks import PolicySource
    from tocsin.ports.time import Ids, IncidentClock


SWEEP = Actor(ActorKind.SYSTEM, "sla_check")

AT_ONCE = 200

MOST_HANDED_ON = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """What became of some due incidents: `changed` got entries, `failed` says why not."""

    changed: tuple[str, ...]
    failed: Mapping[str, str]


def sweep(
    *,
    store: IncidentStore,
    policies: PolicySource,
    clock: IncidentClock,
    ids: Ids,
    limit: int = AT_ONCE,
    queue: DueQueue | None = None,
) -> SweepReport:
    """Ticks up to `limit` due incidents, hands others on, and names unsent messages.

    Raises:
        StoreUnavailable: the index itself did not answer.
    """
    due = store.due(at=clock.incident_now(), limit=limit if queue is None else MOST_HANDED_ON)
    here, rest = due.incidents[:limit], due.incidents[limit:]
    handed_on = len(rest) if queue is not None and _hand_on(rest, queue) else 0
    ticked = tick_all(here, store=store, policies=policies, clock=clock, ids=ids)
    return SweepReport(
        due=len(here),
        changed=ticked.changed,
        failed=ticked.failed,
        outbox_due=due.outbox[:limit],
        more=due.more or len(due.outbox) > limit or handed_on < len(rest),
        handed_on=handed_on,
    )


def tick_all(
    incidents: Iterable[str],
    *,
    store: IncidentStore,
    policies: PolicySource,
    clock: IncidentClock,
    ids: Ids,
) -> Ticked:
    """Lets time pass for each of some incidents, whatever happens to its neighbours."""
    changed: list[str] = []
    failed: dict[str, str] = {}
    for incident_id in incidents:
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
    return Ticked(changed=tuple(changed), failed=failed)


def _hand_on(incidents: Sequence[str], queue: DueQueue) -> bool:
    """Whether the queue took them; what it did not take this sweep goes on with itself."""
    if not incidents:
        return False
    try:
        queue.send(incidents)
    except Unavailable:
        return False
    return True
