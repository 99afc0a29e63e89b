"""Signals, turned into commands: one per dedup key and batch, opening or merging.

A signal is never dropped in silence: it becomes an entry, or leaves a trace that says it led to
nothing, or its failure is reported so that its source sends it again. Traces are written after
the commit; a crash between the two, or two deliveries at one time, merges the signal twice rather
than not at all.

What is held back for a time is let through by the sweep (`let_through`).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING

from tocsin.application.incidents.execute import ATTEMPTS, Ports, carry_out
from tocsin.application.signals import noise
from tocsin.application.signals.set_aside import (
    OVERHEARD,
    keep_quiet,
    meaningful,
    wanted,
)
from tocsin.errors import (
    BadInput,
    DedupKeyTaken,
    IllegalTransition,
    TocsinError,
    Unavailable,
    UnknownIncident,
)
from tocsin.incidents.commands.closing import ReopenFromSignals
from tocsin.incidents.commands.opening import HearClears, MergeSignals, OpenFromSignals
from tocsin.incidents.limits import KEYS_PER_INCIDENT, SIGNALS_PER_ENTRY
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.signals import Signal
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.signals import Intake, Pointer


MERGED, REPEATED, CLEAR = "merged", "repeated", "clear"
BATCH = 16
"""Of a batch's digest, where it tells apart what is counted by batches."""

SAME_NEWS = timedelta(minutes=2)
"""How far apart an alarm and its parts may say the same thing."""


class SignalsNotReceived(Unavailable):
    """Some signals could not be received; the others were."""

    code = "signals_not_received"

    def __init__(self, failed: Mapping[str, TocsinError], outcomes: Sequence[Outcome]) -> None:
        super().__init__(f"{len(failed)} signals not received")
        self.failed = failed
        self.outcomes = tuple(outcomes)


def receive(signals: Sequence[Signal], ports: Ports) -> list[Outcome]:
    """Receives a batch; one outcome per dedup key that led to something.

    Raises:
        SignalsNotReceived: after every key was tried; `failed` maps signal ids to errors.
    """
    outcomes: list[Outcome] = []
    failed: dict[str, TocsinError] = {}
    policy = ports.policies.current()
    for group in _by_key(meaningful(signals, policy)).values():
        for part in batched(group, SIGNALS_PER_ENTRY, strict=False):
            try:
                outcomes.extend(_receive_key(part, policy, ports))
            except TocsinError as error:
                ids = (signal.id.removesuffix(OVERHEARD) for signal in part)
                failed.update(dict.fromkeys(ids, error))
    if failed:
        raise SignalsNotReceived(failed, outcomes)
    return outcomes


def _by_key(signals: Sequence[Signal]) -> dict[str, list[Signal]]:
    """Groups of one key each, every signal id once."""
    groups: dict[str, dict[str, Signal]] = {}
    for signal in signals:
        groups.setdefault(signal.key, {})[signal.id] = signal
    return {key: list(group.values()) for key, group in groups.items()}


def _receive_key(signals: Sequence[Signal], policy: Policy, ports: Ports) -> list[Outcome]:
    known = _known(signals, ports)
    if len(known.new) < len(signals):
        ports.became(REPEATED, len(signals) - len(known.new))
    for signal in known.new:
        if signal.held_until is not None:
            ports.store.hold(signal)
    keep_quiet([signal for signal in known.new if signal.suppressed], policy, ports)
    heard = [signal for signal in known.new if not signal.suppressed]
    fresh = wanted(heard, policy, ports, known) if heard else []
    outcome = take(fresh, policy, ports, known.pointer) if fresh else None
    _speak_for_the_whole(fresh, ports)
    if heard:
        owner = None if outcome is None else outcome.incident.id
        noise.count_unknown(heard, owner, policy, ports, batch=_batch_id(heard)[:BATCH])
    return [outcome] if outcome else []


def take(
    fresh: Sequence[Signal], policy: Policy, ports: Ports, pointer: Pointer | None
) -> Outcome | None:
    """Opens or merges, and leaves the traces of what was told."""
    outcome = _open_or_merge(fresh, policy, ports, pointer)
    now = ports.clock.incident_now()
    clears = [signal for signal in fresh if not signal.firing and not signal.only_told]
    if clears and outcome is None:
        newest = max(clears, key=lambda signal: signal.occurred_at)
        ports.store.hear_clear(newest, recorded_at=now)
    if outcome is not None and outcome.entries and outcome.entries[0].type in _BEGUN:
        noise.lead(fresh, outcome.incident.id, policy, ports)
    ports.store.trace(fresh, incident=outcome.incident.id if outcome else None, recorded_at=now)
    _count(fresh, outcome, ports)
    return outcome


