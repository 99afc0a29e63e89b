"""Late, doubled and punctual sweeps end in the same promises: tried where a life ends.

While nobody acts the world is swept whenever something falls due. A copy of each incident as it
stood before is swept once, at the end; and at the end the world is swept a second time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tocsin.incidents.commands.base import Tick
from tocsin.incidents.events.fold import seal
from tocsin.incidents.rules.decide import decide
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind
from tocsin.simulation.fault import Fault

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Incident
    from tocsin.simulation.world import World

_SWEEP = Actor(ActorKind.SYSTEM, "sla_check")
_WRITES = 1_000
"""Far more than one incident may ask of a fortnight."""


@dataclass(slots=True)
class LateSweep:
    """Open incidents as they stood when nobody acted any more."""

    world: World
    before: list[Incident] = field(default_factory=list)

    def begin(self) -> None:
        """From now on nobody acts."""
        self.before = [each for each in self.world.incidents() if each.open]

    def look(self) -> int:
        """How many incidents were compared. Raises `Fault` where the time of a sweep mattered.

        One that a job's silence was told to meanwhile has heard more than time.
        """
        now = {each.id: each for each in self.world.incidents()}
        compared = [was for was in self.before if now[was.id].signals == was.signals]
        for was in compared:
            late, punctual = self._swept_once(was), now[was.id]
            _alike(was.id, _standing(late), _standing(punctual), "late and in time")
        stood = {name: _standing(each) for name, each in now.items()}
        self.world.sweep()
        for each in self.world.incidents():
            _alike(each.id, _standing(each), stood[each.id], "twice and once")
        return len(compared)

    def _swept_once(self, incident: Incident) -> Incident:
        policy = self.world.policies.version(incident.policy_version)
        for _ in range(_WRITES):
            tick = Tick(incident_id=incident.id, command_id="", actor=_SWEEP, correlation_id="late")
            events = decide(incident, tick, policy, self.world.now)
            if not events:
                return incident
            _, incident = seal(
                incident,
                events,
                incident_id=incident.id,
                salts=[bytes(32)] * len(events),
                correlation_id="late",
            )
        raise Fault(f"a late sweep of {incident.id} never ends")


def _alike(name: str, one: dict[str, str], other: dict[str, str], how: str) -> None:
    for what, stands in one.items():
        if stands != other[what]:
            raise Fault(f"swept {how}: {what} of {name} is {stands} and {other[what]}")


def _standing(incident: Incident) -> dict[str, str]:
    """What is promised and what was missed; how often people were asked is another matter."""
    told, current = incident.communication, incident.round
    clocks = {
        str(name): _told(clock.due_at, clock.missed_at, clock.stopped_at, clock.pause)
        for name, clock in incident.clocks.items()
    }
    return clocks | {
        "state": incident.state,
        "round": _told(current.number, current.started_at, current.due_at) if current else "none",
        "loss": _told(incident.containment.lost_at),
        "internal": _told(told.internal.next_by, told.internal.missed_at),
        "customers": _told(told.to_customers.next_by, told.to_customers.missed_at),
    }


def _told(*values: object) -> str:
    return " / ".join(map(str, values))
