"""The sweep: finds what is due in the sparse index and does it; costs what is due.

One incident that fails must not keep the others waiting, whatever the failure is: it is reported,
stays in the index, and is tried again by the next sweep. What one sweep cannot do in its time it
hands on, and the same code does it elsewhere: a tick acts on nothing twice, so it does not matter
that two of them may meet.

A real critical incident stops every drill: the people are needed (semantics 11).

Looked at by every sweep before anything is due, so that a drill pages nobody once it is known. The
board is eventually consistent: a drill may go on for the seconds until it lists the incident.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.application.incidents.execute import carry_out
from tocsin.application.incidents.outcome import SweepReport
from tocsin.application.signals.let_through import BOARD_PAGE, let_through
from tocsin.errors import IllegalTransition, Unavailable
from tocsin.incidents.commands.base import Tick
from tocsin.incidents.commands.relations import StopDrill
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind, Kind, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tocsin.application.incidents.execute import Ports
    from tocsin.incidents.model.incident import Incident
    from tocsin.ports.incidents import DueQueue, IncidentStore, Summary


SWEEP = Actor(ActorKind.SYSTEM, "sla_check")

AT_ONCE = 200

MOST_HANDED_ON = 10_000

WRITES = 10
"""Of one incident in one sweep; what is due after them waits for the next sweep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """What became of some incidents: `changed` got entries, `failed` says why not."""

    changed: tuple[str, ...]
    failed: Mapping[str, str]


def sweep(ports: Ports, *, limit: int = AT_ONCE, queue: DueQueue | None = None) -> SweepReport:
    """Ticks up to `limit` due incidents, hands others on, and names unsent messages.

    Raises:
        StoreUnavailable: the index itself did not answer.
    """
    most = limit if queue is None else MOST_HANDED_ON
    due = ports.store.due(at=ports.clock.incident_now(), limit=most)
    here, rest = due.incidents[:limit], due.incidents[limit:]
    handed_on = len(rest) if queue is not None and _hand_on(rest, queue) else 0
    ticked = tick_all(here, ports)
    through = _each(due.held[:limit], lambda key: bool(let_through(key, ports)))
    return SweepReport(
        due=len(here) + len(due.held[:limit]),
        changed=ticked.changed,
        failed={**ticked.failed, **through.failed},
        outbox_due=due.outbox[:limit],
        more=due.more or len(due.outbox) > limit or handed_on < len(rest),
        handed_on=handed_on,
        weeks=due.weeks,
    )


def tick_all(incidents: Iterable[str], ports: Ports) -> Ticked:
    """Lets time pass for each of some incidents."""
    return _each(incidents, lambda incident_id: _tick(incident_id, ports))


def _each(incidents: Iterable[str], act: Callable[[str], bool]) -> Ticked:
    """Acts on each, whatever happens to its neighbours; `act` says whether it did anything."""
    changed: list[str] = []
    failed: dict[str, str] = {}
    for incident_id in incidents:
        try:
            did = act(incident_id)
        except Exception as error:  # noqa: BLE001 - see the module's paragraph
            failed[incident_id] = f"{type(error).__name__}: {error}"
        else:
            if did:
                changed.append(incident_id)
    return Ticked(changed=tuple(changed), failed=failed)


def _tick(incident_id: str, ports: Ports) -> bool:
    """Does all that is due, in as many writes as it takes; whether there was anything."""
    for done in range(WRITES):
        tick = Tick(
            incident_id=incident_id,
            command_id="",
            actor=SWEEP,
            correlation_id=ports.ids.unique_id(),
        )
        outcome = carry_out(tick, ports)
        if outcome.due is None or outcome.due > ports.clock.incident_now():
            return bool(done or outcome.entries)
    return True


def _hand_on(incidents: Sequence[str], queue: DueQueue) -> bool:
    """Whether the queue took them; what it did not take this sweep goes on with itself."""
    if not incidents:
        return False
    try:
        queue.send(incidents)
    except Unavailable:
        return False
    return True


DRILL_PREFIX = "DRL-"


def stop_drills(ports: Ports) -> Ticked:
    """The drills that were stopped now, and those that could not be.

    Raises:
        StoreUnavailable: the board or an incident could not be read.
    """
    lines = list(_board(ports.store))
    drills = [line.id for line in lines if line.id.startswith(DRILL_PREFIX)]
    if not drills or (real := _real_critical(lines, ports.store)) is None:
        return Ticked(changed=(), failed={})
    return _each(drills, lambda drill: _stop(drill, real, ports))


def _stop(drill: str, real: Incident, ports: Ports) -> bool:
    command = StopDrill(
        incident_id=drill,
        command_id="",
        actor=SWEEP,
        correlation_id=real.correlation_id,
        real=real.id,
        called=real.name,
    )
    try:
        carry_out(command, ports)
    except IllegalTransition:
        return False  # it was closed meanwhile
    return True


def _board(store: IncidentStore) -> Iterator[Summary]:
    cursor: str | None = None
    while True:
        page = store.board(limit=BOARD_PAGE, cursor=cursor)
        yield from page.items
        if (cursor := page.cursor) is None:
            return


def _real_critical(lines: list[Summary], store: IncidentStore) -> Incident | None:
    """The newest one; a record of something past, entered now, is none."""
    for line in lines:
        if line.severity is not Severity.CRITICAL or line.id.startswith(DRILL_PREFIX):
            continue
        try:
            found = store.load(line.id)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001, S112 - its own tick tells of it; the next may be read
            continue
        if found is not None and found.open and found.kind is Kind.REAL:
            return found
    return None
