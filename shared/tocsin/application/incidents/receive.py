"""Signals, turned into commands: one per dedup key and batch, opening or merging.

A signal is never dropped in silence: it becomes an entry, or leaves a trace that says it led to
nothing, or its failure is reported so that its source sends it again. Traces are written after
the commit; a crash between the two, or two deliveries at one time, merges the signal twice rather
than not at all.

What is held back for a time (its source is muted, or its parts may speak for it) is let through by
the sweep, unless what held it back has been overtaken: cleared, or told by its parts.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING

from tocsin.application.incidents.execute import ATTEMPTS, Ports, carry_out
from tocsin.application.signals.set_aside import OVERHEARD, keep_quiet, meaningful, wanted
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
from tocsin.incidents.model.signals import PART
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.signals import Signal
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.ports.incidents import IncidentStore, Pointer


SAME_NEWS = timedelta(minutes=2)
"""How far apart an alarm and its parts may say the same thing."""

BOARD_PAGE = 200


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
    now, new = ports.clock.incident_now(), _unseen(signals, ports)
    kept_back = [signal for signal in new if signal.suppressed]
    for signal in new:
        if signal.held_until is not None:
            ports.store.hold(signal)
    if kept_back:
        keep_quiet(kept_back, policy, ports)
        ports.store.trace(kept_back, incident=None, recorded_at=now)
    heard = [signal for signal in new if not signal.suppressed]
    fresh = wanted(heard, policy, ports) if heard else []
    outcome = _open_or_merge(fresh, ports) if fresh else None
    now = ports.clock.incident_now()
    clears = [signal for signal in fresh if not signal.firing and not signal.only_told]
    if clears and outcome is None:
        newest = max(clears, key=lambda signal: signal.occurred_at)
        ports.store.hear_clear(newest, recorded_at=now)
    ports.store.trace(fresh, incident=outcome.incident.id if outcome else None, recorded_at=now)
    aside = [signal for signal in heard if signal not in fresh]
    ports.store.trace(aside, incident=None, recorded_at=now)
    _speak_for_the_whole(fresh, ports)
    return [outcome] if outcome else []


def _unseen(signals: Sequence[Signal], ports: Ports) -> tuple[Signal, ...]:
    """Those without a trace; what was overheard is none where it was sent here before."""
    sent = {
        signal.id: replace(signal, id=signal.id.removesuffix(OVERHEARD))
        for signal in signals
        if signal.id.endswith(OVERHEARD)
    }
    new = ports.store.unseen((*signals, *sent.values()))
    ids = {signal.id for signal in new}
    return tuple(
        signal
        for signal in signals
        if signal.id in ids and (signal.id not in sent or sent[signal.id].id in ids)
    )


def _speak_for_the_whole(signals: Sequence[Signal], ports: Ports) -> None:
    """What its parts have told, the whole need not say as well."""
    told = [signal.occurred_at for signal in signals if signal.part and signal.firing]
    if told:
        until = max(told) + SAME_NEWS
        ports.store.let_go(signals[0].whole, until=until, recorded_at=ports.clock.incident_now())


def let_through(key: str, ports: Ports) -> list[Outcome]:
    """What was held back of a key and is due: received now, unless it is over or told.

    Raises:
        SignalsNotReceived: it stays due, and is tried again.
    """
    signal = ports.store.held(key)
    if signal is None:
        return []
    outcomes: list[Outcome] = []
    if signal.gone:
        outcomes = _end_parts(signal, ports)
    elif not _is_over(signal, ports):
        outcomes = receive([signal.let_through()], ports)
    now = ports.clock.incident_now()
    ports.store.let_go(key, until=signal.occurred_at, recorded_at=now)
    return outcomes


def _is_over(signal: Signal, ports: Ports) -> bool:
    """Whether the key has said something newer than what is held back of it."""
    heard = ports.store.clear_heard(signal.key)
    if heard is not None and heard.occurred_at > signal.occurred_at:
        return True
    pointer = ports.store.pointer(signal.key)
    owner = None if pointer is None else ports.store.load(pointer.incident)
    state = None if owner is None else owner.signals.get(signal.key)
    return state is not None and state.last_at > signal.occurred_at


def _end_parts(whole: Signal, ports: Ports) -> list[Outcome]:
    """Clears what still fires of the parts of a whole that is gone: nothing else will."""
    ends = [
        replace(whole, part=key.removeprefix(whole.key + PART), id=f"{whole.id}-{at}")
        for at, key in enumerate(sorted(_firing_parts(whole, ports)))
    ]
    return receive([signal.let_through() for signal in ends], ports)


def _firing_parts(whole: Signal, ports: Ports) -> Iterator[str]:
    cursor: str | None = None
    while True:
        page = ports.store.board(limit=BOARD_PAGE, cursor=cursor)
        for incident in ports.store.load_all([line.id for line in page.items]).values():
            for key, state in incident.signals.items():
                if state.firing and key.startswith(whole.key + PART):
                    yield key
        if (cursor := page.cursor) is None:
            return


def _open_or_merge(signals: Sequence[Signal], ports: Ports) -> Outcome | None:
    """Joins the key's open incident or opens one; whoever loses the race to open joins.

    Raises:
        DedupKeyTaken: the key's owner changed under every one of the bounded attempts.
    """
    doubted = False
    for _ in range(ATTEMPTS):
        pointer = ports.store.pointer(signals[0].key)
        choose = _command_past if doubted else _command_for
        command = choose(pointer, signals, ports)
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
    pointer: Pointer | None, signals: Sequence[Signal], ports: Ports
) -> Command | None:
    """Merge, reopen or open, by who owns the key; None for a clear with nothing to tell it to."""
    if pointer is not None and pointer.open:
        return _merge(pointer.incident, signals)
    if not any(signal.firing for signal in signals):
        return _telling(None if pointer is None else ports.store.load(pointer.incident), signals)
    signals = _with_clear(signals, ports)
    if pointer is None:
        return _joining(signals, ports) or _opening(
            ports.ids.incident_id(drill=signals[0].drill), signals, None
        )
    until = pointer.reopen_until
    if until is not None and ports.clock.incident_now() <= until:
        return _reopening(pointer.incident, signals)
    return _joining(signals, ports) or _opening(
        ports.ids.incident_id(drill=signals[0].drill), signals, pointer.incident
    )


def _joining(signals: Sequence[Signal], ports: Ports) -> Command | None:
    """A part joins the incident that its whole has opened; nobody is paged twice for one alarm."""
    if not signals[0].part:
        return None
    whole = ports.store.pointer(signals[0].whole)
    owner = ports.store.load(whole.incident) if whole is not None and whole.open else None
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
    owner = None if pointer is None else _goes_on_as(pointer.incident, ports.store)
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


def _goes_on_as(incident_id: str, store: IncidentStore) -> Incident | None:
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
    """The same signals delivered again are the same command."""
    ids = "\n".join(sorted(signal.id for signal in signals))
    return hashlib.sha256(ids.encode()).hexdigest()
