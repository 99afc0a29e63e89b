"""Signals joining an open incident: one entry per batch, and a raise if they say it is worse.

Only what no signal has asked for before can raise the severity. A repeat of a known alarm does
not undo a commander who lowered it.
"""

from collections.abc import Sequence

from tocsin.errors import BadInput
from tocsin.incidents import limits, monitoring
from tocsin.incidents.commands import MergeSignals
from tocsin.incidents.draft import Draft
from tocsin.incidents.events import SignalSeen, SignalsMerged
from tocsin.incidents.policy import Policy
from tocsin.incidents.severity import raise_to
from tocsin.incidents.signals import Signal, triage
from tocsin.incidents.vocabulary import Severity


def merge_signals(draft: Draft, command: MergeSignals) -> None:
    """Records the batch and raises the severity if it newly asks for more."""
    draft.require_open()
    known = draft.incident.signal_severity
    add_signals(draft, command.signals)
    monitoring.settle(draft)
    asked = draft.incident.signal_severity
    if asked is None or asked == known or asked.rank >= draft.incident.severity.rank:
        return
    worst = next(
        signal
        for signal in in_order(command.signals)
        if signal.firing and triage(signal, draft.policy).severity is asked
    )
    raise_to(draft, asked, reason=f"signal: {limits.shortened(worst.title, limits.LINE)}")


def add_signals(draft: Draft, signals: Sequence[Signal]) -> None:
    """Adds the entry for a batch."""
    if not signals or len(signals) > limits.SIGNALS_PER_ENTRY:
        raise BadInput(f"an entry takes 1 to {limits.SIGNALS_PER_ENTRY} signals")
    keys = {signal.key for signal in signals} | set(draft.incident.signals)
    if len(keys) > limits.KEYS_PER_INCIDENT:
        raise BadInput(f"an incident joins at most {limits.KEYS_PER_INCIDENT} dedup keys")
    ordered = in_order(signals)
    draft.add(
        SignalsMerged(
            actor=draft.actor,
            at=draft.at,
            occurred_at=ordered[-1].occurred_at,
            signals=tuple(
                _seen(signal, in_full=left <= limits.SIGNALS_IN_FULL)
                for left, signal in zip(range(len(ordered), 0, -1), ordered, strict=True)
            ),
            severity=_asked_for(ordered, draft.policy),
        )
    )


def in_order(signals: Sequence[Signal]) -> list[Signal]:
    """By the source's own times; a queue may deliver them in any order."""
    return sorted(signals, key=lambda signal: (signal.occurred_at, signal.id))


def _asked_for(signals: Sequence[Signal], policy: Policy) -> Severity | None:
    asked = [triage(signal, policy).severity for signal in signals if signal.firing]
    return min(asked, key=lambda severity: severity.rank, default=None)


def _seen(signal: Signal, *, in_full: bool) -> SignalSeen:
    """Only the newest of a batch are kept in full, so that a storm's entry stays small."""
    return SignalSeen(
        id=limits.shortened(signal.id, limits.LINE),
        key=signal.key,
        firing=signal.firing,
        occurred_at=signal.occurred_at,
        title=limits.shortened(signal.title, limits.LINE),
        detail=limits.shortened(signal.detail, limits.SIGNAL_DETAIL) if in_full else "",
        facts=limits.facts(signal.facts) if in_full else {},
    )
