"""Splitting, where dedup keys become another incident's, and drills that give way to real ones."""

from tocsin.errors import BadInput, IllegalTransition
from tocsin.incidents import limits
from tocsin.incidents.clocks.asked import allowed, people
from tocsin.incidents.commands import relations as c
from tocsin.incidents.events.relations import DrillStopped, KeysGiven, KeysTaken
from tocsin.incidents.rules.draft import Draft, reason_of
from tocsin.incidents.rules.fix import settle_window
from tocsin.incidents.vocabulary import Audience, Kind


def give(draft: Draft, command: c.GiveKeys) -> None:
    """Gives keys up.

    Raises:
        BadInput: the incident does not have one of them.
    """
    draft.require_open()
    draft.responder()
    keys = tuple(dict.fromkeys(command.keys))
    for key in keys:
        if key not in draft.incident.signals:
            raise BadInput(f"this incident has no key {key[:80]!r}", field="keys")
    firing = (key for key in keys if draft.incident.signals[key].firing)
    draft.add(
        KeysGiven(
            **draft.stamp,
            into=command.into,
            keys=keys,
            firing=tuple(firing),
            reason=reason_of(command.reason),
            called=command.called,
        )
    )
    settle_window(draft)


def take(draft: Draft, command: c.TakeKeys) -> None:
    """Takes over what the other incident gave up."""
    draft.require_open()
    if len({*draft.incident.signals, *command.keys}) > limits.KEYS_PER_INCIDENT:
        raise BadInput(f"an incident joins at most {limits.KEYS_PER_INCIDENT} dedup keys")
    draft.add(
        KeysTaken(
            **draft.stamp,
            source=command.source,
            keys=command.keys,
            firing=command.firing,
            states=command.states,
            called=command.called,
        )
    )
    settle_window(draft)


def stop_drill(draft: Draft, command: c.StopDrill) -> None:
    """Ends a drill; who takes part in it, or would be paged for it, is told where to go.

    Raises:
        IllegalTransition: it is no drill, or is over.
    """
    draft.require_open()
    incident = draft.incident
    if incident.kind is not Kind.DRILL:
        raise IllegalTransition(f"{incident.name} is no drill")
    taking_part = allowed((*incident.roles.values(), *incident.responders), incident)
    asked = taking_part or people([Audience.PRIMARY], incident, draft.policy)
    draft.add(DrillStopped(**draft.stamp, real=command.real, people=asked, called=command.called))
