"""What contained it, and what was lost again: the events, and what they make of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from tocsin.incidents.events.base import Event, PromiseMoved
from tocsin.incidents.events.changes import Handlers, changed_clock, promised
from tocsin.incidents.events.updates import withdrawn
from tocsin.incidents.model.content import Stored
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.parts import Action, ActionState, Check, Observation, Verdict
from tocsin.incidents.vocabulary import ClockName


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionChanged(Event):
    """A containment action was planned, done, withdrawn or undone."""

    type: ClassVar[str] = "action_changed"

    action: str
    text: str
    state: ActionState
    person: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FixNamedAsContainment(Event):
    """The permanent fix counts as the containment action."""

    type: ClassVar[str] = "fix_named_as_containment"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed(Event):
    """Somebody looked, at the entry's own time, and saw `verdict`."""

    type: ClassVar[str] = "observed"

    check: Check
    verdict: Verdict
    person: str
    detail: str
    stored: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentVerified(Event):
    """The contain clock stops here, whatever `effective_at` says.

    `met_before`: its promise was met before containment was lost, and that stays.
    """

    type: ClassVar[str] = "containment_verified"

    person: str
    effective_at: datetime | None
    met_before: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentLost(Event):
    """Harm is back; the contain clock runs on with the same due time.

    `withdrawn` is the update that told customers of containment, and is not true any more. `since`
    is when it was lost, where that is known to be before it was noticed. `recovery_due` is set
    where it was lost after its due time, which it had met: that stays, and this is the working
    deadline.
    """

    type: ClassVar[str] = "containment_lost"

    reason: str
    people: tuple[str, ...]
    updates: tuple[PromiseMoved, ...] = ()
    withdrawn: str | None = None
    since: datetime | None = None
    recovery_due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockEnding(Event):
    """A block ends by itself at `until`: said once, ahead of it, to `people`."""

    type: ClassVar[str] = "block_ending"

    action: str
    until: datetime
    people: tuple[str, ...]


def _action(incident: Incident, event: ActionChanged) -> Incident:
    action = Action(text=event.text, state=event.state, by=event.person, at=event.occurred_at)
    return _contained(incident, actions={**incident.containment.actions, event.action: action})


def _fix_contains(incident: Incident, _event: FixNamedAsContainment) -> Incident:
    return _contained(incident, fix_contains=True)


def _observed(incident: Incident, event: Observed) -> Incident:
    seen = Observation(verdict=event.verdict, observed_at=event.occurred_at, by=event.person)
    return _contained(
        incident, observations={**incident.containment.observations, event.check: seen}
    )


def _verified(incident: Incident, event: ContainmentVerified) -> Incident:
    verified = _contained(
        incident,
        verified_at=event.at,
        verified_by=event.person,
        effective_at=event.effective_at,
    )
    if event.met_before:
        return verified
    return changed_clock(verified, ClockName.CONTAIN, stopped_at=event.at)


def _lost(incident: Incident, event: ContainmentLost) -> Incident:
    lost = _contained(
        incident,
        verified_at=None,
        verified_by=None,
        effective_at=None,
        observations={},
        lost_at=event.since or event.at,
    )
    lost = replace(lost, freeze=replace(lost.freeze, lifted_at=None, warned_of=None))
    lost = withdrawn(promised(lost, event.updates), event.withdrawn)
    if event.recovery_due is not None:
        again = {"recovery_due": event.recovery_due, "reminded_at": None}
        return changed_clock(lost, ClockName.CONTAIN, **again)
    return changed_clock(lost, ClockName.CONTAIN, stopped_at=None)


def _ending(incident: Incident, _event: BlockEnding) -> Incident:
    return incident


def _contained(incident: Incident, **changes: Any) -> Incident:
    return replace(incident, containment=replace(incident.containment, **changes))


HANDLERS: Handlers = {
    ActionChanged: _action,
    FixNamedAsContainment: _fix_contains,
    Observed: _observed,
    ContainmentVerified: _verified,
    ContainmentLost: _lost,
    BlockEnding: _ending,
}
