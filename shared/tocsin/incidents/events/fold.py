"""Between events and the timeline: sealing events into the chain, and folding entries back.

`fold(entries)` is the incident, all of it: `META` is a copy kept for speed (I4).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from tocsin.errors import MalformedPayload
from tocsin.incidents.events.base import Event
from tocsin.incidents.events.evolve import HANDLERS, evolve
from tocsin.incidents.events.opening import Opened
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.timeline.entry import GENESIS, Actor, Entry
from tocsin.incidents.vocabulary import ActorKind

_IN_HEADER = frozenset({"actor", "at", "occurred_at"})
_EVENTS: tuple[type[Event], ...] = (Opened, *HANDLERS)
_TYPES = {event.type: event for event in _EVENTS}


def seal(
    incident: Incident | None,
    events: Sequence[Event],
    *,
    incident_id: str,
    salts: Sequence[bytes],
    correlation_id: str,
) -> tuple[tuple[Entry, ...], Incident]:
    """The entries of some events, chained to the incident's head, and the incident after them.

    `salts` holds one fresh random value per event.
    """
    entries: list[Entry] = []
    after = incident
    for event, salt in zip(events, salts, strict=True):
        entry = Entry(
            incident=incident_id,
            seq=after.version + 1 if after else 1,
            type=event.type,
            recorded_at=event.at,
            occurred_at=event.occurred_at,
            actor_ref=event.actor.ref,
            content=encode_fields(event, without=_IN_HEADER),
            salt=salt,
            prev_hash=after.head if after else GENESIS,
            correlation_id=correlation_id,
        )
        after = _advance(after, event, entry)
        entries.append(entry)
    if after is None:
        raise ValueError("nothing to seal")
    return tuple(entries), after


def fold(entries: Iterable[Entry], incident: Incident | None = None) -> Incident:
    """The incident that a timeline (or the rest of one, after `incident`) describes.

    Raises:
        MalformedPayload: an entry of a type or shape this version does not know, or no entry.
    """
    for entry in entries:
        incident = _advance(incident, event_of(entry), entry)
    if incident is None:
        raise MalformedPayload("an empty timeline describes no incident")
    return incident


def event_of(entry: Entry) -> Event:
    """The event an entry was sealed from.

    Raises:
        MalformedPayload: the type is unknown or the content does not fit it.
    """
    try:
        cls = _TYPES[entry.type]
        known: dict[str, Any] = {
            "actor": actor_of(entry.actor_ref),
            "at": entry.recorded_at,
            "occurred_at": entry.occurred_at,
        }
        return decode_fields(cls, entry.content, **known)
    except (KeyError, ValueError, TypeError) as error:
        raise MalformedPayload(f"entry {entry.seq}: {error}") from error


def actor_of(ref: str) -> Actor:
    """The inverse of `Actor.ref`."""
    kind, _, name = ref.partition(":")
    return Actor(ActorKind(kind), name)


def _advance(incident: Incident | None, event: Event, entry: Entry) -> Incident:
    return replace(
        evolve(incident, event),
        version=entry.seq,
        head=entry.hash,
        recorded_at=entry.recorded_at,
    )