_BEGUN = frozenset({"opened", "reopened"})


def _count(fresh: Sequence[Signal], outcome: Outcome | None, ports: Ports) -> None:
    begun = outcome.entries[0].type if outcome is not None and outcome.entries else ""
    rest = len(fresh) - (begun in _BEGUN)
    if rest:
        ports.became(CLEAR if outcome is None else MERGED, rest)


def _known(signals: Sequence[Signal], ports: Ports) -> Intake:
    """With those without a trace; what was overheard is none where it was sent here before."""
    sent = {
        signal.id: replace(signal, id=signal.id.removesuffix(OVERHEARD))
        for signal in signals
        if signal.id.endswith(OVERHEARD)
    }
    known = ports.store.intake((*signals, *sent.values()))
    ids = {signal.id for signal in known.new}
    new = tuple(
        signal
        for signal in signals
        if signal.id in ids and (signal.id not in sent or sent[signal.id].id in ids)
    )
    return replace(known, new=new)


def _speak_for_the_whole(signals: Sequence[Signal], ports: Ports) -> None:
    """What its parts have told, the whole need not say as well."""
    told = [signal.occurred_at for signal in signals if signal.part and signal.firing]
    if told:
        until = max(told) + SAME_NEWS
        ports.store.let_go(signals[0].whole, until=until, recorded_at=ports.clock.incident_now())


def _open_or_merge(
    signals: Sequence[Signal], policy: Policy, ports: Ports, pointer: Pointer | None
) -> Outcome | None:
    """Joins the key's open incident or opens one; whoever loses the race to open joins.

    `pointer` is the key's as it was read a moment ago.

    Raises:
        DedupKeyTaken: the key's owner changed under every one of the bounded attempts.
    """
    doubted = False
    for attempt in range(ATTEMPTS):
        if attempt:
            pointer = ports.store.pointer(signals[0].key)
        if doubted:
            command = _command_past(pointer, signals, ports)
        else:
            command = _command_for(pointer, signals, policy, ports)
        if command is None:
            return None
        try:
            return carry_out(command, ports, over=pointer if doubted else None)
        except DedupKeyTaken:
            doubted = False
        except (IllegalTransition, UnknownIncident, BadInput):
            if ports.store.pointer(signals[0].key) != pointer:
                continue
            if doubted or pointer is None:
                raise
            doubted = True
    raise DedupKeyTaken("the key's owner keeps changing", key=signals[0].key)


def _command_for(
    pointer: Pointer | None, signals: Sequence[Signal], policy: Policy, ports: Ports
) -> Command | None:
    """Merge, reopen or open, by who owns the key; None for a clear with nothing to tell it to."""
    if pointer is not None and pointer.open:
        return _merge(pointer.incident, signals)
    if not any(signal.firing for signal in signals):
        return _telling(None if pointer is None else ports.store.load(pointer.incident), signals)
    signals = _with_clear(signals, ports)
    if pointer is None:
        return _joining(signals, policy, ports) or _opening(
            ports.ids.incident_id(drill=signals[0].drill), signals, None
        )
    until = pointer.reopen_until
    if until is not None and ports.clock.incident_now() <= until:
        return _reopening(pointer.incident, signals)
    return _joining(signals, policy, ports) or _opening(
        ports.ids.incident_id(drill=signals[0].drill), signals, pointer.incident
    )


def _joining(signals: Sequence[Signal], policy: Policy, ports: Ports) -> Command | None:
    """A part joins the incident that its whole has opened; nobody is paged twice for one alarm.

    So does what belongs to the group of an incident that opened a short while ago.
    """
    owner = None
    if signals[0].part:
        whole = ports.store.pointer(signals[0].whole)
        owner = ports.store.load(whole.incident) if whole is not None and whole.open else None
    owner = owner or noise.joined(signals, policy, ports)
    if owner is None or not owner.open or len(owner.signals) >= KEYS_PER_INCIDENT:
        return None
    return _merge(owner.id, signals)


