"""Signals, turned into commands: one per dedup key and batch, opening or merging.

A signal is never dropped in silence: it becomes an entry, or leaves a trace that says it led to
nothing, or its failure is reported so that its source sends it again. Traces are written after
the commit; a crash between the two merges the signal twice rather than not at all.
"""

from __future__ import annotations

import hashlib
from itertools import batched
from typing import TYPE_CHECKING

from tocsin.application.incidents.execute import ATTEMPTS, Ports, carry_out
from tocsin.errors import (
    DedupKeyTaken,
    IllegalTransition,
    TocsinError,
    Unavailable,
    UnknownIncident,
)
from tocsin.incidents.commands.closing import ReopenFromSignals
from tocsin.incidents.commands.opening import MergeSignals, OpenFromSignals
from tocsin.incidents.limits import SIGNALS_PER_ENTRY
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.model.signals import Signal
    from tocsin.ports.incidents import Pointer


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
    for group in _by_key(signals).values():
        for part in batched(group, SIGNALS_PER_ENTRY, strict=False):
            try:
                outcomes.extend(_receive_key(part, ports))
            except TocsinError as error:
                failed.update(dict.fromkeys((signal.id for signal in part), error))
    if failed:
        raise SignalsNotReceived(failed, outcomes)
    return outcomes


def _by_key(signals: Sequence[Signal]) -> dict[str, list[Signal]]:
    """Groups of one key each, every signal id once."""
    groups: dict[str, dict[str, Signal]] = {}
    for signal in signals:
        groups.setdefault(signal.key, {})[signal.id] = signal
    return {key: list(group.values()) for key, group in groups.items()}


def _receive_key(signals: Sequence[Signal], ports: Ports) -> list[Outcome]:
    fresh = ports.store.unseen(signals)
    if not fresh:
        return []
    outcome = _open_or_merge(fresh, ports)
    ports.store.trace(
        fresh,
        incident=outcome.incident.id if outcome else None,
        recorded_at=ports.clock.incident_now(),
    )
    return [outcome] if outcome else []


def _open_or_merge(signals: Sequence[Signal], ports: Ports) -> Outcome | None:
    """Joins the key's open incident or opens one; whoever loses the race to open joins.

    Raises:
        DedupKeyTaken: the key's owner changed under every one of the bounded attempts.
    """
    for _ in range(ATTEMPTS):
        pointer = ports.store.pointer(signals[0].key)
        command = _command_for(pointer, signals, ports)
        if command is None:
            return None
        try:
            return carry_out(command, ports)
        except DedupKeyTaken:
            continue
        except (IllegalTransition, UnknownIncident):
            if ports.store.pointer(signals[0].key) == pointer:
                raise
    raise DedupKeyTaken("the key's owner keeps changing", key=signals[0].key)


def _command_for(
    pointer: Pointer | None, signals: Sequence[Signal], ports: Ports
) -> Command | None:
    """Merge, reopen or open, by who owns the key; None for a clear with nothing open."""
    if pointer is not None and pointer.open:
        return _merge(pointer.incident, signals)
    if not any(signal.firing for signal in signals):
        return None
    if pointer is None:
        return _opening(ports.ids.incident_id(drill=signals[0].drill), signals, None)
    until = pointer.reopen_until
    if until is not None and ports.clock.incident_now() <= until:
        return _reopening(pointer.incident, signals)
    return _opening(ports.ids.incident_id(drill=signals[0].drill), signals, pointer.incident)


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
