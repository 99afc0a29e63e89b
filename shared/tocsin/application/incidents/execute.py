"""One command, carried out: load, decide, commit; a lost race is decided again.

The command id is checked by the store inside the transaction, so it costs nothing when it is new.
It is looked up only when the command would be refused, changes nothing or loses: a repeat must be
answered as a repeat even though the incident has moved on since. A batch of signals is named by its
signals, so what is delivered again is a repeat in whatever order it comes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.application.incidents.commit import commit_of, record_of
from tocsin.application.incidents.fingerprint import command_hash, request_hash
from tocsin.application.incidents.numbers import Giving
from tocsin.application.incidents.outcome import Outcome
from tocsin.errors import (
    CommandRepeated,
    IdempotencyKeyReused,
    NumberTaken,
    TocsinError,
    UnknownIncident,
    VersionConflict,
)
from tocsin.incidents.commands.closing import ReopenFromSignals
from tocsin.incidents.commands.opening import HearClears, MergeSignals, OpenIncident
from tocsin.incidents.rules.decide import decide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.model.incident import Incident
    from tocsin.ports.incidents import CommandRecord, Commit, IncidentStore
    from tocsin.ports.numbers import Numbers
    from tocsin.ports.runbooks import PolicySource
    from tocsin.ports.signals import Pointer
    from tocsin.ports.time import Ids, IncidentClock

ATTEMPTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What carrying a command out takes; without `numbers` incidents go by their ids.

    `became` hears of signals: why they were set aside, that they were merged or repeated; how many.
    """

    store: IncidentStore
    policies: PolicySource
    clock: IncidentClock
    ids: Ids
    numbers: Numbers | None = None
    became: Callable[[str, int], None] = lambda _reason, _count: None


type Also = Callable[[Incident | None, Commit], tuple[Commit, ...]]
"""What else the same transaction does, of the incident before and what is done to it."""


def carry_out(
    command: Command, ports: Ports, *, over: Pointer | None = None, also: Also | None = None
) -> Outcome:
    """Carries one command on one incident out, or finds that it was carried out before.

    Only the engine calls it: closing, splitting and merging take more than this. `over` is the
    pointer of a key whose owner does not have it, `also` what goes into the same transaction.

    Raises:
        IdempotencyKeyReused: its id was used for something else.
        VersionConflict: it lost every one of the bounded races.
        TocsinError: the command is refused; nothing has changed.
    """
    giving = Giving(ports.numbers)
    used: int | None = None
    try:
        outcome = _carry_out(command, ports, giving, over=over, also=also)
        used = outcome.incident.number
    finally:
        giving.settle(used)
    return outcome


def _carry_out(
    command: Command, ports: Ports, giving: Giving, *, over: Pointer | None, also: Also | None
) -> Outcome:
    store = ports.store
    for attempt in range(1, ATTEMPTS + 1):
        before = store.load(command.incident_id)
        try:
            commit = _decided(command, before, ports, giving, over)
            if commit is None:
                return _unchanged(command, before, ports)
            if also is not None:
                commit = replace(commit, also=also(before, commit))
        except TocsinError:
            if (repeated := _repeated(command, store)) is not None:
                return repeated
            raise
        try:
            store.commit(commit)
        except CommandRepeated:
            if (repeated := _repeated(command, store)) is not None:
                return repeated
        except (VersionConflict, NumberTaken) as lost:
            giving.lost(lost)
        else:
            return Outcome(
                incident=commit.incident,
                entries=commit.entries,
                outbox=commit.outbox,
                attempts=attempt,
                due=commit.due,
            )
    raise VersionConflict(f"lost {ATTEMPTS} races for {command.incident_id}")


def _decided(
    command: Command,
    before: Incident | None,
    ports: Ports,
    giving: Giving,
    over: Pointer | None,
) -> Commit | None:
    """What is to be written; None changes nothing."""
    policies = ports.policies
    policy = policies.version(before.policy_version) if before else policies.current()
    events = decide(before, command, policy, ports.clock.incident_now())
    if not events:
        return None
    events, number = giving.give(before, events)
    commit = commit_of(before, events, command, policy, ports.ids, over=over)
    return replace(commit, number=number)


def _unchanged(command: Command, before: Incident | None, ports: Ports) -> Outcome:
    """What changed nothing is remembered: repeated when it would change something, it must not.

    Raises:
        UnknownIncident: there is nothing that could have changed.
    """
    if before is None:
        raise UnknownIncident(f"there is no incident {command.incident_id}")
    if (repeated := _repeated(command, ports.store)) is not None:
        return repeated
    record = record_of(command, before, ports.clock.incident_now())
    if record is not None:
        try:
            ports.store.remember(record)
        except CommandRepeated:
            return _repeated(command, ports.store) or Outcome(incident=before)
    return Outcome(incident=before)


def _repeated(command: Command, store: IncidentStore) -> Outcome | None:
    """What the command did when it came first; None if it did not."""
    if not command.command_id or (record := _record_of(command, store)) is None:
        return None
    named_by_content = isinstance(command, MergeSignals | ReopenFromSignals | HearClears)
    if not named_by_content and record.request_hash != request_hash(command):
        raise IdempotencyKeyReused("this key was used for another request", key=command.command_id)
    incident = store.load(record.incident)
    return None if incident is None else Outcome(incident=incident, repeated=True)


def _record_of(command: Command, store: IncidentStore) -> CommandRecord | None:
    if isinstance(command, OpenIncident):
        return store.creation(command.actor.ref, command.command_id)
    return store.command(command.incident_id, command_hash(command.actor, command.command_id))