def _command_past(
    pointer: Pointer | None, signals: Sequence[Signal], ports: Ports
) -> Command | None:
    """Where the key goes if the incident it points to cannot take it, whatever the pointer says.

    A write that was cut off in an earlier version left pointers to incidents that were closed, or
    that hold as many keys as they may. No alarm waits for somebody to mend that.
    """
    owner = None if pointer is None else goes_on_as(pointer.incident, ports.store)
    key = signals[0].key
    fits = owner is not None and (key in owner.signals or len(owner.signals) < KEYS_PER_INCIDENT)
    if owner is not None and owner.open and fits:
        return _merge(owner.id, signals)
    if not any(signal.firing for signal in signals):
        return _telling(owner, signals)
    signals = _with_clear(signals, ports)
    if owner is not None and fits and _may_reopen(owner, ports):
        return _reopening(owner.id, signals)
    previous = None if owner is None else owner.id
    return _opening(ports.ids.incident_id(drill=signals[0].drill), signals, previous)


def _telling(owner: Incident | None, signals: Sequence[Signal]) -> HearClears | None:
    """Tells a closed incident that its signal cleared, if it was closed while that fired."""
    state = None if owner is None else owner.signals.get(signals[0].key)
    if owner is None or owner.open or state is None or not state.firing:
        return None
    return HearClears(
        incident_id=owner.id,
        command_id=_batch_id(signals),
        actor=Actor(ActorKind.SOURCE, signals[0].source),
        correlation_id=signals[0].correlation_id,
        signals=tuple(signals),
    )


def _with_clear(signals: Sequence[Signal], ports: Ports) -> Sequence[Signal]:
    """With the clear that overtook them, if there was one: nobody would send it again."""
    heard = ports.store.clear_heard(signals[0].key)
    newest = max(signals, key=lambda signal: signal.occurred_at)
    if heard is None or heard.occurred_at <= newest.occurred_at:
        return signals
    clear = replace(
        newest,
        id=heard.id,
        title=heard.title,
        detail="",
        facts={},
        firing=False,
        occurred_at=heard.occurred_at,
    )
    return (*signals, clear)


def goes_on_as(incident_id: str, store: IncidentStore) -> Incident | None:
    """The incident, or what it is a duplicate of in the end."""
    found = store.load(incident_id)
    seen = {incident_id}
    while found is not None and not found.open and found.duplicate_of not in (None, *seen):
        seen.add(found.duplicate_of or "")
        found = store.load(found.duplicate_of or "")
    return found


def _may_reopen(owner: Incident, ports: Ports) -> bool:
    if owner.closed_at is None or owner.duplicate_of is not None:
        return False
    window = ports.policies.version(owner.policy_version).limits.reopen_window_minutes
    return ports.clock.incident_now() <= owner.closed_at + timedelta(minutes=window)


def _reopening(incident_id: str, signals: Sequence[Signal]) -> ReopenFromSignals:
    return ReopenFromSignals(
        incident_id=incident_id,
        command_id=_batch_id(signals),
        actor=Actor(ActorKind.SOURCE, signals[0].source),
        correlation_id=signals[0].correlation_id,
        signals=tuple(signals),
    )


def _merge(incident_id: str, signals: Sequence[Signal]) -> MergeSignals:
    return MergeSignals(
        incident_id=incident_id,
        command_id=_batch_id(signals),
        actor=Actor(ActorKind.SOURCE, signals[0].source),
        correlation_id=signals[0].correlation_id,
        signals=tuple(signals),
    )


def _opening(incident_id: str, signals: Sequence[Signal], previous: str | None) -> OpenFromSignals:
    return OpenFromSignals(
        incident_id=incident_id,
        command_id=_batch_id(signals),
        actor=Actor(ActorKind.SOURCE, signals[0].source),
        correlation_id=signals[0].correlation_id,
        signals=tuple(signals),
        previous=previous,
    )


def _batch_id(signals: Sequence[Signal]) -> str:
    """The same signals delivered again are the same command, whatever was said of them besides."""
    said = [signal.id for signal in signals if not signal.id.endswith(noise.TOLD)]
    ids = "\n".join(sorted(said or (signal.id for signal in signals)))
    return hashlib.sha256(ids.encode()).hexdigest()
