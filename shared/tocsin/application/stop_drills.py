"""A real critical incident stops every drill: the people are needed (semantics 11).

Looked at by every sweep before anything is due, so that a drill pages nobody once it is known. The
board is eventually consistent: a drill may go on for the seconds until it lists the incident.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.application.execute import execute
from tocsin.errors import IllegalTransition
from tocsin.incidents.commands.relations import StopDrill
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind, Kind, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.incidents.model.incident import Incident
    from tocsin.ports.incidents import IncidentStore, Summary
    from tocsin.ports.runbooks import PolicySource
    from tocsin.ports.time import Ids, IncidentClock

SWEEP = Actor(ActorKind.SYSTEM, "sla_check")
DRILL_PREFIX = "DRL-"
AT_ONCE = 200


def stop_drills(
    *, store: IncidentStore, policies: PolicySource, clock: IncidentClock, ids: Ids
) -> tuple[str, ...]:
    """The drills that were stopped now.

    Raises:
        StoreUnavailable: the board or an incident could not be read.
    """
    lines = list(_board(store))
    drills = [line.id for line in lines if line.id.startswith(DRILL_PREFIX)]
    if not drills or (real := _real_critical(lines, store)) is None:
        return ()
    stopped = []
    for drill in drills:
        command = StopDrill(
            incident_id=drill,
            command_id="",
            actor=SWEEP,
            correlation_id=real.correlation_id,
            real=real.id,
        )
        try:
            execute(command, store=store, policies=policies, clock=clock, ids=ids)
        except IllegalTransition:
            continue  # it was closed meanwhile
        stopped.append(drill)
    return tuple(stopped)


def _board(store: IncidentStore) -> Iterator[Summary]:
    cursor: str | None = None
    while True:
        page = store.board(limit=AT_ONCE, cursor=cursor)
        yield from page.items
        if (cursor := page.cursor) is None:
            return


def _real_critical(lines: list[Summary], store: IncidentStore) -> Incident | None:
    """The newest one; a record of something past, entered now, is none."""
    for line in lines:
        if line.severity is not Severity.CRITICAL or line.id.startswith(DRILL_PREFIX):
            continue
        found = store.load(line.id)
        if found is not None and found.open and found.kind is Kind.REAL:
            return found
    return None
