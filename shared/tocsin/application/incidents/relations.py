"""Splitting and merging: commands that touch two incidents, in steps that can be repeated.

A split opens the new incident first, then hands the keys over in one write of the old one, so at no
moment does a signal have nowhere to go or two places. Each step is recognised when it comes again:
repeating the command carries out what was lost.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.application.incidents.close import close
from tocsin.application.incidents.execute import carry_out
from tocsin.errors import BadInput, StoreUnavailable, UnknownIncident
from tocsin.incidents.commands.closing import Close
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.commands.relations import GiveKeys, Merge, Split, TakeKeys
from tocsin.incidents.events.fold import event_of
from tocsin.incidents.events.relations import KeysGiven
from tocsin.incidents.rules.decide import decide
from tocsin.incidents.vocabulary import Kind, Resolution

if TYPE_CHECKING:
    from tocsin.application.incidents.execute import Ports
    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.model.incident import Incident
    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.time import Ids


def split(command: Split, ports: Ports) -> Outcome:
    """Opens the incident that was part of another; the outcome is the new one's.

    Raises:
        BadInput: a key is not the old incident's, or the split has no id to be repeated under.
        TocsinError: as `execute`; nothing has been opened then.
    """
    store = ports.store
    whole = store.load(command.incident_id)
    if whole is None:
        raise UnknownIncident(f"there is no incident {command.incident_id}")
    if not command.command_id:
        raise BadInput("a split is repeated by its command id and needs one")
    known = store.creation(command.actor.ref, _opening_id(command))
    if known is None:
        opening = _opening(command, whole, ports.ids)
        given = _given(command, opening.incident_id)
        policy = ports.policies.version(whole.policy_version)
        decide(whole, given, policy, ports.clock.incident_now())
        part = carry_out(opening, ports).incident.id
    else:
        part = known.incident
    carry_out(_given(command, part), ports)
    taken = carry_out(_taken(command, part, _given_up(whole.id, part, store)), ports)
    return replace(taken, repeated=known is not None)


def merge(command: Merge, ports: Ports) -> Outcome:
    """Closes the other incident as a duplicate of this one; for critical and high two people do.

    Raises:
        TocsinError: as `close`.
    """
    outcome = close(
        Close(
            incident_id=command.other,
            command_id=command.command_id,
            actor=command.actor,
            correlation_id=command.correlation_id,
            groups=command.groups,
            resolution=Resolution.DUPLICATE,
            duplicate_of=command.incident_id,
            reason=command.reason,
        ),
        ports,
    )
    survivor = ports.store.load(command.incident_id)
    if survivor is None:
        raise UnknownIncident(f"there is no incident {command.incident_id}")
    return replace(outcome, incident=survivor)


def _opening(command: Split, whole: Incident, ids: Ids) -> OpenIncident:
    return OpenIncident(
        incident_id=ids.incident_id(drill=whole.kind is Kind.DRILL),
        command_id=_opening_id(command),
        actor=command.actor,
        correlation_id=command.correlation_id,
        groups=command.groups,
        title=command.title,
        detail=command.reason,
        severity=command.severity or whole.severity,
        category=command.category or whole.category,
        kind=whole.kind,
        service=command.service or whole.service,
        environment=whole.environment,
        began_at=whole.began_at,
        received_at=whole.cycle_started_at,
        restricted=whole.restricted,
        previous=whole.id,
    )


def _opening_id(command: Split) -> str:
    return f"split:{command.incident_id}:{command.command_id}"


def _given(command: Split, part: str) -> GiveKeys:
    return GiveKeys(
        incident_id=command.incident_id,
        command_id=f"split:{command.command_id}",
        actor=command.actor,
        correlation_id=command.correlation_id,
        if_match=None,
        groups=command.groups,
        into=part,
        keys=command.keys,
        reason=command.reason,
    )


def _given_up(whole: str, part: str, store: IncidentStore) -> KeysGiven:
    """What the old incident's record says of the keys: it knows them no more."""
    for entry in store.entries(whole):
        event = event_of(entry) if entry.type == KeysGiven.type else None
        if isinstance(event, KeysGiven) and event.into == part:
            return event
    raise StoreUnavailable("the keys that were given up are not on the record yet")


def _taken(command: Split, part: str, given: KeysGiven) -> TakeKeys:
    return TakeKeys(
        incident_id=part,
        command_id=f"split:{command.command_id}",
        actor=command.actor,
        correlation_id=command.correlation_id,
        groups=command.groups,
        source=command.incident_id,
        keys=given.keys,
        firing=given.firing,
    )
