"""Splitting and merging: commands that touch two incidents, in one transaction.

So at no moment does a signal have nowhere to go or two places, and a part that nobody asked for is
never left behind. An earlier version split in three steps; where one of them was lost, repeating
the command carries it out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.application.incidents.close import close
from tocsin.application.incidents.commit import commit_of
from tocsin.application.incidents.execute import carry_out
from tocsin.application.incidents.numbers import Giving
from tocsin.application.incidents.outcome import Outcome
from tocsin.errors import (
    BadInput,
    CommandRepeated,
    IdempotencyKeyReused,
    NumberTaken,
    StoreUnavailable,
    UnknownIncident,
)
from tocsin.incidents import limits
from tocsin.incidents.commands.closing import Close
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.commands.relations import GiveKeys, Merge, Split, TakeKeys
from tocsin.incidents.events.evolve import evolve
from tocsin.incidents.events.fold import event_of
from tocsin.incidents.events.relations import KeysGiven, KeysTaken
from tocsin.incidents.model.parts import Access
from tocsin.incidents.rules.decide import decide
from tocsin.incidents.vocabulary import Kind, Resolution

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.application.incidents.execute import Ports
    from tocsin.incidents.model.incident import Incident, SignalState
    from tocsin.ports.incidents import Commit, IncidentStore
    from tocsin.ports.time import Ids


_TRIES_WITH_NUMBER = 2


def split(command: Split, ports: Ports) -> Outcome:
    """Opens the incident that was part of another; the outcome is the new one's.

    Raises:
        BadInput: a key is not the old incident's, or the split has no id to be repeated under.
        TocsinError: as `execute`; nothing has been opened then.
    """
    store = ports.store
    if not command.command_id:
        raise BadInput("a split is repeated by its command id and needs one")
    if (known := store.creation(command.actor.ref, _opening_id(command))) is None:
        try:
            return _split(command, ports)
        except (CommandRepeated, IdempotencyKeyReused):
            known = store.creation(command.actor.ref, _opening_id(command))
            if known is None:
                raise
    return _finished(command, known.incident, ports)


def _split(command: Split, ports: Ports) -> Outcome:
    """Opens the part and hands the keys over."""
    store = ports.store
    whole = store.load(command.incident_id)
    if whole is None:
        raise UnknownIncident(f"there is no incident {command.incident_id}")
    opening = _opening(command, whole, ports.ids)
    try:
        part = _opened_apart(command, whole, opening, ports, Giving(ports.numbers))
    except NumberTaken:  # a counter may have fallen back: the part comes first
        part = _opened_apart(command, whole, opening, ports, Giving(None))
    if part is None:  # the old incident knows the command, and its part cannot be found any more
        raise IdempotencyKeyReused("this key was used for another split", key=command.command_id)
    return Outcome(incident=part.incident, entries=part.entries, outbox=part.outbox, due=part.due)


def _opened_apart(
    command: Split, whole: Incident, opening: OpenIncident, ports: Ports, giving: Giving
) -> Commit | None:
    """The part, opened in the transaction that takes its keys from the whole.

    Its number is asked for once, beside the transaction, as for every opening.

    Raises:
        NumberTaken: it lost with its number more than once; perhaps that is another incident's.
    """
    tried: list[Commit] = []
    used: int | None = None
    called = giving.ask(opening.kind)

    def also(before: Incident | None, commit: Commit) -> tuple[Commit, ...]:
        if called is not None and len(tried) == _TRIES_WITH_NUMBER:
            raise NumberTaken
        tried.append(_part(command, before or whole, opening, commit, ports, giving=giving))
        return (tried[-1],)

    try:
        carry_out(_given(command, opening.incident_id, called), ports, also=also)
        used = tried[-1].number if tried else None
    finally:
        giving.settle(used)
    return tried[-1] if tried else None


def _part(
    command: Split,
    whole: Incident,
    opening: OpenIncident,
    commit: Commit,
    ports: Ports,
    *,
    giving: Giving,
) -> Commit:
    """What the part's half of the transaction is; the whole hands the keys over itself."""
    policy, now = ports.policies.current(), ports.clock.incident_now()
    events, number = giving.give(None, decide(None, opening, policy, now))
    part: Incident | None = None
    for event in events:
        part = evolve(part, event)
    states = {key: whole.signals[key] for key in command.keys}
    firing = tuple(key for key, state in states.items() if state.firing)
    taken = _taken(command, opening.incident_id, tuple(states), firing, states, called=whole.name)
    events += decide(part, taken, policy, now)
    found = commit_of(None, events, opening, policy, ports.ids)
    handed = {pointer.key for pointer in commit.pointers}
    pointers = tuple(one for one in found.pointers if one.key not in handed)
    return replace(found, pointers=pointers, number=number)


def _finished(command: Split, part: str, ports: Ports) -> Outcome:
    """A split that began before, with what an earlier version may have lost of it."""
    store = ports.store
    carry_out(_given(command, part), ports)
    found = store.load(part)
    if found is None:
        raise UnknownIncident(f"there is no incident {part}")
    if found.open and not _has_taken(part, command.incident_id, store):
        given = _given_up(command.incident_id, part, store)
        taken = _taken(command, part, given.keys, given.firing, None)
        return replace(carry_out(taken, ports), repeated=True)
    return Outcome(incident=found, repeated=True)


def _has_taken(part: str, whole: str, store: IncidentStore) -> bool:
    return any(
        entry.type == KeysTaken.type and entry.content.get("source") == whole
        for entry in store.entries(part)
    )


def merge(command: Merge, ports: Ports) -> Outcome:
    """Closes the other incident as a duplicate of this one; for critical and high two people do.

    Raises:
        TocsinError: as `close`.
    """
    limits.name("other", command.other)
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
        called=whole.name,
        access=whole.access if whole.access != Access() else None,
    )


def _opening_id(command: Split) -> str:
    return f"split:{command.incident_id}:{command.command_id}"


def _given(command: Split, part: str, called: str | None = None) -> GiveKeys:
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
        called=called,
    )


def _given_up(whole: str, part: str, store: IncidentStore) -> KeysGiven:
    """What the old incident's record says of the keys: it knows them no more."""
    for entry in store.entries(whole):
        event = event_of(entry) if entry.type == KeysGiven.type else None
        if isinstance(event, KeysGiven) and event.into == part:
            return event
    raise StoreUnavailable("the keys that were given up are not on the record yet")


def _taken(
    command: Split,
    part: str,
    keys: tuple[str, ...],
    firing: tuple[str, ...],
    states: Mapping[str, SignalState] | None,
    *,
    called: str | None = None,
) -> TakeKeys:
    return TakeKeys(
        incident_id=part,
        command_id=f"split:{command.command_id}",
        actor=command.actor,
        correlation_id=command.correlation_id,
        groups=command.groups,
        source=command.incident_id,
        keys=keys,
        firing=firing,
        states=states or None,
        called=called,
    )
