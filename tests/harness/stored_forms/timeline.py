"""Every type of timeline entry, and what it makes of an incident, as they are stored."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.harness.fakes.boto_call import binary
from tests.harness.stored_forms.examples import EPOCH, Examples
from tocsin.adapters.incidents.items import entry_item, entry_of
from tocsin.incidents.events.base import Event
from tocsin.incidents.events.evolve import HANDLERS
from tocsin.incidents.events.fold import event_of, seal
from tocsin.incidents.events.opening import Opened
from tocsin.incidents.events.snapshot import snapshot_of, snapshot_text
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.timeline.codec import encode_fields
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind, State

if TYPE_CHECKING:
    from collections.abc import Iterator

INCIDENT = "INC-00000000000000000000000001"
ANA = Actor(ActorKind.PERSON, "ana")
_HEADER: dict[str, Any] = {"actor": ANA, "at": EPOCH, "occurred_at": EPOCH}
_MOVED = frozenset({"head", "recorded_at", "version"})
"""What every entry changes."""


def types() -> tuple[type[Event], ...]:
    """Every type of event there is, those nothing handles among them: an error, then."""
    events: tuple[type[Event], ...] = (Opened, *HANDLERS)
    known = {event.type: event for event in events}
    strangers = {event.type for event in _below(Event)} - set(known)
    assert not strangers, f"nothing folds {strangers}"
    return tuple(known[name] for name in sorted(known))


def incident(examples: Examples) -> Incident:
    """An open incident about which everything is known, under the names the events use."""
    made = examples.filled(
        Incident, "incident", id=INCIDENT, closed_at=None, resolution=None, duplicate_of=None
    )
    (work,), (waiver,) = made.prevention.values(), made.waivers.values()
    return replace(
        made,
        prevention={"action": work},
        waivers={"criterion": waiver},
        state=State.OPEN,
        version=7,
    )


def lines() -> Iterator[tuple[str, Any]]:
    """Every type of entry with all its fields and with few, and what it changes."""
    examples = Examples()
    before = incident(examples)
    assert snapshot_of(snapshot_text(before)) == before
    yield "incident open", json.loads(snapshot_text(before))
    closed = examples.filled(Incident, "incident", id=INCIDENT)
    assert snapshot_of(snapshot_text(closed)) == closed
    yield "incident closed", json.loads(snapshot_text(closed))
    for event_type in types():
        for how, make in (("full", examples.filled), ("bare", examples.bare)):
            event = make(event_type, event_type.type, **_HEADER)
            if isinstance(event, Opened):
                event = replace(event, incident=INCIDENT)
            opening = isinstance(event, Opened)
            (entry,), after = seal(
                None if opening else before,
                [event],
                incident_id=INCIDENT,
                salts=[bytes(range(32))],
                correlation_id="correlation",
            )
            item = entry_item(entry)
            assert entry_of(item) == entry
            assert event_of(entry) == event
            assert snapshot_of(snapshot_text(after)) == after
            yield f"entry {event_type.type} {how}", binary(item, b64decode)
            yield f"after {event_type.type} {how}", _difference(None if opening else before, after)
    for path, words in examples.words.items():
        yield f"words {path}", words


def _difference(before: Incident | None, after: Incident) -> dict[str, Any]:
    old = {} if before is None else encode_fields(before)
    new = encode_fields(after)
    return {
        name: new.get(name)
        for name in sorted({*old, *new} - _MOVED)
        if old.get(name) != new.get(name)
    }


def _below(cls: type[Event]) -> Iterator[type[Event]]:
    for each in cls.__subclasses__():
        yield each
        yield from _below(each)
