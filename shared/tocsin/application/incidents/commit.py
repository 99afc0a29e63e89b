"""A decision, made ready for the store: sealed entries, messages, command record, pointers, due.

Everything derived from a decision is derived here, once, so no way in can forget a part of it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.application.incidents.fingerprint import command_hash, request_hash
from tocsin.incidents.commands.closing import Reopen
from tocsin.incidents.commands.opening import OpenFromSignals, OpenIncident
from tocsin.incidents.events.fold import seal
from tocsin.incidents.events.relations import KeysGiven
from tocsin.incidents.messages.notices import messages
from tocsin.incidents.queries.agenda import next_due
from tocsin.incidents.queries.freeze import changed
from tocsin.incidents.queries.prevention import changed_prevention
from tocsin.incidents.rules.growth import check_growth
from tocsin.ports.incidents import CommandRecord, Commit
from tocsin.ports.signals import Pointer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.events.base import Event
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.ports.time import Ids


def commit_of(
    before: Incident | None,
    events: Sequence[Event],
    command: Command,
    policy: Policy,
    ids: Ids,
    *,
    over: Pointer | None = None,
) -> Commit:
    """The one transaction that makes `events` true; `over` is a pointer that may be written over.

    Raises:
        PayloadTooLarge: the command adds to a summary that is full.
    """
    entries, after = seal(
        before,
        events,
        incident_id=command.incident_id,
        salts=[ids.salt() for _ in events],
        correlation_id=command.correlation_id,
    )
    check_growth(command, after)
    given = () if isinstance(command, Reopen) else _given(events)
    pointers = (*_pointers(before, after, policy), *given)
    return Commit(
        expected_version=before.version if before else 0,
        incident=after,
        entries=entries,
        outbox=messages(events, after, policy, command.correlation_id),
        command=record_of(command, after, events[-1].at),
        pointers=tuple(
            replace(each, over=over) if over is not None and each.key == over.key else each
            for each in pointers
        ),
        due=next_due(after, policy),
        freezes=changed(before, after),
        actions=changed_prevention(before, after),
    )


def record_of(command: Command, after: Incident, at: datetime) -> CommandRecord | None:
    """The trace of a command.

    Ticks have no id, and signals that open an incident are kept apart by their dedup key.
    """
    if not command.command_id or isinstance(command, OpenFromSignals):
        return None
    creates = isinstance(command, OpenIncident)
    return CommandRecord(
        hash=command_hash(command.actor, command.command_id),
        request_hash=request_hash(command),
        incident=after.id,
        version=after.version,
        recorded_at=at,
        principal=command.actor.ref if creates else None,
        key=command.command_id if creates else None,
    )


def _given(events: Sequence[Event]) -> tuple[Pointer, ...]:
    """Keys that pass to another incident with a split; they are open there."""
    return tuple(
        Pointer(key=key, incident=event.into, open=True)
        for event in events
        if isinstance(event, KeysGiven)
        for key in event.keys
    )


def _pointers(before: Incident | None, after: Incident, policy: Policy) -> tuple[Pointer, ...]:
    """The dedup keys whose owner or state this decision changes.

    A duplicate's keys pass to the incident it repeats in the same write, so that no signal can
    open a third one in between.
    """
    was_open = before is not None and before.open
    known = before.signals if before is not None else {}
    changed = after.signals if was_open != after.open else set(after.signals) - set(known)
    until = None
    if after.closed_at is not None:
        until = after.closed_at + timedelta(minutes=policy.limits.reopen_window_minutes)
    heir = after.duplicate_of if not after.open else None
    return tuple(
        Pointer(key=key, incident=heir, open=True)
        if heir is not None
        else Pointer(key=key, incident=after.id, open=after.open, reopen_until=until)
        for key in sorted(changed)
    )
